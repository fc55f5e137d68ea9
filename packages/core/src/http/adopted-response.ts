import { formStream } from "./form-stream.ts";
import { isToken, listItems } from "./headers.ts";
import { Response } from "./response.ts";

/** Headers about one connection, not about the response that is sent over it. RFC 9110 §7.6.1, RFC 9113 §8.2.2. */
export const connectionSpecific: ReadonlySet<string> = new Set([
  "connection",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Converts a response from elsewhere, such as from `fetch`, into one of this package. Its headers may be immutable. Takes over the
 * body.
 */
export function adopt(response: globalThis.Response): Response {
  const { status, statusText, url } = response;
  const headers = new Headers(response.headers);
  // RFC 9110 §7.6.1: the headers that Connection names are about that connection too. An invalid name cannot be in the headers.
  const named = listItems(headers.get("connection")).filter(isToken);
  for (const name of [...connectionSpecific, ...named]) headers.delete(name);
  // fetch has decoded the body, so its coding and its length are wrong now.
  if (url !== "" && headers.has("content-encoding")) {
    headers.delete("content-encoding");
    headers.delete("content-length");
  }
  // If the response was made here and not received, Node has made the stream of its form.
  const isForm = url === "" && headers.get("content-type")?.startsWith("multipart/form-data") === true;
  const body = isForm && response.body?.locked === false ? formStream(response.body) : response.body;
  return new Response(body, { status, statusText, headers });
}
