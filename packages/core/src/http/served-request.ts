/** Scheme and host that a request was sent to. */
export interface Origin {
  readonly secure: boolean;
  /** In lower case, with the port unless it is the scheme's own. */
  readonly host: string;
}

/** The parts of a request's URL. */
export interface Target {
  readonly origin: Origin;
  /** Path and query. */
  readonly pathAndQuery: string;
}

/**
 * What the server knows about a request and a standard Request cannot hold. It travels on the Request itself, because
 * `app.fetch()` takes nothing else, and under symbols, so that no other property can be mistaken for it.
 */
export interface ServedRequest extends globalThis.Request {
  /** Address of the peer. */
  readonly ip?: string | undefined;
  /** The target as Node has read it, and the server has checked it: then the URL is made only if it is asked for. */
  readonly [target]?: Target | undefined;
  /** Whether the server limits the body while it is read; the limit is then not applied a second time. */
  readonly [hasLimitedBody]?: boolean;
  /** Sets another limit for the body, in bytes, before anything of it is read. */
  readonly [limitBody]?: (maxSize: number) => void;
  /** Aborted when the server begins to close, long before `signal` is: for responses that have no end of their own. */
  readonly [closing]?: AbortSignal | undefined;
  /** Hands the connection on to another protocol. It runs in place of a handler, and the response is not sent. */
  readonly [takeOver]?: (() => unknown) | undefined;
  /** Is told what is logged about the request: tests show it. */
  readonly [noteError]?: ((text: string) => void) | undefined;
  /** The native Request that this one stands for: the platform takes no other. */
  readonly [native]?: globalThis.Request;
}

export const target = Symbol("target");
export const hasLimitedBody = Symbol("hasLimitedBody");
export const limitBody = Symbol("limitBody");
export const closing = Symbol("closing");
export const takeOver = Symbol("takeOver");
export const noteError = Symbol("noteError");
export const native = Symbol("native");
