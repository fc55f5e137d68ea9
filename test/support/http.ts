import { CookieAgent, type CookieOptions } from "http-cookie-agent/undici";
import { CookieJar } from "tough-cookie";
import { request } from "./ask.ts";
import { scan, type KnownCookie } from "./response-scan.ts";
import { within } from "./within.ts";

/** The response that a visitor got. Redirects are not followed. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Lines of Set-Cookie. */
  readonly setCookies: readonly string[];
  readonly markup: string;
  /** The text of the page's `<main>`, or else of the whole body: without tags, with single spaces. */
  readonly text: string;
}

export interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent urlencoded, by POST. */
  readonly form?: Readonly<Record<string, string>>;
}

/** A visitor with their own cookie jar, who uses real sockets. */
export class Visitor {
  readonly jar: CookieJar;
  #agent: CookieAgent;
  readonly #base: string;

  /**
   * @param base - URL that paths are relative to.
   * @param jar - Cookies to begin with. Default: none.
   */
  constructor(base: string, jar = new CookieJar()) {
    this.jar = jar;
    this.#base = base;
    this.#agent = this.#open();
  }

  async visit(path: string, { headers = {}, form }: Sent = {}): Promise<Answer> {
    const type = { "content-type": "application/x-www-form-urlencoded" };
    const got = await request(new URL(path, this.#base), {
      dispatcher: this.#agent,
      method: form === undefined ? "GET" : "POST",
      headers: form === undefined ? headers : { ...type, ...headers },
      body: form === undefined ? null : new URLSearchParams(form).toString(),
    });
    const markup = await within(`the body of ${path}`, got.body.text());
    const { "set-cookie": setCookie = [] } = got.headers;
    scan(`${path} over a socket`, {
      status: got.statusCode,
      headers: Object.entries(got.headers).flatMap(([name, value]) => [value ?? ""].flat().flatMap((each) => [name, each])),
      text: markup,
      secure: this.#base.startsWith("https:"),
      debug: false,
      accessed: false,
      known: () => strict,
      failed: got.statusCode >= 500,
      kept: false,
    });
    return { status: got.statusCode, headers: got.headers, setCookies: [setCookie].flat(), markup, text: readableText(markup) };
  }

  /** Cookie names that would be sent to the base URL. */
  async cookieNames(): Promise<string[]> {
    return (await this.jar.getCookies(this.#base)).map(({ key }) => key);
  }

  /** Uses new connections from now on. */
  async reconnect(): Promise<void> {
    const before = this.#agent;
    this.#agent = this.#open();
    await before.close();
  }

  /** Aborts the requests that are not answered yet. */
  close(): Promise<void> {
    return this.#agent.destroy();
  }

  #open(): CookieAgent {
    // The agent's declarations name the CommonJS build of the same class.
    const jar = this.jar as unknown as CookieOptions["jar"];
    return new CookieAgent({ cookies: { jar } });
  }
}

/** Every cookie that visitors get belongs to a session. */
const strict: KnownCookie = { isReadable: false, isInsecure: false };

const entities: Readonly<Record<string, string>> = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'" };

function readableText(markup: string): string {
  const main = /<main\b[^>]*>(.*)<\/main>/s.exec(markup)?.[1] ?? markup;
  return main
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll(/&(?:amp|lt|gt|quot|#39);/g, (entity) => entities[entity] ?? entity)
    .replaceAll(/\s+/g, " ")
    .trim();
}
