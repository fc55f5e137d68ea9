import { HTTPError } from "../http/errors.ts";
import { partTooLarge } from "./form-errors.ts";

/** The most bytes of the headers of one part. */
const longestHead = 16_384;

const lineBreak = Buffer.from("\r\n");
const headEnd = Buffer.from("\r\n\r\n");

/** The head of a part: its name, file name and type. */
export interface PartHead {
  readonly name: string;
  /** The name of the file, as the client sent it; `undefined`: the part is not a file. */
  readonly filename: string | undefined;
  /** The content type; `text/plain` if there is none. */
  readonly type: string;
}

/** A part that was read to its end. */
export interface WholePart {
  readonly head: PartHead;
  readonly pieces: Uint8Array<ArrayBuffer>[];
}

/** A multipart form as it was sent. */
export interface MultipartBytes {
  readonly chunks: AsyncIterator<Uint8Array, void>;
  /** The content type, which names the boundary. */
  readonly type: string;
}

/**
 * The parts of a multipart form, RFC 7578, read while they arrive. Accepts everything that clients write: names with and without
 * quotes, `filename*`, text before the first part and after the last one, blanks after a boundary. Errors are HTTPErrors with status 400.
 */
export class Multipart {
  readonly #chunks: AsyncIterator<Uint8Array, void>;
  /** The boundary, with the line break and the two hyphens before it. */
  readonly #mark: Buffer;
  /**
   * The bytes that have arrived and are not read yet. They begin with a line break, because the first boundary may not have one
   * before it.
   */
  #bytes: Buffer = lineBreak;
  #allArrived = false;
  /** What comes next. What comes before the first delimiter is read like content. */
  #state: "content" | "head" = "content";
  #isLast = false;
  /**
   * How many bytes come before the content. After a head this is its line break, because the boundary begins with a line break, and
   * empty content has no other one.
   */
  #skip = 0;
  /** The last characters of base64, which are not a whole byte yet; `undefined`: the content is not encoded. */
  #base64: string | undefined;

  constructor({ chunks, type }: MultipartBytes) {
    this.#chunks = chunks;
    const boundary = parametersOf(type).get("boundary");
    if (boundary === undefined || boundary === "" || boundary.length > 70) throw malformed();
    this.#mark = Buffer.from(`\r\n--${boundary}`, "latin1");
  }

  /**
   * The rest of the form. Files are left in pieces, because making them takes most of the time.
   *
   * @param limitOf - The most bytes of a part. Throws if there must not be so many parts.
   * @throws HTTPError 413 for a part over its limit.
   */
  async readAll(limitOf: (head: PartHead, count: number) => number): Promise<readonly WholePart[]> {
    const parts: WholePart[] = [];
    for (;;) {
      const next = this.next();
      const head = next instanceof Promise ? await next : next;
      if (head === undefined) return parts;
      const limit = limitOf(head, parts.length + 1);
      const pieces: Uint8Array<ArrayBuffer>[] = [];
      let size = 0;
      for (;;) {
        const arrived = this.read();
        const piece = arrived instanceof Promise ? await arrived : arrived;
        if (piece === undefined) break;
        size += piece.length;
        if (size > limit) throw partTooLarge(head.name, limit);
        pieces.push(piece as Buffer<ArrayBuffer>);
      }
      parts.push({ head, pieces });
    }
  }

  // These methods return a promise only if bytes must arrive: otherwise promises would take most of the time of a form with many parts.

