import { logError, type Logger } from "./logger.ts";

/**
 * What the platform passes to programs, such as the bindings of a worker. An application declares its own by augmenting this
 * interface of `"@mini/core"`.
 */
export interface Env {}

/** What the platform knows about a request beyond the standard Request. */
export interface Platform {
  /** Address of the peer: the client, or a proxy in front of it. */
  readonly ip?: string | undefined;
  readonly env?: Env | undefined;
  /** Makes the platform wait for a promise after the response was sent, instead of ending the program. */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined;
}

/** What Bun, Deno and workerd pass to `fetch` besides the request, for `export default app`. */
interface NativePlatform extends Platform {
  /** On Deno: the peer. */
  readonly remoteAddr?: object | undefined;
  /** A method of Bun's server. */
  readonly requestIP?: ((request: globalThis.Request) => { readonly address: string } | null) | undefined;
}

/** What the caller of `app.fetch()` says about a request. */
export interface GivenPlatform {
  readonly given?: Platform | object | undefined;
  /** The third argument that workerd passes. If there is one, `given` is the `env`. */
  readonly context?: object | undefined;
}

/** The platform of a running request: what `app.fetch()` was given. */
export class RequestPlatform implements Platform {
  readonly #web: globalThis.Request & { readonly ip?: string | undefined };
  readonly #given: NativePlatform;
  readonly #logger: Logger;

  constructor(web: globalThis.Request, { given = {}, context }: GivenPlatform, logger: Logger) {
    this.#web = web;
    this.#given = context === undefined ? given : { env: given, waitUntil: (work) => (context as Platform).waitUntil?.(work) };
    this.#logger = logger;
  }

  /**
   * Address of the peer; `undefined` if there is no connection or the platform does not report it. Behind a proxy, use
   * `request.ip`.
   */
  get ip(): string | undefined {
    const { ip, remoteAddr } = this.#given;
    const known: unknown =
      this.#web.ip ??
      ip ??
      (remoteAddr as { readonly hostname?: unknown } | undefined)?.hostname ??
      this.#given.requestIP?.(this.#web)?.address;
    return typeof known === "string" ? known : undefined;
  }

  /** What the platform passes to programs, such as the bindings of a worker; `undefined` if it passes nothing. */
  get env(): Env | undefined {
    return this.#given.env;
  }

  /**
   * Lets work go on after the response. A platform that ends programs early, such as workerd, waits for it. If the work fails, the
   * error is logged.
   */
  waitUntil(work: PromiseLike<unknown>): void {
    const failed = (error: unknown) => logError(this.#logger, "Work after the response failed", error);
    const over = Promise.resolve(work).catch(failed);
    try {
      this.#given.waitUntil?.(over);
    } catch (error) {
      failed(error);
    }
  }
}
