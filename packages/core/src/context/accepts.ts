import Negotiator from "negotiator";
import { dependOn, type Request } from "./request.ts";
import { running } from "./running-request.ts";

/** Short names for media types. */
const types: Readonly<Record<string, string>> = {
  html: "text/html",
  json: "application/json",
  text: "text/plain",
  xml: "application/xml",
};

/**
 * The media type that the client prefers among those that are offered; `undefined` if it accepts none. Adds `Accept` to `Vary`. If
 * several types are equally preferred, it is the first in the header, then the first that is offered. RFC 9110 §12.5.1.
 *
 * @param offered - `html`, `json`, `text`, `xml`, or a media type such as `image/webp`.
 * @throws TypeError for another short name; {@link LocalError} outside a request.
 */
export function accepts<const Offered extends readonly string[]>(...offered: Offered): Offered[number] | undefined {
  const request = requestOf("choose a media type", "Accept");
  const full = offered.map((name) => {
    const type = name.includes("/") ? name : types[name];
    if (type === undefined) throw new TypeError(`Cannot offer ${JSON.stringify(name)}: write a media type, such as "image/webp".`);
    return type;
  });
  const preferred = negotiatorOf(request, "accept").mediaTypes(full)[0];
  return preferred === undefined ? undefined : offered[full.indexOf(preferred)];
}

/** The language that the client prefers among those that are offered; `undefined` if it accepts none. Adds `Accept-Language` to `Vary`. RFC 9110 §12.5.4. */
export function acceptsLanguages<const Offered extends readonly string[]>(...offered: Offered): Offered[number] | undefined {
  return negotiatorOf(requestOf("choose a language", "Accept-Language"), "accept-language").languages([...offered])[0];
}

/**
 * The coding that the client prefers among those that are offered, such as `br` and `gzip`; `undefined` if it accepts none. A client that
 * does not send the header accepts only `identity`. Adds `Accept-Encoding` to `Vary`. RFC 9110 §12.5.3.
 */
export function acceptsEncodings<const Offered extends readonly string[]>(...offered: Offered): Offered[number] | undefined {
  return negotiatorOf(requestOf("choose a coding", "Accept-Encoding"), "accept-encoding").encodings([...offered])[0];
}

function requestOf(doing: string, header: string): Request {
  const { request } = running(doing);
  dependOn(request, header);
  return request;
}

function negotiatorOf({ headers }: Request, name: string): Negotiator {
  return new Negotiator({ headers: { [name]: headers.get(name) ?? undefined } });
}
