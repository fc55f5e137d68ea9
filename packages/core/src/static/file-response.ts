import type { Request } from "../context/request.ts";
import { HTTPError } from "../http/errors.ts";
import { Response } from "../http/response.ts";
import { checkPreconditions, requestedRange, type Validators } from "./conditions.ts";
import { acceptedCodings, type Coding } from "./content-coding.ts";
import type { FoundFile } from "./file-cache.ts";
import { fileStream } from "./file-stream.ts";

/** What is sent with a file besides its bytes. */
export interface FileHead {
  readonly type: string;
  readonly cacheControl: string;
  /** `Content-Disposition`. */
  readonly disposition?: string | undefined;
}

/** A file in a coding that the client accepts. */
export interface Representation {
  readonly file: FoundFile;
  /** `undefined`: the file without a coding. */
  readonly coding: Coding | undefined;
}

/**
 * The representation of a file that the client prefers.
 *
 * @param find - Finds a file in a coding.
 * @throws HTTPError 406 if the client refuses the file without a coding, and there is no other.
 */
export async function negotiate(
  request: Request,
  file: FoundFile,
  find: (coding: Coding) => Promise<FoundFile | undefined>,
): Promise<Representation> {
  for (const coding of acceptedCodings(request.headers.get("accept-encoding"))) {
    if (coding === undefined) return { file, coding };
    const encoded = await find(coding);
    if (encoded !== undefined) return { file: encoded, coding };
  }
  throw new HTTPError(406, "This file is not available in a content coding that the request accepts.", {
    headers: { vary: "Accept-Encoding" },
  });
}

/**
 * The response to a request for a file: the whole file, a part, or 304 if the client's copy is still right.
 *
 * @throws HTTPError 412, 416.
 */
export function fileResponse(request: Request, { file, coding }: Representation, head: FileHead): Response {
  const { path, stats, size, content, etag } = file;
  const isRead = request.method === "GET" || request.method === "HEAD";
  // A time in the future must not be sent. RFC 9110 §8.8.2.1.
  const modified = Math.floor(Math.min(stats.mtimeMs, Date.now()) / 1000);
  const validators: Validators = { etag, modified };
  const headers: [string, string][] = [
    ["etag", etag],
    ["cache-control", head.cacheControl],
    ["vary", "Accept-Encoding"],
  ];
  if (isRead) {
    const verdict = checkPreconditions(request.headers, validators);
    if (verdict === "notModified") return new Response(null, { status: 304, headers });
    if (verdict === "failed") throw new HTTPError(412);
  }
  headers.push(["content-type", head.type], ["last-modified", new Date(modified * 1000).toUTCString()], ["accept-ranges", "bytes"]);
  if (coding !== undefined) headers.push(["content-encoding", coding.name]);
  if (head.disposition !== undefined) headers.push(["content-disposition", head.disposition]);
  // Only GET has parts. RFC 9110 §14.2.
  const part = request.method === "GET" ? requestedRange(request.headers, size, validators) : undefined;
  if (part === "unsatisfiable") throw new HTTPError(416, undefined, { headers: { "content-range": `bytes */${size}` } });
  const { start, end } = part ?? { start: 0, end: size };
  if (part !== undefined) headers.push(["content-range", `bytes ${start}-${end - 1}/${size}`]);
  const status = part === undefined ? 200 : 206;
  if (content !== undefined) return new Response(content.subarray(start, end) as Uint8Array<ArrayBuffer>, { status, headers });
  headers.push(["content-length", String(end - start)]);
  return new Response(fileStream(path, stats, start, end), { status, headers });
}
