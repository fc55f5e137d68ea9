import { fileURLToPath } from "node:url";
import { ArrivingBody } from "../bodies/arriving-body.ts";
import type { Body } from "../bodies/body.ts";
import { partTooLarge, tooMany } from "../bodies/form-errors.ts";
import { guarded } from "../http/guarded.ts";
import { GuardedStream } from "../bodies/guarded-stream.ts";
import { Multipart, type PartHead, textOf, utf8 } from "../bodies/multipart.ts";
import { mostFields } from "./names.ts";

/** Limits of a multipart form. */
export interface PartOptions {
  /** The most parts, or fields of a urlencoded form. Default 1000. */
  readonly maxParts?: number | undefined;
  /** The most bytes of a part that is not a file. Default 1 MiB. */
  readonly maxPartSize?: number | undefined;
  /** The most bytes of a file. Default: what `maxBodySize` allows. */
  readonly maxFileSize?: number | undefined;
}

/** A part of a multipart form, a field or a file. Its content can be read once, in one way, until the next part is requested. */
export class Part {
  readonly name: string;
  /** The name of a file without folders, as the client says it; empty for a file input without a file, `undefined` for other fields. */
  readonly filename: string | undefined;
  /** The content type, as the client says it; `text/plain` if it says none. */
  readonly type: string;
  readonly #source: Multipart;
  readonly #maxSize: number;
  #size = 0;
  #isTaken = false;
  #isOver = false;
  /** The work that reads the content now. */
  #work: Promise<unknown> | undefined;
  #stream: ReadableStream<Uint8Array> | undefined;

  constructor({ name, filename, type }: PartHead, source: Multipart, maxSize: number) {
    this.name = name;
    this.filename = filename === undefined ? undefined : bareName(filename);
    this.type = type;
    this.#source = source;
    this.#maxSize = maxSize;
  }

  /** The content as text, in UTF-8. @throws HTTPError 413 over the limit, 400 for a damaged body. */
  text(): Promise<string> {
    return guarded(this.bytes().then((bytes) => utf8.decode(bytes)));
  }

  /** The content. @throws like {@link text} */
  bytes(): Promise<Uint8Array> {
    return this.#read(async () => {
      const pieces: Buffer[] = [];
      for (let piece = await this.#next(); piece !== undefined; piece = await this.#next()) pieces.push(piece);
      return Buffer.concat(pieces);
    });
  }

  /** The content while it arrives. */
  get stream(): ReadableStream<Uint8Array> {
    if (this.#stream !== undefined) return this.#stream;
    this.#take();
    return (this.#stream = new GuardedStream(
      {
        pull: async (controller) => {
          const work = guarded(this.#next());
          this.#work = work;
          const piece = await work;
          if (piece === undefined) controller.close();
          else controller.enqueue(piece as Buffer<ArrayBuffer>);
        },
      },
      { highWaterMark: 0 },
    ));
  }

  /**
   * Writes the content into a file, which appears when it is complete; a file of that name is replaced. If the content cannot be read or
   * written, no file is left. The application chooses the path: never build it from `filename` without a check.
   *
   * @returns The number of bytes.
   * @throws like {@link text}, and the error of the file system.
   */
  saveTo(path: string | URL): Promise<number> {
    return this.#read(async () => {
      // Loaded here, because platforms without files read forms too.
      const { open, rename, rm } = await import("node:fs/promises");
      const target = typeof path === "string" ? path : fileURLToPath(path);
      const unfinished = `${target}.${process.pid}-${Date.now()}-${++saved}.part`;
      const file = await open(unfinished, "wx");
      try {
        try {
          for (let piece = await this.#next(); piece !== undefined; piece = await this.#next()) await file.writeFile(piece);
        } finally {
          await file.close();
        }
        await rename(unfinished, target);
      } catch (error) {
        await rm(unfinished, { force: true });
        throw error;
      }
      return this.#size;
    });
  }

  /** Waits until the content is no longer being read. After that, it cannot be read. */
  async leave(): Promise<void> {
    await this.#work?.catch(() => undefined);
    this.#isOver = true;
  }

  #take(): void {
    if (this.#isOver) throw new TypeError(`Cannot read the part ${JSON.stringify(this.name)}: the next part was requested.`);
    if (this.#isTaken) throw new TypeError(`Cannot read the part ${JSON.stringify(this.name)}: it was read before, or is being read.`);
    this.#isTaken = true;
  }

  #read<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = guarded(Promise.resolve().then(() => (this.#take(), work())));
    this.#work = result;
    return result;
  }

  async #next(): Promise<Buffer | undefined> {
    if (this.#isOver) throw new TypeError(`Cannot read the part ${JSON.stringify(this.name)}: the next part was requested.`);
    const piece = await this.#source.read();
    this.#size += piece?.length ?? 0;
    if (this.#size > this.#maxSize) {
      throw partTooLarge(this.name, this.#maxSize);
    }
    return piece;
  }
}

/** The number of files so far, which is a part of their temporary names. */
let saved = 0;

/** Old browsers and other clients send the path of a file. */
const bareName = (filename: string) =>
  filename
    .split(/[/\\]/)
    .at(-1)!
    .replaceAll(/\p{Cc}/gu, "");

const withDefaults = ({ maxParts = mostFields, maxPartSize = 1024 * 1024, maxFileSize = Infinity }: PartOptions) => ({
  maxParts,
  maxSizeOf: ({ filename }: PartHead) => (filename === undefined ? maxPartSize : maxFileSize),
});

/** The parts of a multipart form, while they arrive. A part that is not read is skipped. */
export async function* readParts(body: Body, options: PartOptions = {}): AsyncGenerator<Part, void> {
  const { maxParts, maxSizeOf } = withDefaults(options);
  const source = new Multipart(body.multipart(ArrivingBody));
  let count = 0;
  try {
    for (let head = await source.next(); head !== undefined; head = await source.next()) {
      if (++count > maxParts) throw tooMany("parts", maxParts);
      const part = new Part(head, source, maxSizeOf(head));
      try {
        yield part;
      } finally {
        await part.leave();
      }
    }
  } finally {
    await source.cancel();
  }
}

/**
 * The fields and files of a multipart form. A file input without a file is absent. Does not use {@link readParts}, whose promises would
 * take most of the time.
 *
 * @throws like {@link readParts}.
 */
export async function readFields(body: Body, options: PartOptions): Promise<readonly (readonly [name: string, value: string | File])[]> {
  const { maxParts, maxSizeOf } = withDefaults(options);
  const source = new Multipart(body.multipart(ArrivingBody));
  try {
    const parts = await source.readAll((head, count) => {
      if (count > maxParts) throw tooMany("parts", maxParts);
      return maxSizeOf(head);
    });
    return parts.flatMap(({ head: { name, filename, type }, pieces }): (readonly [string, string | File])[] => {
      if (filename === undefined) return [[name, textOf(pieces)]];
      const file = new File(pieces, bareName(filename), { type });
      return file.name === "" && file.size === 0 ? [] : [[name, file]];
    });
  } finally {
    await source.cancel();
  }
}
