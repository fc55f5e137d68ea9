import { parseCookies } from "./cookie.ts";
import { HTTPError } from "./errors.ts";
import { running } from "./local.ts";
import type { Forwarded, Proxies } from "./proxy.ts";
import type { Rule } from "./rule.ts";

declare module "./local.ts" {
  interface Local {
    readonly request: Request;
  }
}

/** Set on a web request whose body the server limits already; the limit is then not applied a second time. */
export const limitedBody = Symbol("limitedBody");

/** What a request needs to know of its application. */
export interface RequestSettings {
  readonly proxies: Proxies;
  /** Hosts that may be asked for, in lower case; `undefined`: any. */
  readonly hosts: ReadonlySet<string> | undefined;
  /** Bytes. */
  readonly maxBodySize: number;
}

interface WebRequest extends globalThis.Request {
  readonly ip?: string | undefined;
  readonly [limitedBody]?: boolean;
}

/** The running request, every part of it computed when it is first asked for. */
export class Request {
  /** The standard request it stands for; its body can be read here or there, not both. */
  readonly web: globalThis.Request;
  readonly method: string;
  /** The path as it was sent, percent-encoding included, without the query. */
  readonly path: string;
  /** The rule that matched; `undefined` until then, and for 404 and its like. */
  rule: Rule | undefined = undefined;
  readonly #settings: RequestSettings;
  readonly #target: string;
  readonly #hostStart: number;
  readonly #pathStart: number;
  #forwarded: Forwarded | undefined;
  #args: URLSearchParams | undefined;
  #cookies: ReadonlyMap<string, string> | undefined;
  #body: Promise<Uint8Array> | undefined;
  #text: Promise<string> | undefined;

  constructor(web: globalThis.Request, settings: RequestSettings) {
    this.web = web;
    this.method = web.method;
    this.#settings = settings;
    const url = web.url;
    const hostStart = url.indexOf("//") + 2;
    const pathStart = url.indexOf("/", hostStart);
    let end = url.indexOf("?", pathStart);
    const hash = url.indexOf("#", pathStart);
    if (hash !== -1 && (end === -1 || hash < end)) end = hash;
    this.#target = hash === -1 ? url : url.slice(0, hash);
    this.#hostStart = hostStart;
    this.#pathStart = pathStart;
    this.path = end === -1 ? url.slice(pathStart) : url.slice(pathStart, end);
  }

  get #proxied(): Forwarded {
    return (this.#forwarded ??= this.#settings.proxies.read((this.web as WebRequest).ip, (name) => this.web.headers.get(name)));
  }

  /** The absolute URL, without a fragment. Scheme and host are a trusted proxy's where there is one. */
  get url(): string {
    return `${this.secure ? "https" : "http"}://${this.host}${this.#target.slice(this.#pathStart)}`;
  }

  /** Query with its `?`; empty when there is none. */
  get search(): string {
    return this.#target.slice(this.#pathStart + this.path.length);
  }

  /** Host and, unless it is the scheme's own, port: what the client asked for, in lower case. */
  get host(): string {
    const { proxies, hosts } = this.#settings;
    if (proxies.any) {
      const { host } = this.#proxied;
      if (host !== undefined && hosts?.has(host)) return host;
    }
    return this.#target.slice(this.#hostStart, this.#pathStart).toLowerCase();
  }

  /** Whether the client used https. */
  get secure(): boolean {
    const protocol = this.#settings.proxies.any ? this.#proxied.protocol : undefined;
    return protocol === undefined ? this.web.url.startsWith("https:") : protocol === "https";
  }

  /** Address of the client; behind trusted proxies, the one they report. `undefined` without a connection. */
  get ip(): string | undefined {
    return this.#settings.proxies.any ? this.#proxied.ip : (this.web as WebRequest).ip;
  }

