import { createHash } from "node:crypto";
import { closeSync, openSync, readSync, realpathSync, statSync, type Stats } from "node:fs";
import { open, realpath } from "node:fs/promises";
import { fileStream } from "./file-stream.ts";
import { forReading, isAbsence, isSame, isSameFile, stateOf } from "./file-state.ts";

/** A file as it was found, with its contents if it is small. */
export interface FoundFile {
  readonly path: string;
  /** The path without symbolic links. */
  readonly realPath: string;
  readonly stats: Stats;
  /** Bytes. */
  readonly size: number;
  /** `undefined` for a file that is too large to be kept in memory. */
  readonly content: Uint8Array | undefined;
  /** A strong entity tag: the hash of a small file, or the size and times of a larger one. */
  readonly etag: string;
}

/** The size, in bytes, of the largest file that is read at once and may be kept. */
const largest = 128 * 1024;

/** The most bytes of all files that are kept, by default. */
const mostKept = 16 * 1024 * 1024;

/** Bytes that are counted for a file besides its contents. */
const overhead = 1024;

/**
 * Milliseconds after which a changed file may be kept. File systems record times in steps of up to two seconds, so two changes in a
 * row can look like one.
 */
const settling = 2000;

const isSettled = ({ ctimeMs }: Stats) => Date.now() - ctimeMs > settling;

/** The fingerprint of a file, and the entity tag of a small one: 96 bits of the SHA-256 of its bytes. */
const digestOf = (hash: ReturnType<typeof createHash>) => hash.digest("base64url").slice(0, 16);

const stateTag = ({ size, mtimeMs, ctimeMs }: Stats) =>
  [size, mtimeMs * 1000, ctimeMs * 1000].map((each) => Math.round(each).toString(36)).join("-");

/**
 * Files by path, in their current state: each call asks the file system once whether a file has changed. The contents of small
 * unchanged files are kept, up to a number of bytes; the least recently used are dropped first.
 */
export class FileCache {
  readonly #files = new Map<string, FoundFile>();
  readonly #hashes = new WeakMap<Stats, Promise<string>>();
  /** For {@link hashSync}, by path. */
  readonly #urlHashes = new Map<string, { readonly stats: Stats; readonly realPath: string; readonly hash: string }>();
  readonly #most: number;
  #kept = 0;

  /** @param most - Bytes of files that are kept. */
  constructor(most = mostKept) {
    this.#most = most;
  }

  /** A file; its state if it is not a regular file; `undefined` if there is none. */
  async find(path: string): Promise<FoundFile | Stats | undefined> {
    for (let tries = 0; tries < 5; tries++) {
      const stats = await stateOf(path);
      if (stats === undefined) return undefined;
      if (!stats.isFile()) return stats;
      const known = this.#files.get(path);
      if (known !== undefined && isSame(known.stats, stats)) {
        this.#files.delete(path);
        this.#files.set(path, known);
        return known;
      }
      const found = await read(path, stats);
      if (found === undefined) continue;
      this.#keep(found);
      return found;
    }
    throw new Error(`Cannot send the file ${path}: it is replaced all the time.`);
  }

  /** The hash of the bytes of a file. */
  hash(file: FoundFile): Promise<string> {
    if (file.content !== undefined) return Promise.resolve(file.etag.slice(1, -1));
    let hash = this.#hashes.get(file.stats);
    if (hash === undefined) {
      hash = hashOf(file);
      this.#hashes.set(file.stats, hash);
      hash.catch(() => this.#hashes.delete(file.stats));
    }
    return hash;
  }

  /**
   * The hash of the bytes of a file, for code that cannot wait, and its path without symbolic links. A file is read once, and again
   * when it has changed. `undefined` if there is no regular file.
   */
  hashSync(path: string): { readonly realPath: string; readonly hash: string } | undefined {
    try {
      const stats = statSync(path);
      if (!stats.isFile()) return undefined;
      const known = this.#urlHashes.get(path);
      if (known !== undefined && isSame(known.stats, stats)) return known;
      const read = { stats, realPath: realpathSync(path), hash: hashNow(path) };
      if (isSettled(stats)) this.#urlHashes.set(path, read);
      return read;
    } catch (error) {
      if (isAbsence(error)) return undefined;
      throw error;
    }
  }

  #keep(file: FoundFile): void {
    const { path, stats } = file;
    const known = this.#files.get(path);
    if (known !== undefined) this.#drop(known);
    if (!isSettled(stats)) return;
    this.#files.set(path, file);
    this.#kept += bytesOf(file);
    for (const oldest of this.#files.values()) {
      if (this.#kept <= this.#most) break;
      this.#drop(oldest);
    }
  }

  #drop(file: FoundFile): void {
    this.#files.delete(file.path);
    this.#kept -= bytesOf(file);
  }
}

const bytesOf = ({ content }: FoundFile) => overhead + (content?.byteLength ?? 0);

/** Reads a file; `undefined` if it was replaced in the meantime, or is not a regular file any more. */
async function read(path: string, seen: Stats): Promise<FoundFile | undefined> {
  if (seen.size > largest) return foundFile(path, seen, undefined);
  let file;
  try {
    file = await open(path, forReading);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
  try {
    const stats = await file.stat();
    if (!stats.isFile()) return undefined;
    if (stats.size > largest) return await foundFile(path, stats, undefined);
    const content = Buffer.allocUnsafeSlow(stats.size);
    let length = 0;
    while (length < content.byteLength) {
      const { bytesRead } = await file.read(content, length, content.byteLength - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return await foundFile(path, stats, content.subarray(0, length));
  } finally {
    await file.close();
  }
}

/** @param content - `undefined` for a file that is too large to be kept. */
async function foundFile(path: string, stats: Stats, content: Uint8Array | undefined): Promise<FoundFile | undefined> {
  try {
    const realPath = await realpath(path);
    // Otherwise a symbolic link could point to one file while it is opened, and to another while it is followed here.
    const real = await stateOf(realPath);
    if (real === undefined || !isSameFile(real, stats)) return undefined;
    const etag = content === undefined ? `"${stateTag(stats)}"` : `"${digestOf(createHash("sha256").update(content))}"`;
    return { path, realPath, stats, size: content?.byteLength ?? stats.size, content, etag };
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

async function hashOf({ path, stats, size }: FoundFile): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of fileStream(path, stats, 0, size)) hash.update(chunk);
  return digestOf(hash);
}

function hashNow(path: string): string {
  const hash = createHash("sha256");
  const file = openSync(path, forReading);
  try {
    const chunk = Buffer.allocUnsafeSlow(largest);
    for (let length = readSync(file, chunk); length > 0; length = readSync(file, chunk)) hash.update(chunk.subarray(0, length));
  } finally {
    closeSync(file);
  }
  return digestOf(hash);
}
