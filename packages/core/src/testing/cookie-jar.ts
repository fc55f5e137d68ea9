import { parseSetCookie } from "cookie";

interface JarCookie {
  readonly name: string;
  readonly value: string;
  readonly domain: string;
  readonly hostOnly: boolean;
  readonly path: string;
  readonly secure: boolean;
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number;
}

const under = (host: string, domain: string) => host === domain || host.endsWith(`.${domain}`);

/** RFC 6265 §5.1.4. */
const pathMatches = (path: string, cookiePath: string) =>
  path === cookiePath || (path.startsWith(cookiePath) && (cookiePath.endsWith("/") || path[cookiePath.length] === "/"));

function defaultPath(path: string): string {
  const end = path.lastIndexOf("/");
  return end <= 0 ? "/" : path.slice(0, end);
}

/** The cookies of a browser, with the attributes that tests need: domain, path, Secure, expiry. RFC 6265 §5.3 and §5.4. */
export class CookieJar {
  readonly #cookies = new Map<string, JarCookie>();
  readonly #now: () => number;

  /** @param now - Clock, in milliseconds since the Unix epoch. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Stores, replaces or removes a cookie, as a Set-Cookie line of a response from `url` says. */
  store(line: string, url: URL): void {
    const {
      name,
      value = "",
      domain,
      path,
      secure = false,
      maxAge,
      expires,
      partitioned = false,
    } = parseSetCookie(line, { decode: (text) => text });
    const wanted = domain?.replace(/^\./, "").toLowerCase();
    if (wanted !== undefined && !under(url.hostname, wanted)) return;
    const cookie: JarCookie = {
      name,
      value,
      domain: wanted ?? url.hostname,
      hostOnly: wanted === undefined,
      path: path?.startsWith("/") ? path : defaultPath(url.pathname),
      secure,
      expiresAt: maxAge === undefined ? (expires?.getTime() ?? Infinity) : this.#now() + maxAge * 1000,
    };
    const key = `${cookie.name};${cookie.domain};${cookie.hostOnly};${cookie.path};${partitioned}`;
    if (cookie.expiresAt <= this.#now()) this.#cookies.delete(key);
    else this.#cookies.set(key, cookie);
  }

  /** Sets a cookie for every path of the host. */
  set(name: string, value: string, url: URL): void {
    this.store(`${name}=${value}; Path=/`, url);
  }

  /** The value of a cookie as it is in the header, for the most specific path. */
  get(name: string): string | undefined {
    return this.#sorted().find((cookie) => cookie.name === name)?.value;
  }

  clear(): void {
    this.#cookies.clear();
  }

  /** The Cookie header of a request to `url`; empty if there are no cookies to send. */
  header(url: URL): string {
    const secure = url.protocol === "https:" || url.hostname === "localhost";
    return this.#sorted()
      .filter((cookie) => (cookie.hostOnly ? url.hostname === cookie.domain : under(url.hostname, cookie.domain)))
      .filter((cookie) => pathMatches(url.pathname, cookie.path) && (!cookie.secure || secure))
      .map((cookie) => `${cookie.name}=${cookie.value}`)
      .join("; ");
  }

  #sorted(): JarCookie[] {
    const live = [...this.#cookies.values()].filter((cookie) => cookie.expiresAt > this.#now());
    return live.sort((a, b) => b.path.length - a.path.length);
  }
}
