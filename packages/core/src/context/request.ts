import type { FormOf } from "../forms/form.ts";
import type { Part, PartOptions } from "../forms/parts.ts";
import type { FormReadOptions } from "../forms/read.ts";
import type * as Forms from "../forms/read.ts";
import type { SchemaOutput, StandardSchema } from "../forms/schema.ts";
import { guarded, guardMethods } from "../http/guarded.ts";
import { Body } from "../bodies/body.ts";
import type { FormOptions } from "../bodies/form-data.ts";
import { parseCookies } from "../http/cookie.ts";
import { isHost, normalHost, type TrustedHosts, unknownHost } from "../http/host.ts";
import type { JsonOptions } from "../bodies/json-body.ts";
import { limitBody, native, target, type ServedRequest, type Target } from "../http/served-request.ts";
import type { Forwarded, Proxies } from "../http/forwarded.ts";
import type { Rule } from "../rules/rule.ts";
import type { BasePath } from "../urls/base-path.ts";
import type { Logger } from "./logger.ts";
import { RequestPlatform, type GivenPlatform } from "./platform.ts";

/** The settings of an application that decide how its requests are read. */
export interface RequestSettings {
  /** The proxies whose `X-Forwarded-*` headers are used; `undefined`: none. */
  readonly proxies: Proxies | undefined;
  /** Hosts that the application serves; `undefined`: any. */
  readonly trustedHosts: TrustedHosts | undefined;
  /** Bytes. */
  readonly maxBodySize: number;
  /** The path below which the application answers; `undefined`: the root. */
  readonly basePath?: BasePath | undefined;
  readonly logger: Logger;
}

