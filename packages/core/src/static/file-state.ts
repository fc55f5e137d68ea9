import { constants, stat as statWithCallback, type Stats } from "node:fs";
import { promisify } from "node:util";

/** Faster than `stat` of `node:fs/promises`, and called for every request. */
const stat = promisify(statWithCallback);

/** The codes of errors which say that there is no file with that name. */
const absent: ReadonlySet<unknown> = new Set(["ENOENT", "ENOTDIR", "ENAMETOOLONG", "ELOOP", "EINVAL", "ERR_INVALID_ARG_VALUE"]);

/** Whether an error says that there is no file with a name, or that there can be none. */
export function isAbsence(error: unknown): boolean {
  return error instanceof Error && absent.has((error as NodeJS.ErrnoException).code);
}

/** The state of a file or folder; `undefined` if there is none. */
export async function stateOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/** Whether two states are of the same file, whose contents may have changed. */
export function isSameFile(one: Stats, other: Stats): boolean {
  return one.ino === other.ino && one.dev === other.dev;
}

/** Whether two states are of the same file with the same contents. Unlike `mtime`, programs cannot set `ctime`. */
export function isSame(one: Stats, other: Stats): boolean {
  return one.ctimeMs === other.ctimeMs && one.mtimeMs === other.mtimeMs && one.size === other.size && isSameFile(one, other);
}

/** How files are opened: for reading, and without waiting for the other end if the file has become a pipe. */
export const forReading = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
