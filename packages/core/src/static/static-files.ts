import type { Context } from "../context/context.ts";
import { RequestHandler, type MiddlewareList } from "../app/handler.ts";
import { ConfigError, HTTPError } from "../http/errors.ts";
import { fromParts, type Response } from "../http/response.ts";
import { mostSimilar } from "../urls/similar-names.ts";
import { UnbuildableUrl, urlArgs, type UrlArgs } from "../urls/url-args.ts";
import { encodeUnsafe, withQuery } from "../urls/redirect-target.ts";
import { contentTypeOf } from "./content-type.ts";
import { FileCache, type FoundFile } from "./file-cache.ts";
import { fileResponse, negotiate } from "./file-response.ts";
import { Folder } from "./folder.ts";
import { stateOf } from "./file-state.ts";

export interface StaticFilesOptions {
  /** The folder with the files: a path, or a URL such as `new URL("./public/", import.meta.url)`. */
  readonly root: string | URL;
  /**
   * Whether `urlFor()` adds the hash of a file to its URL, `?v=...`. Browsers then keep what they have loaded from such a URL
   * for a year, because a changed file has another URL. Default false.
   */
  readonly fingerprint?: boolean | undefined;
  /** Seconds for which browsers use a file without asking again. Default 0: they ask each time whether it has changed. */
  readonly maxAge?: number | undefined;
}

/**
 * The arguments of the rule: the names of the path below the folder, decoded. Without them, the request is for the folder itself.
 */
interface FilePath {
  readonly path?: readonly string[];
}

/** A handler class that sends the files of a folder. */
export interface StaticFilesClass {
  new (context: Context): RequestHandler & { get(args: FilePath): Promise<Response> };
  middleware: MiddlewareList;
}

/** A year, the longest that RFC 9111 recommends. */
const forever = "public, max-age=31536000, immutable";

/** The value of `Cache-Control`. @throws ConfigError */
export function cacheControlOf(maxAge: number): string {
  if (!Number.isSafeInteger(maxAge) || maxAge < 0) throw new ConfigError("maxAge must be a whole number of seconds, 0 or more.");
  return maxAge === 0 ? "no-cache" : `max-age=${maxAge}`;
}

/**
 * Whether a file in a content coding is older than the file itself. A small difference is allowed, because a release may be copied
 * in any order.
 */
const isStale = (encoded: FoundFile, file: FoundFile) => encoded.stats.mtimeMs < file.stats.mtimeMs - 2000;

/**
 * A handler class that sends the files of a folder. Its rule has the wildcard `*path`:
 * `new Rule("/static/*path", { endpoint: "static", handler: StaticFiles({ root: "public" }), appMiddleware: false })`.
 *
 * A request for a folder gets its `index.html`. Files are not sent if their name or the name of a folder in their path starts with
 * a dot, or if they are outside the folder, even if a symbolic link leads to them.
 *
 * @throws ConfigError if the folder does not exist.
 */
export function StaticFiles({ root, fingerprint = false, maxAge = 0 }: StaticFilesOptions): StaticFilesClass {
  const folder = new Folder(root);
  const files = new FileCache();
  const usual = cacheControlOf(maxAge);

  /** A regular file of the folder; `undefined` for anything else. */
  async function find(path: string): Promise<FoundFile | undefined> {
    const found = await files.find(path);
    return found !== undefined && "realPath" in found && folder.has(found.realPath) ? found : undefined;
  }

  return class StaticFiles extends RequestHandler {
    static [urlArgs]({ path = [] }: UrlArgs): UrlArgs {
      // Anything else is refused when the path is written.
      return Array.isArray(path) ? urlArgsOf(folder, files, path.map(String), fingerprint) : {};
    }

    async get({ path: names = [] }: FilePath): Promise<Response> {
      const isFolder = names.length === 0 || names.at(-1) === "";
      const path = folder.pathOf(names.at(-1) === "" ? names.slice(0, -1) : names);
      if (path === undefined) throw new HTTPError(404);
      const wanted = isFolder ? folder.pathOf([...names.filter((name) => name !== ""), "index.html"])! : path;
      const file = await find(wanted);
      if (file === undefined) return await this.#toFolder(path, isFolder);
      const representation = await negotiate(this.request, file, ({ ending }) => find(wanted + ending));
      const version = fingerprint ? this.request.args.get("v") : null;
      const isForever = version !== null && !isStale(representation.file, file) && version === (await files.hash(file));
      return fileResponse(this.request, representation, {
        type: contentTypeOf(wanted),
        cacheControl: isForever ? forever : usual,
      });
    }

    /** Redirects to the URL of a folder, which ends with a slash. Relative links of its page start there. */
    async #toFolder(path: string, isFolder: boolean): Promise<Response> {
      const state = isFolder ? undefined : await stateOf(path);
      const index = state?.isDirectory() === true ? await find(`${path}/index.html`) : undefined;
      if (index === undefined) throw new HTTPError(404);
      const location = withQuery(encodeUnsafe(`${this.app.basePath}${this.request.path}/`), this.request.search);
      return fromParts({ body: null, status: 308, statusText: "", headers: ["location", location] });
    }
  };
}

/**
 * What the URL of a file has besides its path: the hash of the file, with `fingerprint`.
 *
 * @throws UnbuildableUrl if there is no such file; the message has the most similar one.
 */
function urlArgsOf(folder: Folder, files: FileCache, names: readonly string[], fingerprint: boolean): UrlArgs {
  const isFolder = names.length === 0 || names.at(-1) === "";
  const path = folder.pathOf(isFolder ? [...names.slice(0, -1), "index.html"] : names);
  const found = path === undefined ? undefined : files.hashSync(path);
  if (found !== undefined && folder.has(found.realPath)) return fingerprint && !isFolder ? { v: found.hash } : {};
  const name = names.join("/");
  const nearest = mostSimilar(name, folder.someFiles());
  const hint = nearest === undefined ? "" : `; did you mean "${nearest}"?`;
  throw new UnbuildableUrl(`there is no file "${name}" in ${folder.path}${hint}`);
}
