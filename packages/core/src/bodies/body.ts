import { HTTPError } from "../http/errors.ts";
import { type BodySink, type BodySource, receive, type ServedRequest } from "../http/served-request.ts";
import type { ArrivingBody } from "./arriving-body.ts";
import { tooLarge } from "./body-errors.ts";
import { guarded } from "../http/guarded.ts";
import { parseJson, type JsonOptions } from "./json-body.ts";
import type { MultipartBytes } from "./multipart.ts";
import { StreamSource } from "./stream-source.ts";

/** All bytes of a body, or the error with which it failed. */
type Whole = { readonly bytes: Buffer } | { readonly error: unknown };

/** The body of one request, read once and up to a limit. */
export class Body {
  readonly #web: ServedRequest;
  readonly #maxSize: number;
  #whole: Whole | undefined;
  /** The functions that wait for all bytes; `undefined`: nothing has asked for them. */
  #waiting: ((whole: Whole) => void)[] | undefined;

  constructor(web: globalThis.Request, maxSize: number) {
    this.#web = web;
    this.#maxSize = maxSize;
  }

  text(): Promise<string> {
    return this.#read(textOf);
  }

  json(options: JsonOptions | undefined): Promise<unknown> {
    const { type } = this;
    if (type !== "application/json" && !/^[^/]+\/.+\+json$/.test(type)) return refused("The body must be application/json.");
    return this.#read((bytes) => parseJson(textOf(bytes), options));
  }

  /**
   * The bytes of a multipart form.
   *
   * @param Arriving - Reads the bytes while they arrive; left out, they are read at once. It is given by code that reads forms, so that
   *   only that code loads it.
   */
  multipart(Arriving?: typeof ArrivingBody): MultipartBytes {
    const problem = this.type === "multipart/form-data" ? this.#codingProblem() : "The body must be a form: multipart/form-data.";
    if (problem !== undefined) throw new HTTPError(415, problem);
    const chunks =
      Arriving === undefined || this.#waiting !== undefined
        ? inOnePiece(this.#read((bytes) => bytes))
        : new Arriving((sink) => this.#receive(sink));
    return { chunks, type: this.#web.headers.get("content-type") ?? "" };
  }

  /** The content type, in lower case and without parameters. */
  get type(): string {
    const type = this.#web.headers.get("content-type") ?? "";
    const end = type.indexOf(";");
    return (end === -1 ? type : type.slice(0, end)).trim().toLowerCase();
  }

  /** Why a body is refused: it is compressed, or it is text in another charset. */
  #codingProblem(): string | undefined {
    const coding = this.#web.headers.get("content-encoding");
    if (coding !== null && coding.trim().toLowerCase() !== "identity") return "The body must not be compressed.";
    const type = this.#web.headers.get("content-type");
    if (type === null || !type.includes(";")) return undefined;
    const charset = /;\s*charset\s*=\s*"?([^";,\s]*)/i.exec(type)?.[1]?.toLowerCase();
    return charset === undefined || ["utf-8", "utf8", "us-ascii"].includes(charset) ? undefined : "The body must be in UTF-8.";
  }

  /**
   * Calls a function with all bytes of the body, and returns its result. It makes only one promise, because on Node 20 each promise
   * takes as much time as parsing a small body.
   */
  #read<Result>(use: (bytes: Buffer) => Result): Promise<Result> {
    const problem = this.#codingProblem();
    if (problem !== undefined) return refused(problem);
    let resolve!: (result: Result) => void;
    let reject!: (error: unknown) => void;
    const result = new Promise<Result>((...functions) => {
      [resolve, reject] = functions;
    });
    const fail = (error: unknown) => {
      void guarded(result);
      reject(error);
    };
    this.#whenWhole((whole) => {
      if ("error" in whole) {
        fail(whole.error);
        return;
      }
      let value: Result;
      try {
        value = use(whole.bytes);
      } catch (error) {
        fail(error);
        return;
      }
      resolve(value);
    });
    return result;
  }

  /** Calls back with all bytes: at once if they were read before. */
  #whenWhole(call: (whole: Whole) => void): void {
    if (this.#whole !== undefined) {
      call(this.#whole);
      return;
    }
    if (this.#waiting !== undefined) {
      this.#waiting.push(call);
      return;
    }
    const waiting = (this.#waiting = [call]);
    const settle = (whole: Whole) => {
      this.#whole = whole;
      for (const each of waiting) each(whole);
    };
    const chunks: Buffer[] = [];
    this.#receive({
      data: (chunk) => void chunks.push(chunk),
      end: () => settle({ bytes: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks) }),
      fail: (error) => settle({ error }),
    });
  }

  /** Sends the body to a sink, from the connection or from the standard stream. */
  #receive(sink: BodySink): BodySource | undefined {
    const problem = this.#problem();
    if (problem !== undefined) {
      sink.fail(problem);
      return undefined;
    }
    const source = this.#web[receive]?.(sink);
    if (source !== undefined) return source;
    const reader = (this.#web.body as ReadableStream<Uint8Array> | null)?.getReader();
    if (reader === undefined) {
      sink.end();
      return undefined;
    }
    return new StreamSource(reader, this.#maxSize, sink, receive in this.#web);
  }

  /** Why the body cannot be read: its Content-Length is over the limit, or it was read before. */
  #problem(): Error | undefined {
    const web = this.#web;
    if (Number(web.headers.get("content-length") ?? 0) > this.#maxSize) return tooLarge(this.#maxSize);
    // `body` of a request of our server is not read here, because that would make a native request.
    if (!web.bodyUsed && (receive in web || web.body?.locked !== true)) return undefined;
    const advice = "Read it in one way only, or read a copy: request.web.clone().";
    return new TypeError(`Cannot read the body of this request: it was read before, or is being read. ${advice}`);
  }
}

/** A body that is read at once, as if it arrived in one piece. */
async function* inOnePiece(whole: Promise<Buffer>): AsyncGenerator<Buffer, void> {
  yield await whole;
}

const refused = (reason: string) => guarded(Promise.reject<never>(new HTTPError(415, reason)));

/** UTF-8 as text, without a byte order mark. Invalid bytes become U+FFFD. */
function textOf(bytes: Buffer): string {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.toString("utf8", 3) : bytes.toString();
}
