import type { ServerHttp2Stream } from "node:http2";
import { connectionSpecific, fromParts, partsOf, type Response } from "../http/response.ts";
import type { FlatHeaders } from "../http/headers.ts";

/**
 * A response as HTTP/2 carries it: each header once, and none of a connection. Node throws over others, where nobody catches.
 *
 * The body that nobody waits for any more is cancelled.
 */
export function multiplexed(response: Response, stream: Pick<ServerHttp2Stream, "closed" | "destroyed">): Response {
  const { body, status, statusText } = partsOf(response);
  const headers: FlatHeaders = [];
  for (const [name, value] of response.headers) if (!connectionSpecific.has(name)) headers.push(name, value);
  const isGone = (stream.closed || stream.destroyed) && body instanceof ReadableStream;
  if (isGone) void body.cancel().catch(() => undefined);
  return fromParts({ body: isGone ? null : body, status, statusText, headers });
}