  /** The query's values by name. */
  get args(): URLSearchParams {
    return (this.#args ??= new URLSearchParams(this.search));
  }

  get headers(): Headers {
    return this.web.headers;
  }

  /** Cookies by name, the first of equal names. */
  get cookies(): ReadonlyMap<string, string> {
    return (this.#cookies ??= parseCookies(this.headers.get("cookie")));
  }

  /** Aborted when the client goes away. */
  get signal(): AbortSignal {
    return this.web.signal;
  }

  /**
   * The body as text in UTF-8. May be called again, and beside `json` and `formData` of a urlencoded form.
   *
   * @throws HTTPError 413 for a body over the application's `maxBodySize`, 400 for one that breaks off.
   */
  text(): Promise<string> {
    return this.#readText();
  }

  /**
   * The body read as JSON; `unknown`, for it comes from the client.
   *
   * @throws HTTPError 415 when the content type is not JSON, 400 for malformed JSON, 413 as {@link text}.
   */
  async json(): Promise<unknown> {
    const type = this.#contentType();
    if (type !== "application/json" && !type.endsWith("+json")) {
      throw new HTTPError(415, "The body must be application/json.");
    }
    try {
      return JSON.parse(await this.text());
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      const position = /position \d+/.exec(error.message)?.[0];
      throw new HTTPError(400, `The body is not valid JSON${position === undefined ? "" : ` at ${position}`}.`);
    }
  }

  /**
   * The fields of a form, urlencoded or multipart.
   *
   * @throws HTTPError 415 for another content type, 400 for a malformed body, 413 as {@link text}.
   */
  async formData(): Promise<FormData> {
    const type = this.#contentType();
    if (type === "application/x-www-form-urlencoded") {
      const form = new FormData();
      for (const [name, value] of new URLSearchParams(await this.text())) form.append(name, value);
      return form;
    }
    if (type !== "multipart/form-data") {
      throw new HTTPError(415, "The body must be a form: application/x-www-form-urlencoded or multipart/form-data.");
    }
    const bytes = await this.#bytes();
    try {
      const headers = { "content-type": this.headers.get("content-type") ?? "" };
      return await new globalThis.Response(bytes as Uint8Array<ArrayBuffer>, { headers }).formData();
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw new HTTPError(400, "The body is not valid multipart/form-data.");
    }
  }

  #contentType(): string {
    return (this.headers.get("content-type") ?? "").split(";", 1)[0]!.trim().toLowerCase();
  }

  #readText(): Promise<string> {
    if (this.#text !== undefined) return this.#text;
    const web = this.web as WebRequest;
    // srvx reads text without a stream, which costs a tenth of reading bytes.
    const work = web[limitedBody] === true && this.#body === undefined ? this.#limited(() => web.text()) : this.#bytes().then(decodeText);
    return (this.#text = work);
  }

  #bytes(): Promise<Uint8Array> {
    return (this.#body ??= this.#read());
  }

  #read(): Promise<Uint8Array> {
    const web = this.web as WebRequest;
    if (web[limitedBody] === true) return this.#limited(async () => new Uint8Array(await web.arrayBuffer()));
    return this.#limited(async () => {
      if (web.body === null) return new Uint8Array();
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of web.body as ReadableStream<Uint8Array>) {
        size += chunk.byteLength;
        if (size > this.#settings.maxBodySize) throw this.#tooLarge();
        chunks.push(chunk);
      }
      return Buffer.concat(chunks);
    });
  }

  #tooLarge(): HTTPError {
    return new HTTPError(413, `The body is over the limit of ${this.#settings.maxBodySize} bytes.`);
  }

  /** Refuses a body announced as too large, and gives a failure to read one its status. */
  async #limited<T>(read: () => Promise<T>): Promise<T> {
    if (Number(this.headers.get("content-length") ?? 0) > this.#settings.maxBodySize) throw this.#tooLarge();
    try {
      return await read();
    } catch (error) {
      if (error instanceof HTTPError) throw error;
      if (error instanceof Error && "status" in error && error.status === 413) throw this.#tooLarge();
      throw new HTTPError(400, "The body could not be read to its end.", { cause: error });
    }
  }
}

const utf8 = new TextDecoder("utf-8");
const decodeText = (bytes: Uint8Array) => utf8.decode(bytes);

/**
 * The running request, reached from anywhere without being passed around; it forwards to `local.request`.
 *
 * @throws LocalError when it is read outside a request.
 */
export const request: Request = new Proxy(Object.create(Request.prototype) as Request, {
  get(_target, name) {
    if (typeof name === "symbol") return undefined;
    const target = running(`read request.${name}`).get("request") as Request;
    const value: unknown = Reflect.get(target, name, target);
    return typeof value === "function" ? (value.bind(target) as unknown) : value;
  },
  has: (_target, name) => name in Request.prototype,
  set: () => false,
});
