import { guarded } from "../http/guarded.ts";
import type { Response } from "../http/response.ts";
import { CookieJar } from "./cookie-jar.ts";
import { exchange, type TestableApp } from "./exchange.ts";

export interface TestClientOptions {
  /** The URL that paths are relative to. Default `http://localhost`. */
  readonly baseUrl?: string | undefined;
  /** Whether redirects are followed as `fetch` does it, up to 20 in a row. Default false. */
  readonly followRedirects?: boolean | undefined;
  /** Headers of every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Clock of the cookie jar, in milliseconds since the Unix epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

export interface TestRequest {
  /** Default `GET`. */
  readonly method?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: NonNullable<ConstructorParameters<typeof globalThis.Response>[0]> | undefined;
  /** A body that is sent as a urlencoded form. */
  readonly form?: Readonly<Record<string, string>> | undefined;
  /** A body that is sent as JSON. */
  readonly json?: unknown;
  /** Files by the names of their fields. They are sent as a multipart form, together with the fields of `form`. */
  readonly files?: Readonly<Record<string, Blob>> | undefined;
  /** Disconnects the client when it is aborted, before or after the response has begun. */
  readonly signal?: AbortSignal | undefined;
}

/** As many redirects in a row as `fetch` follows; more are probably a loop. */
const mostRedirects = 20;

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Headers about a body, which are not sent without it. */
const aboutBody = ["content-encoding", "content-language", "content-length", "content-location", "content-type"];
/** Headers that are not sent to another origin. */
const secret = ["authorization", "cookie", "host", "proxy-authorization"];

/** Whether a redirect turns the next request into a GET. https://fetch.spec.whatwg.org/#http-redirect-fetch */
const becomesGet = (status: number, method: string) =>
  status === 303 ? method !== "GET" && method !== "HEAD" : (status === 301 || status === 302) && method === "POST";

/** A client for tests: calls an application without a network, and keeps its cookies. */
export class TestClient {
  readonly cookies: CookieJar;
  /** The URL that paths are relative to. */
  readonly baseUrl: URL;
  readonly #app: TestableApp;
  readonly #follow: boolean;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(
    app: TestableApp,
    { baseUrl = "http://localhost", followRedirects = false, headers = {}, now = Date.now }: TestClientOptions = {},
  ) {
    this.#app = app;
    this.baseUrl = new URL(baseUrl);
    this.#follow = followRedirects;
    this.#headers = headers;
    this.cookies = new CookieJar(now);
  }

  get(path: string, options: TestRequest = {}): Promise<Response> {
    return this.request(path, { ...options, method: "GET" });
  }

  post(path: string, options: TestRequest = {}): Promise<Response> {
    return this.request(path, { ...options, method: "POST" });
  }

  /**
   * Sends a request, and follows redirects if `followRedirects` is set. Cancelling the body of the response disconnects the client, as
   * over a socket.
   *
   * @param path - A path or an absolute URL.
   * @throws Error after 20 redirects in a row; TypeError for a redirect after which a stream would have to be sent again; the reason of
   *   `signal` when that is aborted.
   */
  request(path: string, options: TestRequest = {}): Promise<Response> {
    return guarded(this.#send(path, options));
  }

  async #send(path: string, options: TestRequest): Promise<Response> {
    let url = new URL(path, this.baseUrl);
    let { method = "GET" } = options;
    const headers = new Headers({ ...this.#headers, ...options.headers });
    let body = bodyOf(options, headers);
    for (let count = 0; ; count++) {
      const response = await this.#sendOnce(url, method, headers, body, options.signal);
      const location = response.headers.get("location");
      if (!this.#follow || location === null || !redirects.has(response.status)) return response;
      if (count === mostRedirects) throw new Error(`Stopped after ${mostRedirects} redirects in a row, the last to ${location}.`);
      const next = new URL(location, url);
      if (becomesGet(response.status, method)) {
        method = "GET";
        body = undefined;
        for (const name of aboutBody) headers.delete(name);
      } else if (body instanceof ReadableStream) {
        throw new TypeError(`Cannot follow the redirect to ${location}: the body is a stream, which can be sent once.`);
      }
      if (next.origin !== url.origin) for (const name of secret) headers.delete(name);
      url = next;
    }
  }

  async #sendOnce(
    url: URL,
    method: string,
    given: Headers,
    body: BodyInit | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    const headers = new Headers(given);
    const cookie = this.cookies.header(url);
    if (cookie !== "") headers.set("cookie", headers.has("cookie") ? `${headers.get("cookie")}; ${cookie}` : cookie);
    const sent = body instanceof FormData ? await encoded(body, headers) : body;
    const request = new Request(url, { method, headers, ...(sent !== undefined && { body: sent, duplex: "half" }) });
    const response = await exchange(this.#app, request, signal);
    for (const line of response.headers.getSetCookie()) this.cookies.store(line, url);
    // Work of packages that begins once the response is made may read the clock, which a test moves next.
    await new Promise((resolve) => void setImmediate(resolve));
    return response;
  }
}

function bodyOf({ body, form, json, files }: TestRequest, headers: Headers): BodyInit | undefined {
  if (json !== undefined) {
    if (!headers.has("content-type")) headers.set("content-type", "application/json");
    return JSON.stringify(json);
  }
  if (files === undefined) return form === undefined ? body : new URLSearchParams(form);
  const fields = new FormData();
  for (const [name, value] of Object.entries(form ?? {})) fields.append(name, value);
  for (const [name, file] of Object.entries(files)) fields.append(name, file);
  return fields;
}

/**
 * The bytes of a form with files, because an application may stop reading it, such as when it is too large. Node rejects a promise that
 * nobody handles when the stream that it makes of such a form is cancelled.
 */
function encoded(form: FormData, headers: Headers): Promise<ArrayBuffer> {
  const response = new globalThis.Response(form);
  if (!headers.has("content-type")) headers.set("content-type", response.headers.get("content-type")!);
  return response.arrayBuffer();
}