/** A path and query that the URL parser does not change: no segment `.` or `..`, encoded or not, and no character that it encodes. */
const plain = /^(?:\/(?![.%])[\w\-.~!$&'()*+,;=:@%]*)+(?:\?[\w\-.~!$&()*+,;=:@%/?[\]|{}^`\\]*)?$/;

/** The code that reads forms, and input with a schema. It is loaded when it is first used, and kept, because `import()` takes time. */
let forms: typeof Forms | undefined;

function withForms<Result>(use: (loaded: typeof Forms) => Promise<Result>): Promise<Result> {
  return forms === undefined ? import("../forms/read.ts").then((loaded) => use((forms = loaded))) : use(forms);
}

/** A URL that the URL parser does not change: a host in lower case, a port that is not the one of the scheme, and a plain path. */
const plainUrl =
  /^https?:\/\/[a-z\d._-]+(?::(?!80\/|443\/)(?:[1-5]\d{0,4}|[6-9]\d{0,3}))?(?:\/(?![.%])[\w\-.~!$&'()*+,;=:@%]*)+(?:\?[\w\-.~!$&()*+,;=:@%/?[\]|{}^`\\]*)?$/;

/**
 * The target of a request in its URL, without the fragment. Deno and Bun make the URL of a request from what the client has sent. It may
 * be only a path, its path may still have `..`, and if `Host` is not a host, its path may be another one.
 */
function targetIn({ url: given, headers }: globalThis.Request): Target {
  const isPlain = plainUrl.test(given);
  const url = isPlain ? given : normalUrl(given);
  const hostStart = url.indexOf("//") + 2;
  const pathStart = url.indexOf("/", hostStart);
  const hash = url.indexOf("#", pathStart);
  const host = url.slice(hostStart, pathStart).toLowerCase();
  const named = headers.get("host") ?? "";
  const isKnown = (isPlain || isHost(host)) && (named === "" || named === host || isHost(named));
  const origin = { secure: url.startsWith("https:"), host: isKnown ? host : unknownHost };
  return { origin, pathAndQuery: hash === -1 ? url.slice(pathStart) : url.slice(pathStart, hash) };
}

/** A URL as the URL parser writes it; for a path alone and for what cannot be parsed, with the host that is never served. */
function normalUrl(url: string): string {
  const base = `http://${unknownHost}`;
  return new URL(URL.canParse(url, base) ? url : "/", base).href;
}

// Private fields can be read only inside their class. These functions read them for the framework, so that they need not be public.

/** Notes a header of the request that the response depends on, for its `Vary`. */
export let dependOn: (request: Request, name: string) => void;

/** The headers that the response depends on; `undefined`: none. */
export let dependenciesOf: (request: Request) => readonly string[] | undefined;

/** The request as the server has passed it. Unlike `web`, reading it does not make a native Request. */
export let servedOf: (request: Request) => ServedRequest;

/** Where the path of a request begins in its target, after the base path; `undefined`: it is not below that. */
export let pathStartOf: (request: Request) => number | undefined;

/** Notes the rule that matches a request, and applies the limit that it has for bodies. */
export function matchTo(request: Request, rule: Rule): void {
  request.rule = rule;
  if (rule.maxBodySize !== undefined) servedOf(request)[limitBody]?.(rule.maxBodySize);
}

/** A request. Its parts are computed when they are first read. */
export class Request {
  readonly method: string;
  /** The path as it was sent, with percent-encoding, without the query. With a `basePath`, the part after it. */
  readonly path: string;
  /** The rule that matched; `undefined` before the match, and if there is none. */
  rule: Rule | undefined = undefined;
  readonly #web: ServedRequest;
  readonly #settings: RequestSettings;
  readonly #target: Target;
  readonly #pathStart: number | undefined;
  #platform: GivenPlatform | RequestPlatform | undefined;
  #forwarded: Forwarded | undefined;
  #args: URLSearchParams | undefined;
  #cookies: ReadonlyMap<string, string> | undefined;
  #dependencies: string[] | undefined;
  #body: Body | undefined;
  #id: string | undefined;

  constructor(web: globalThis.Request, settings: RequestSettings, platform?: GivenPlatform) {
    this.#web = web;
    this.method = web.method;
    this.#settings = settings;
    this.#platform = platform;
    const known = (web as ServedRequest)[target];
    this.#target = known !== undefined && plain.test(known.pathAndQuery) ? known : targetIn(web);
    const { pathAndQuery } = this.#target;
    const { basePath } = settings;
    this.#pathStart = basePath === undefined || basePath.isStripped ? 0 : basePath.lengthIn(pathAndQuery);
    const end = pathAndQuery.indexOf("?");
    this.path = pathAndQuery.slice(this.#pathStart, end === -1 ? undefined : end);
  }

  /** The standard Request. Read the body either from it or with the methods of this class, not with both. */
  get web(): globalThis.Request {
    return this.#web[native] ?? this.#web;
  }

  /**
   * What the platform knows about the request, as passed to `app.fetch()`; and `waitUntil` for work that goes on after the
   * response.
   */
  get platform(): RequestPlatform {
    if (this.#platform instanceof RequestPlatform) return this.#platform;
    return (this.#platform = new RequestPlatform(this.#web, this.#platform ?? {}, this.#settings.logger));
  }

  /** Address of the peer. */
  get #peer(): string | undefined {
    return this.#platform === undefined ? this.#web.ip : this.platform.ip;
  }

  /** What trusted proxies say about the client; `undefined` if none are trusted. */
  get #proxied(): Forwarded | undefined {
    const { proxies } = this.#settings;
    if (proxies === undefined) return undefined;
    return (this.#forwarded ??= proxies.read(this.#peer, (name) => this.#web.headers.get(name)));
  }

  /** The absolute URL, without a fragment. Behind a trusted proxy, with the scheme and host that the proxy reports. */
  get url(): string {
    const { basePath } = this.#settings;
    const stripped = basePath?.isStripped === true ? basePath.path : "";
    return `${this.secure ? "https" : "http"}://${this.host}${stripped}${this.#target.pathAndQuery}`;
  }

  /** The query with its `?`; empty if there is none. */
  get search(): string {
    return this.#target.pathAndQuery.slice((this.#pathStart ?? 0) + this.path.length);
  }

  /** The host that the client has requested, in lower case, with the port unless it is that of the scheme. */
  get host(): string {
    const { origin } = this.#target;
    const proxied = this.#proxied;
    if (proxied === undefined) return origin.host;
    const { secure } = this;
    const { trustedHosts } = this.#settings;
    const host = proxied.host === undefined ? undefined : normalHost(proxied.host, secure);
    if (host !== undefined && trustedHosts?.has(host, secure) === true) return host;
    return secure === origin.secure ? origin.host : (normalHost(origin.host, secure) ?? origin.host);
  }

  /** Whether the client used https. */
  get secure(): boolean {
    const protocol = this.#proxied?.protocol;
    return protocol === undefined ? this.#target.origin.secure : protocol === "https";
  }

  /** Address of the client. Behind trusted proxies, the address that they report. `undefined` without a connection. */
  get ip(): string | undefined {
    return this.#settings.proxies === undefined ? this.#peer : this.#proxied?.ip;
  }

  /** The arguments of the query. */
  get args(): URLSearchParams {
    return (this.#args ??= new URLSearchParams(this.search));
  }

  /**
   * The id of the request, for logs: what a trusted proxy has sent as `X-Request-Id` if that is 1 to 128 letters, digits and `_.:=@+/-`,
   * else a random UUID.
   */
  get id(): string {
    return (this.#id ??= this.#proxied?.requestId ?? crypto.randomUUID());
  }

  get headers(): Headers {
    return this.#web.headers;
  }

  /** Cookies by name; of equal names, the first. The response says that it depends on them: `Vary: Cookie`. */
  get cookies(): ReadonlyMap<string, string> {
    dependOn(this, "Cookie");
    return (this.#cookies ??= parseCookies(this.headers.get("cookie")));
  }

  /** Aborted when the client disconnects. */
  get signal(): AbortSignal {
    return this.#web.signal;
  }

  get #content(): Body {
    return (this.#body ??= new Body(this.#web, this.rule?.maxBodySize ?? this.#settings.maxBodySize));
  }

  /**
   * The body as UTF-8 text; invalid bytes become U+FFFD. May be called several times, and together with `json()` and the
   * `formData()` of a urlencoded form.
   *
   * @throws HTTPError 413 for a body over `maxBodySize` of the rule or the application, 415 for a compressed body or another charset, 400 for a
   *   body that is incomplete.
   */
  text(): Promise<string> {
    return this.#content.text();
  }

  /**
   * The value of a JSON body. It comes from the client, so its type is `unknown`.
   *
   * @throws HTTPError 415 if the content type is not JSON, 400 for malformed JSON, JSON that is nested deeper than `maxDepth`, and
   *   the keys `__proto__` and `constructor.prototype`, 413 and 415 like {@link text}.
   */
  json(options?: JsonOptions): Promise<unknown>;
  /**
   * The output of a schema for the value of a JSON body.
   *
   * @throws ValidationError, answered with 422, if the schema refuses the value; HTTPError like `json()` without a schema.
   */
  json<Schema extends StandardSchema>(schema: Schema, options?: JsonOptions): Promise<SchemaOutput<Schema>>;
  json(given?: JsonOptions | StandardSchema, options?: JsonOptions): Promise<unknown> {
    if (given === undefined || !("~standard" in given)) return this.#content.json(given);
    return guarded(withForms(({ readJson }) => readJson(given, this.#content.json(options))));
  }

  /**
   * The output of a schema for the arguments of the query. Names are read as in a {@link form}.
   *
   * @throws ValidationError, answered with 422, if the schema refuses the query; HTTPError 400 for names that cannot be read.
   */
  query<Schema extends StandardSchema>(schema: Schema): Promise<SchemaOutput<Schema>> {
    return guarded(withForms(({ readQuery }) => readQuery(schema, this.args)));
  }

  /**
   * The fields of a form, urlencoded or multipart, read by a schema. A refused form is not an error: the page shows it again. Names such
   * as `address.city`, `items[0].name` and `tags[]` make objects and arrays. Values are text or files; file inputs that were left empty are
   * absent.
   *
   * @throws HTTPError 400 for names that cannot be read or a malformed body, 413 for what is over a limit, 415 for another content type.
   */
  form<Schema extends StandardSchema>(schema: Schema, options: FormReadOptions = {}): Promise<FormOf<Schema>> {
    return guarded(withForms(({ readForm }) => readForm(schema, this.#content, options)));
  }

  /**
   * The parts of a multipart form while they arrive: `for await (const part of request.parts())`. The content of a part is read before the next
   * part is asked for, or skipped.
   *
   * @throws HTTPError 415 for another content type, 400 for a malformed body, 413 for what is over a limit.
   */
  parts(options: PartOptions = {}): AsyncGenerator<Part, void> {
    return guardMethods(this.#readParts(options), ["next", "return", "throw"]);
  }

  async *#readParts(options: PartOptions): AsyncGenerator<Part, void> {
    const { readParts } = await withForms((loaded) => Promise.resolve(loaded));
    yield* readParts(this.#content, options);
  }

  /**
   * The fields of a form, urlencoded or multipart. Files are `File` objects in memory, limited by `maxBodySize`.
   *
   * @throws HTTPError 415 for another content type, 400 for a malformed body, 413 for more than `maxFields` fields, 413 and 415
   *   like {@link text}.
   */
  formData(options?: FormOptions): Promise<FormData> {
    return guarded(withForms(({ readFormData }) => readFormData(this.#content, options)));
  }

  static {
    dependOn = (request, name) => {
      if (request.#dependencies?.includes(name) !== true) (request.#dependencies ??= []).push(name);
    };
    dependenciesOf = (request) => request.#dependencies;
    servedOf = (request) => request.#web;
    pathStartOf = (request) => request.#pathStart;
  }
}