  /** The head of the next part, after the rest of the part before; `undefined` after the last one. */
  next(): PartHead | undefined | Promise<PartHead | undefined> {
    for (;;) {
      const piece = this.#readRaw();
      if (piece instanceof Promise) return piece.then((arrived) => (arrived === undefined ? this.#next() : this.next()));
      if (piece === undefined) return this.#next();
    }
  }

  #next(): PartHead | Promise<PartHead | undefined> {
    if (this.#isLast) return this.#readToEnd();
    const head = this.#takeHead();
    return head instanceof Promise ? head.then((arrived) => this.#begin(arrived)) : this.#begin(head);
  }

  async #readToEnd(): Promise<undefined> {
    this.#bytes = lineBreak;
    while (!this.#allArrived) this.#allArrived = (await this.#chunks.next()).done === true;
  }

  #begin(text: string): PartHead {
    const { head, coding } = readHead(text);
    this.#base64 = coding === "base64" ? "" : undefined;
    return head;
  }

  /**
   * The next bytes of the content of a part; `undefined` at its end.
   *
   * @internal
   */
  read(): Buffer | undefined | Promise<Buffer | undefined> {
    const piece = this.#readRaw();
    return piece instanceof Promise ? piece.then((arrived) => this.#decoded(arrived)) : this.#decoded(piece);
  }

  #decoded(piece: Buffer | undefined): Buffer | undefined {
    if (this.#base64 === undefined) return piece;
    const text = this.#base64 + (piece?.toString("latin1").replaceAll(/[^\w+/-]/g, "") ?? "");
    if (piece === undefined && text === "") return undefined;
    const whole = piece === undefined ? text.length : text.length - (text.length % 4);
    this.#base64 = text.slice(whole);
    return Buffer.from(text.slice(0, whole), "base64");
  }

  /** Stops reading. */
  async cancel(): Promise<void> {
    await this.#chunks.return?.();
  }

  #readRaw(): Buffer | undefined | Promise<Buffer | undefined> {
    let from = 0;
    while (this.#state === "content") {
      const start = this.#bytes.indexOf(this.#mark, from);
      if (start > 0) return this.#take(start);
      const end = start === 0 ? this.#delimiterEnd() : undefined;
      if (end !== undefined) {
        this.#bytes = this.#bytes.subarray(end);
        this.#state = "head";
      } else if (start === 0 && !this.#needsMore()) {
        // A longer line that begins like the boundary is content.
        from = 2;
      } else {
        const safe = start === 0 ? 0 : this.#safeEnd();
        if (safe > this.#skip) return this.#take(safe);
        return this.#fill().then(() => this.#readRaw());
      }
    }
    return undefined;
  }

  /**
   * Where the content ends that cannot be a part of the boundary. Mostly nothing is left after it, and then the bytes that arrive next
   * need not be copied.
   */
  #safeEnd(): number {
    const bytes = this.#bytes;
    const start = bytes.indexOf(0x0d, Math.max(0, bytes.length - this.#mark.length + 1));
    return start === -1 ? bytes.length : start;
  }

  #take(end: number): Buffer {
    const piece = this.#bytes.subarray(this.#skip, end);
    this.#bytes = this.#bytes.subarray(end);
    this.#skip = 0;
    return piece;
  }

  /** If the bytes begin with a delimiter, the end of its line; `undefined` if not, or if not all of it has arrived. RFC 2046 §5.1.1. */
  #delimiterEnd(): number | undefined {
    const bytes = this.#bytes;
    const { end, isLast } = this.#afterMark();
    this.#isLast = isLast;
    if (bytes[end] === 0x0d && bytes[end + 1] === 0x0a) return end + 2;
    return isLast && end === bytes.length && this.#allArrived ? end : undefined;
  }

  /** Whether the end of the line that begins like the boundary has not arrived. */
  #needsMore(): boolean {
    const { end } = this.#afterMark();
    if (end > this.#mark.length + longestHead) throw malformed();
    return (
      !this.#allArrived && (this.#bytes.length === end || (this.#bytes.length === end + 1 && [0x0d, 0x2d].includes(this.#bytes[end]!)))
    );
  }

  #afterMark(): { readonly end: number; readonly isLast: boolean } {
    const bytes = this.#bytes;
    let end = this.#mark.length;
    const isLast = bytes[end] === 0x2d && bytes[end + 1] === 0x2d;
    if (isLast) end += 2;
    while (bytes[end] === 0x20 || bytes[end] === 0x09) end++;
    return { end, isLast };
  }

  #takeHead(): string | Promise<string> {
    const bytes = this.#bytes;
    // A part without headers begins with the line break that ends its head.
    const end = bytes[0] === 0x0d && bytes[1] === 0x0a ? 0 : bytes.indexOf(headEnd) + 2;
    if (end > longestHead || (end === 1 && bytes.length > longestHead + 4)) throw malformed();
    if (end === 1) return this.#fill().then(() => this.#takeHead());
    this.#bytes = bytes.subarray(end);
    this.#skip = 2;
    this.#state = "content";
    return bytes.toString("utf8", 0, end);
  }

