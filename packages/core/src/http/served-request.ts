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

/** Receives a body as it arrives. At the end, `end` or `fail` is called once, and nothing after it. */
export interface BodySink {
  /** @internal */
  data(chunk: Buffer): void;
  end(): void;
  fail(error: Error): void;
}

/** What a body comes from. */
export interface BodySource {
  pause(): void;
  resume(): void;
  /** Stops reading. The server discards the rest. */
  leave(): void;
}

/**
 * What the server knows about a request beyond the standard Request. It is passed on the Request itself, because `app.fetch()`
 * takes nothing else, and under symbols, so that no other property can be mistaken for it.
 */
export interface ServedRequest extends globalThis.Request {
  /** Address of the peer. */
  readonly ip?: string | undefined;
  /** The target as Node has read it, if the server has checked it. The URL is then made only if it is read. */
  readonly [target]?: Target | undefined;
  /** Passes on the body as it arrives, up to its limit. `undefined` if it is read in another way, or was read. */
  readonly [receive]?: (sink: BodySink) => BodySource | undefined;
  /** Sets another limit for the body, in bytes, before anything of it is read. */
  readonly [limitBody]?: (maxSize: number) => void;
  /** Aborted when the server begins to close, long before `signal`. For responses that do not end by themselves. */
  readonly [closing]?: AbortSignal | undefined;
  /** Hands the connection over to another protocol. It runs instead of a handler, and the response is not sent. */
  readonly [takeOver]?: (() => unknown) | undefined;
  /** Called with what is logged about the request, so that tests can show it. */
  readonly [noteError]?: ((text: string) => void) | undefined;
  /** The native Request that this object represents. The platform accepts only that, and applications get only that. */
  readonly [native]?: globalThis.Request;
}

// The keys of the members of ServedRequest, which are described there.
export const target = Symbol("target");
export const receive = Symbol("receive");
export const limitBody = Symbol("limitBody");
export const closing = Symbol("closing");
export const takeOver = Symbol("takeOver");
export const noteError = Symbol("noteError");
export const native = Symbol("native");

/** An object that represents one of the platform, which is made when it is first needed. */
interface HasNative<Platform> {
  readonly [native]: Platform;
}

/**
 * Lets objects of a class represent those of a class of the platform: `instanceof` is true, and members that the class does not
 * have are read from the object of the platform, even members that later versions of the platform add.
 */
export function delegateToNative<Platform extends object>(
  own: { readonly prototype: HasNative<Platform> },
  platform: { readonly prototype: Platform },
): void {
  Object.setPrototypeOf(own.prototype, platform.prototype);
  for (const name of Reflect.ownKeys(platform.prototype)) {
    if (Object.hasOwn(own.prototype, name)) continue;
    const descriptor = Object.getOwnPropertyDescriptor(platform.prototype, name)!;
    if (typeof descriptor.value === "function") {
      const value = function (this: HasNative<Platform>, ...args: unknown[]) {
        const object = this[native];
        return (Reflect.get(object, name) as (...args: unknown[]) => unknown).apply(object, args);
      };
      Object.defineProperty(own.prototype, name, { value, configurable: true, writable: true });
    } else if (descriptor.get !== undefined) {
      const get = function (this: HasNative<Platform>) {
        return Reflect.get(this[native], name) as unknown;
      };
      Object.defineProperty(own.prototype, name, { get, configurable: true });
    }
  }
}
