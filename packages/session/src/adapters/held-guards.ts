import type { ServerResponse } from "node:http";
import { headersSentError, type Method } from "./response-head.ts";

/** What a held response says of itself. */
export interface Holder {
  /** Whether the commit is under way. */
  readonly isHolding: boolean;
  /** Whether the application has ended the response. */
  readonly isEnded: boolean;
  /** The one of another adapter, which has its own sessions and has held the response before. */
  readonly outer: Holder | undefined;
}

const heldKey = Symbol("held");

/** The response has a reference to its holder, so that the properties below are the same for all responses. */
interface Holding extends ServerResponse {
  [heldKey]?: Holder;
}

/** Notes who holds a response. Returns who has held it before. */
export function setHolder(response: Holding, holder: Holder): Holder | undefined {
  const outer = response[heldKey];
  response[heldKey] = holder;
  return outer;
}

/** While the response is held, these properties say what the application has sent; otherwise they have their own value. */
const heldProperties = {
  headersSent: heldProperty("headersSent", () => true),
  writableEnded: heldProperty("writableEnded", (held) => held.isEnded),
};

function heldProperty(name: string, valueOf: (held: Holder) => boolean): PropertyDescriptor {
  return {
    configurable: true,
    get(this: Holding) {
      for (let held = this[heldKey]; held !== undefined; held = held.outer) if (held.isHolding) return valueOf(held);
      return Reflect.get(Object.getPrototypeOf(this) as object, name, this) as unknown;
    },
  };
}

/**
 * Defines a property and does not delete it later, because that would make the response slow. Returns a function that restores a
 * property which the response had itself.
 */
function define(response: ServerResponse, name: keyof typeof heldProperties): (() => void) | undefined {
  const before = Object.getOwnPropertyDescriptor(response, name);
  if (before?.get === heldProperties[name].get) return undefined;
  Object.defineProperty(response, name, heldProperties[name]);
  return before && (() => Object.defineProperty(response, name, before));
}

/** The methods that throw after the head was sent. */
type Changing = "setHeader" | "setHeaders" | "appendHeader" | "removeHeader";

const refuse = () => {
  throw headersSentError("set");
};

const doNothing = () => undefined;

/**
 * Makes a held response look sent: its properties say so, and the methods that change headers throw. Returns a function that puts them
 * back. Names are written out, because V8 makes an object slow if many properties are added to it under computed names.
 */
export function lookSent(response: ServerResponse): () => void {
  const restore = [define(response, "headersSent"), define(response, "writableEnded")];
  const changed = response as unknown as Record<Changing | "_implicitHeader", Method | undefined>;
  const { setHeader, setHeaders, appendHeader, removeHeader, _implicitHeader } = changed;
  changed.setHeader = refuse;
  // The response of HTTP/2 does not have this method and the last one.
  if (setHeaders !== undefined) changed.setHeaders = refuse;
  changed.appendHeader = refuse;
  changed.removeHeader = refuse;
  // Node's own method makes the head. Some libraries, such as compression 1.7, call it until Node has made one.
  if (_implicitHeader !== undefined) changed._implicitHeader = doNothing;
  return () => {
    for (const each of restore) each?.();
    if (changed.setHeader === refuse) changed.setHeader = setHeader;
    if (changed.setHeaders === refuse) changed.setHeaders = setHeaders;
    if (changed.appendHeader === refuse) changed.appendHeader = appendHeader;
    if (changed.removeHeader === refuse) changed.removeHeader = removeHeader;
    if (changed._implicitHeader === doNothing) changed._implicitHeader = _implicitHeader;
  };
}