  async #fill(): Promise<void> {
    if (this.#allArrived) throw malformed();
    const { done, value } = await this.#chunks.next();
    if (done === true) this.#allArrived = true;
    else
      this.#bytes =
        this.#bytes.length === 0 ? Buffer.from(value.buffer, value.byteOffset, value.length) : Buffer.concat([this.#bytes, value]);
  }
}

const malformed = () => new HTTPError(400, "The body is not valid multipart/form-data.");

/** The head of a part, and what its content is encoded with. */
function readHead(text: string): { readonly head: PartHead; readonly coding: string } {
  const headers = new Map<string, string>();
  // A line that begins with a blank continues the one before it.
  for (const line of text.replaceAll(/\r\n[ \t]+/g, " ").split("\r\n")) {
    if (line === "") continue;
    const colon = line.indexOf(":");
    if (colon < 1) throw malformed();
    headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  const disposition = headers.get("content-disposition") ?? "";
  const coding = headers.get("content-transfer-encoding")?.toLowerCase() ?? "binary";
  if (!/^form-data\s*(?:;|$)/i.test(disposition) || !codings.has(coding)) throw malformed();
  const parameters = parametersOf(disposition);
  const name = parameters.get("name") ?? extended(parameters.get("name*"));
  const filename = extended(parameters.get("filename*")) ?? parameters.get("filename");
  if (name === undefined) throw malformed();
  const type = headers.get("content-type") ?? "text/plain";
  return { head: { name: decoded(name), filename: filename === undefined ? undefined : decoded(filename), type }, coding };
}

/** The encodings of parts. RFC 7578 §4.7: clients should not use them, but some do. */
const codings: ReadonlySet<string> = new Set(["7bit", "8bit", "binary", "base64"]);

// One parameter: a name, and a value in quotes or without. In quotes, only a quote and a backslash are escaped with a backslash:
// old browsers send the path of a file as it is.
const parameter = /;\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;"]*))/gs;

/** The parameters of a header, by their names in lower case; of equal ones, the first. */
function parametersOf(header: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [, name = "", quoted, plain = ""] of header.matchAll(parameter)) {
    const key = name.toLowerCase();
    if (!found.has(key)) found.set(key, quoted === undefined ? plain.trim() : quoted.replaceAll(/\\(["\\])/g, "$1"));
  }
  return found;
}

/** Browsers write a quote and line breaks in a name as three characters each. HTML, "multipart/form-data encoding algorithm". */
const decoded = (name: string) => name.replaceAll(/%(22|0D|0A)/gi, (_text, code: string) => String.fromCharCode(Number.parseInt(code, 16)));

/** The value of a parameter in the form of RFC 8187: charset, language and percent-encoded text. */
function extended(value: string | undefined): string | undefined {
  const [, charset, text] = /^([^']*)'[^']*'(.*)$/s.exec(value ?? "") ?? [];
  if (charset === undefined || text === undefined) return value;
  const bytes = text.replaceAll(/%([\da-f]{2})/gi, (_text, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  return charset.toLowerCase() === "utf-8" ? utf8.decode(Buffer.from(bytes, "latin1")) : bytes;
}

/** The text of a part. */
export const textOf = (pieces: readonly Uint8Array[]): string => utf8.decode(Buffer.concat(pieces));

/** Decodes the text of parts. */
export const utf8: InstanceType<typeof TextDecoder> = new TextDecoder("utf-8", { ignoreBOM: true });
