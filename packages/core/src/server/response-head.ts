import type { ServerResponse } from "node:http";
import { connectionSpecific } from "../http/adopted-response.ts";
import { flatValue, listItems, without, type FlatHeaders } from "../http/headers.ts";

/**
 * The headers with a correct `Connection`. An application that passes on the headers of another server passes on its `Connection` too,
 * and Node would then keep a connection open that the client has asked to close.
 */
export function forHttp1(headers: FlatHeaders, { shouldKeepAlive }: ServerResponse): FlatHeaders {
  const given = flatValue(headers, "connection");
  // Node adds it.
  if (given === undefined) return headers;
  const options = listItems(given).map((option) => option.toLowerCase());
  const kept = options.filter((option) => option !== "keep-alive" && option !== "close");
  if (!shouldKeepAlive || options.includes("close")) kept.push("close");
  const others = without(headers, "connection");
  return kept.length === 0 ? others : [...others, "connection", kept.join(", ")];
}

/**
 * Headers that HTTP/2 can have: each header once, and none about the connection. Node throws for other headers, in a place
 * where the error cannot be caught.
 */
export function forHttp2(flat: FlatHeaders): FlatHeaders {
  const headers = new Headers();
  for (let i = 0; i < flat.length; i += 2) if (!connectionSpecific.has(flat[i]!)) headers.append(flat[i]!, flat[i + 1]!);
  return [...headers].flat();
}

const notAscii = /[^\0-\x7f]/;

/**
 * A body that is not all ASCII, in a form that Node can write together with the head. Node writes a head and the text after it in one
 * encoding, but a head is always in Latin-1. So beside a head that is not ASCII, the body must be bytes.
 */
export function besideHead(body: string | Uint8Array, statusText: string, headers: FlatHeaders): string | Uint8Array {
  if (typeof body !== "string") return body;
  return notAscii.test(statusText) || headers.some((each) => notAscii.test(each)) ? Buffer.from(body) : body;
}
