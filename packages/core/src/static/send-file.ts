import { fileURLToPath } from "node:url";
import { guarded } from "../http/guarded.ts";
import { running } from "../context/running-request.ts";
import { HTTPError } from "../http/errors.ts";
import { checkHeader } from "../http/headers.ts";
import type { Response } from "../http/response.ts";
import { attachment } from "./content-disposition.ts";
import { contentTypeOf } from "./content-type.ts";
import { FileCache, type FoundFile } from "./file-cache.ts";
import { fileResponse, negotiate } from "./file-response.ts";
import { cacheControlOf } from "./static-files.ts";

export interface SendFileOptions {
  /** The name under which browsers save the file, in any script. Default: browsers show the file, if they can. */
  readonly filename?: string | undefined;
  /** The content type. Default: by the extension of `filename`, or else of the path. */
  readonly type?: string | undefined;
  /** Seconds for which the browser uses the file without asking again. Default 0: it asks each time whether it has changed. */
  readonly maxAge?: number | undefined;
}

/** No contents are kept, because each request may send another file, and there may be very many. */
const files = new FileCache(0);

/**
 * The response to the running request with one file, with conditions, parts and content codings as in `StaticFiles`.
 *
 * Sends any path that the process can read. Never build the path from text that a client sent, unless a converter or a list of
 * names has checked the text.
 *
 * @param file - A path, or a URL such as `new URL("./report.pdf", import.meta.url)`.
 * @throws HTTPError 404 if there is no such file; 406, 412 or 416 if the request has headers that the file cannot satisfy; TypeError for a
 *   filename that cannot be sent; LocalError outside a request.
 */
export function sendFile(file: string | URL, options: SendFileOptions = {}): Promise<Response> {
  return guarded(responseOf(file, options));
}

async function responseOf(file: string | URL, { filename, type, maxAge = 0 }: SendFileOptions): Promise<Response> {
  const { request } = running("send a file");
  const disposition = filename === undefined ? undefined : attachment(filename);
  const cacheControl = cacheControlOf(maxAge);
  if (type !== undefined) checkHeader("content-type", type);
  const path = pathOf(file);
  const found = path === undefined ? undefined : await find(path);
  if (path === undefined || found === undefined) throw new HTTPError(404);
  const representation = await negotiate(request, found, ({ ending }) => find(path + ending));
  return fileResponse(request, representation, { type: type ?? contentTypeOf(filename ?? path), cacheControl, disposition });
}

async function find(path: string): Promise<FoundFile | undefined> {
  const found = await files.find(path);
  return found !== undefined && "realPath" in found ? found : undefined;
}

/** The path of a file; `undefined` for a path that no file can have. */
function pathOf(file: string | URL): string | undefined {
  if (typeof file === "string") return file === "" ? undefined : file;
  try {
    return fileURLToPath(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_INVALID_FILE_URL_PATH") return undefined;
    throw error;
  }
}
