import { readdirSync, realpathSync, statSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { ConfigError } from "../http/errors.ts";

/** The most names that are searched for one that is similar to a missing file. */
const mostNames = 2000;

/** A folder whose files may be sent, except those whose path below it has a name that starts with a dot. */
export class Folder {
  /** The absolute path. */
  readonly path: string;
  #realPath: string | undefined;

  /** @throws ConfigError if there is no such folder. */
  constructor(root: string | URL) {
    if ((typeof root !== "string" && !(root instanceof URL)) || root === "")
      throw new ConfigError('StaticFiles needs a root, the folder with the files: { root: new URL("./public/", import.meta.url) }.');
    this.path = resolve(root instanceof URL ? fileURLToPath(root) : root);
    if (statSync(this.path, { throwIfNoEntry: false })?.isDirectory() !== true) {
      throw new ConfigError(
        `The root of StaticFiles, ${this.path}, is not a folder. A relative path starts at the working directory; new URL("./public/", import.meta.url) starts at the file that contains it.`,
      );
    }
  }

  /**
   * The path of a file or folder in this one; `undefined` for what is never sent.
   *
   * @param names - Decoded names, as a client sent them.
   */
  pathOf(names: readonly string[]): string | undefined {
    return names.every(isPlainName) ? join(this.path, ...names) : undefined;
  }

  /** Whether a path without symbolic links is in this folder, and no name on the way starts with a dot. */
  has(realPath: string): boolean {
    this.#realPath ??= realpathSync(this.path);
    if (isBelow(this.#realPath, realPath)) return true;
    // The folder may be a symbolic link that was changed, as some deployments do.
    this.#realPath = realpathSync(this.path);
    return isBelow(this.#realPath, realPath);
  }

  /** Paths of files below this folder, with slashes; not all if there are many. */
  someFiles(): readonly string[] {
    const found: string[] = [];
    const folders = [""];
    for (let folder = folders.shift(); folder !== undefined && found.length + folders.length < mostNames; folder = folders.shift()) {
      for (const entry of readdirSync(join(this.path, folder), { withFileTypes: true })) {
        if (!isPlainName(entry.name)) continue;
        const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
        if (entry.isDirectory()) folders.push(path);
        else found.push(path);
      }
    }
    return found;
  }
}

/**
 * Whether a file with this name may be sent: the name is not empty, does not start with a dot, and has no meaning for file
 * systems.
 */
function isPlainName(name: string): boolean {
  // Colons are for drives and streams on Windows.
  return name !== "" && !name.startsWith(".") && !/[/\\\0]/.test(name) && !(sep === "\\" && name.includes(":"));
}

const isBelow = (folder: string, path: string) => relative(folder, path).split(sep).every(isPlainName);
