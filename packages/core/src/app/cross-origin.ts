import { ConfigError } from "../http/errors.ts";
import { asciiHost } from "../http/host.ts";
import type { Request } from "../context/request.ts";

/** Which other origins may send requests that change something, such as POST. `false`: the check is off, and the application must check origins itself. */
export type CrossOriginOption =
  | false
  | {
      /** Origins such as `"https://admin.example.com"`: scheme, host, and the port unless it is that of the scheme. */
      readonly trusted?: readonly string[] | undefined;
    };

/** Decides whether a request that may change something comes from a page of this site, by the headers that browsers send with it. */
export class CrossOrigin {
  /** `undefined`: the check is off. */
  readonly #trusted: ReadonlySet<string> | undefined;

  /** @throws ConfigError for an entry that is not an origin. */
  constructor(option: CrossOriginOption) {
    if (option === false) return;
    const trusted = option.trusted ?? [];
    for (const origin of trusted) {
      // "null", which browsers send for pages without an origin, is not a URL, so it is refused too.
      const ascii = inAscii(origin);
      if (!URL.canParse(ascii) || new URL(ascii).origin !== ascii) {
        throw new ConfigError(
          `Cannot trust the origin ${JSON.stringify(origin)}: write only scheme, host and port, such as "https://admin.example.com".`,
        );
      }
    }
    this.#trusted = new Set(trusted.map(inAscii));
  }

  trusts(origin: string): boolean {
    return this.#trusted?.has(origin) === true;
  }

  /** Whether a request that may change something may go on. */
  allows(request: Request): boolean {
    if (this.#trusted === undefined) return true;
    const site = request.headers.get("sec-fetch-site");
    if (site === "same-origin" || site === "none") return true;
    const origin = request.headers.get("origin");
    if (origin !== null && this.trusts(origin)) return true;
    if (site !== null) return false;
    return origin === null || sameHost(origin, request.host);
  }
}

/** Whether an origin has the host and port of the request. The schemes may differ, because a proxy may end https. */
function sameHost(origin: string, host: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, host: originHost } = new URL(origin);
  if (protocol !== "https:" && protocol !== "http:") return false;
  const asked = `${protocol}//${host}`;
  return URL.canParse(asked) && new URL(asked).host === originHost;
}

/** An origin whose host may be in other scripts, as browsers send it. */
function inAscii(origin: string): string {
  const [, scheme, host] = /^(https?:\/\/)(.*)$/s.exec(origin) ?? [];
  return scheme === undefined ? origin : scheme + asciiHost(host!);
}
