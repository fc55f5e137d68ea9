import type { App } from "../app/app.ts";
import type { Response } from "../http/response.ts";
import { CookieJar } from "./cookie-jar.ts";

export interface TestClientOptions {
  /** The URL that paths are relative to. Default `http://localhost`. */
  readonly baseUrl?: string | undefined;
  /** Whether redirects are followed, up to 10 in a row. Default false. */
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
  readonly body?: BodyInit | undefined;
  /** A body that is sent as a urlencoded form. */
  readonly form?: Readonly<Record<string, string>> | undefined;
  /** A body that is sent as JSON. */
  readonly json?: unknown;
}

/** At most 10 redirects in a row; more are probably a loop. */
const mostRedirects = 10;

/** Whether a redirect turns the next request into a GET. RFC 9110 §15.4. */
const becomesGet = (status: number, method: string) => status === 303 || ((status === 301 || status === 302) && method === "POST");

/** A client for tests: calls an application without a network, and keeps its cookies. */
export class TestClient {
  readonly cookies: CookieJar;
  readonly #app: Pick<App, "fetch">;
  readonly #base: URL;
  readonly #follow: boolean;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(
    app: Pick<App, "fetch">,
    { baseUrl = "http://localhost", followRedirects = false, headers = {}, now = Date.now }: TestClientOptions = {},
  ) {
    this.#app = app;
    this.#base = new URL(baseUrl);
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
   * Sends a request, and follows redirects if `followRedirects` is set.
   *
   * @param path - A path or an absolute URL.
   * @throws Error after 10 redirects in a row.
   */
  async request(path: string, options: TestRequest = {}): Promise<Response> {
    let url = new URL(path, this.#base);
    let next = options;
    for (let count = 0; ; count++) {
      const response = await this.#once(url, next);
      const location = response.headers.get("location");
      if (!this.#follow || location === null || response.status < 300 || response.status > 399) return response;
      if (count === mostRedirects) throw new Error(`Stopped after ${mostRedirects} redirects in a row, the last to ${location}.`);
      url = new URL(location, url);
      if (becomesGet(response.status, next.method ?? "GET")) next = { headers: next.headers, method: "GET" };
    }
  }

  async #once(url: URL, { method = "GET", headers = {}, body, form, json }: TestRequest): Promise<Response> {
    const all = new Headers({ ...this.#headers, ...headers });
    const cookie = this.cookies.header(url);
    if (cookie !== "") all.set("cookie", all.has("cookie") ? `${all.get("cookie")}; ${cookie}` : cookie);
    let payload = body;
    if (form !== undefined) payload = new URLSearchParams(form);
    if (json !== undefined) {
      payload = JSON.stringify(json);
      if (!all.has("content-type")) all.set("content-type", "application/json");
    }
    const request = new Request(url, { method, headers: all, ...(payload !== undefined && { body: payload, duplex: "half" }) });
    const response = await this.#app.fetch(request);
    for (const line of response.headers.getSetCookie()) this.cookies.store(line, url);
    return response;
  }
}
