import { Body, type FormOptions } from "../http/body.ts";
import { parseCookies } from "../http/cookie.ts";
import { hasTrustedHost } from "../http/host.ts";
import type { JsonOptions } from "../http/json-body.ts";
import { target, type ServedRequest, type Target } from "../http/served-request.ts";
import { running } from "./local.ts";
import type { Forwarded, Proxies } from "../http/forwarded.ts";
import type { Rule } from "../rules/rule.ts";

declare module "./local.ts" {
  interface Local {
    readonly request: Request;
  }
}

/** What a request needs to know of its application. */
export interface RequestSettings {
  /** Whose `X-Forwarded-*` headers count; `undefined`: nobody's. */
  readonly proxies: Proxies | undefined;
  /** Hosts that may be asked for, in lower case; `undefined`: any. */
  readonly trustedHosts: ReadonlySet<string> | undefined;
  /** Bytes. */
  readonly maxBodySize: number;
}

/** Path and query that a URL has as they were sent: no segment `.` or `..`, encoded or not, and nothing that it would encode. */
const plain = /^(?:\/(?![.%])[\w\-.~!$&'()*+,;=:@%]*)+(?:\?[\w\-.~!$&()*+,;=:@%/?[\]|{}^`\\]*)?$/;

/** The target in a URL, without the fragment. */
function targetIn(url: string): Target {
  const hostStart = url.indexOf("//") + 2;
  const pathStart = url.indexOf("/", hostStart);
  const hash = url.indexOf("#", pathStart);
  const origin = { secure: url.startsWith("https:"), host: url.slice(hostStart, pathStart).toLowerCase() };
  return { origin, pathAndQuery: hash === -1 ? url.slice(pathStart) : url.slice(pathStart, hash) };
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
  readonly #target: Target;
  #forwarded: Forwarded | undefined;
  #args: URLSearchParams | undefined;
  #cookies: ReadonlyMap<string, string> | undefined;
  #body: Body | undefined;

  constructor(web: globalThis.Request, settings: RequestSettings) {
    this.web = web;
    this.method = web.method;
    this.#settings = settings;
    const known = (web as ServedRequest)[target];
    this.#target = known !== undefined && plain.test(known.pathAndQuery) ? known : targetIn(web.url);
    const { pathAndQuery } = this.#target;
    const end = pathAndQuery.indexOf("?");
    this.path = end === -1 ? pathAndQuery : pathAndQuery.slice(0, end);
  }

  /** What trusted proxies say of the client; `undefined` where none are trusted. */
  get #proxied(): Forwarded | undefined {
    const { proxies } = this.#settings;
    if (proxies === undefined) return undefined;
    return (this.#forwarded ??= proxies.read((this.web as ServedRequest).ip, (name) => this.web.headers.get(name)));
  }

  /** The absolute URL, without a fragment. Scheme and host are a trusted proxy's where there is one. */
  get url(): string {
    return `${this.secure ? "https" : "http"}://${this.host}${this.#target.pathAndQuery}`;
  }

  /** Query with its `?`; empty when there is none. */
  get search(): string {
    return this.#target.pathAndQuery.slice(this.path.length);
  }

  /** Host and, unless it is the scheme's own, port: what the client asked for, in lower case. */
  get host(): string {
    const { trustedHosts } = this.#settings;
    const host = this.#proxied?.host;
    if (host !== undefined && trustedHosts !== undefined && hasTrustedHost(trustedHosts, host)) return host;
    return this.#target.origin.host;
  }

  /** Whether the client used https. */
  get secure(): boolean {
    const protocol = this.#proxied?.protocol;
    return protocol === undefined ? this.#target.origin.secure : protocol === "https";
  }

  /** Address of the client; behind trusted proxies, the one they report. `undefined` without a connection. */
  get ip(): string | undefined {
    return this.#settings.proxies === undefined ? (this.web as ServedRequest).ip : this.#proxied?.ip;
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

  get #content(): Body {
    return (this.#body ??= new Body(this.web, this.#settings.maxBodySize));
  }

  /**
   * The body as text in UTF-8; bytes that are none become U+FFFD. May be called again, and beside `json` and `formData` of a
   * urlencoded form.
   *
   * @throws HTTPError 413 for a body over the application's `maxBodySize`, 415 for one that is compressed or says another
   *   charset, 400 for one that breaks off.
   */
  text(): Promise<string> {
    return this.#content.text();
  }

  /**
   * The body read as JSON; `unknown`, for it comes from the client.
   *
   * @throws HTTPError 415 when the content type is not JSON, 400 for malformed JSON, one nested deeper than `maxDepth`, and one
   *   with a key `__proto__` or `constructor.prototype`, 413 and 415 as {@link text}.
   */
  json(options?: JsonOptions): Promise<unknown> {
    return this.#content.json(options);
  }

  /**
   * The fields of a form, urlencoded or multipart. Files are `File` objects, in memory: `maxBodySize` bounds them.
   *
   * @throws HTTPError 415 for another content type, 400 for a malformed body, 413 for more than `maxFields` fields, 413 and 415
   *   as {@link text}.
   */
  formData(options?: FormOptions): Promise<FormData> {
    return this.#content.formData(options);
  }
}

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
