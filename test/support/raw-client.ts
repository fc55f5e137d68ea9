import { EventEmitter, once } from "node:events";
import { connect, type Socket } from "node:net";
import { within } from "./within.ts";

/** One response, read from the bytes of a connection. */
export interface RawAnswer {
  readonly status: number;
  /** By name in lower case; of equal names the last. */
  readonly headers: Readonly<Record<string, string>>;
  /** One character for each byte. */
  readonly body: string;
}

/** How a connection ended: the server closed it, or reset it. */
export type Ending = "closed" | "reset";

const headEnd = "\r\n\r\n";

/** A client that sends bytes unchanged, and reads responses by the rules of RFC 9112 §6.3, so that a surplus or missing response is noticed. */
export class RawClient {
  readonly socket: Socket;
  #received = "";
  #ending: Ending | undefined;
  readonly #news = new EventEmitter();

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#received += chunk.toString("latin1");
      this.#news.emit("change");
    });
    socket.on("end", () => this.#end("closed"));
    socket.on("error", () => this.#end("reset"));
  }

  /** Opens a connection; resolves when it is connected. */
  static open(port: number): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new RawClient(socket));
      });
    });
  }

  /** Sends bytes; resolves when the operating system has taken them. */
  send(bytes: string): Promise<void> {
    return new Promise((resolve) => this.socket.write(bytes, "latin1", () => resolve()));
  }

  /** Sends each byte separately. */
  async sendSlowly(bytes: string): Promise<void> {
    for (const byte of bytes) await this.send(byte);
  }

  /** Ends sending, and continues to read. */
  finish(bytes = ""): void {
    this.socket.end(bytes, "latin1");
  }

  /** Resets the connection. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  /**
   * The next response.
   *
   * @param method - The method of the request, because a response to HEAD has no body.
   * @throws Error with the bytes that have arrived, if the connection ends before.
   */
  async answer(method = "GET"): Promise<RawAnswer> {
    for (;;) {
      const found = readAnswer(this.#received, method, this.#ending !== undefined);
      if (found !== undefined) {
        this.#received = this.#received.slice(found.length);
        return found.answer;
      }
      if (this.#ending !== undefined) throw new Error(`It was ${this.#ending} after ${JSON.stringify(this.#received.slice(0, 200))}.`);
      await this.#change(`the answer to ${method}`);
    }
  }

  /** Waits until at least one byte of the next response has arrived. */
  async begun(): Promise<void> {
    while (this.#received === "" && this.#ending === undefined) await this.#change("the first byte of an answer");
  }

  /** Waits for the end of the connection. Returns the bytes that were not part of an expected response. */
  async end(): Promise<{ readonly how: Ending; readonly rest: string }> {
    while (this.#ending === undefined) await this.#change("the end of the connection");
    this.socket.destroy();
    return { how: this.#ending, rest: this.#received };
  }

  /** Waits for more bytes, or for the end. */
  async #change(what: string): Promise<void> {
    const rest = this.#received === "" ? "" : ` after ${JSON.stringify(this.#received.slice(0, 200))}`;
    await within(`${what}${rest}`, once(this.#news, "change"));
  }

  #end(how: Ending): void {
    this.#ending ??= how;
    this.#news.emit("change");
  }
}

function readAnswer(bytes: string, method: string, ended: boolean): { readonly answer: RawAnswer; readonly length: number } | undefined {
  const end = bytes.indexOf(headEnd);
  if (end === -1) return undefined;
  const [first = "", ...lines] = bytes.slice(0, end).split("\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1]);
  if (Number.isNaN(status)) throw new Error(`This is no answer: ${JSON.stringify(bytes.slice(0, 200))}.`);
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
  );
  const start = end + headEnd.length;
  const read = (body: string, length: number) => ({ answer: { status, headers, body }, length });
  if (method === "HEAD" || status < 200 || status === 204 || status === 304) return read("", start);
  if (headers["transfer-encoding"] === "chunked") return readChunks(bytes, start, read);
  const size = headers["content-length"];
  if (size === undefined) return ended ? read(bytes.slice(start), bytes.length) : undefined;
  const stop = start + Number(size);
  return bytes.length < stop ? undefined : read(bytes.slice(start, stop), stop);
}

function readChunks<T>(bytes: string, start: number, read: (body: string, length: number) => T): T | undefined {
  let body = "";
  for (let at = start; ;) {
    const line = bytes.indexOf("\r\n", at);
    if (line === -1) return undefined;
    const size = Number.parseInt(bytes.slice(at, line), 16);
    const next = line + 2 + size + 2;
    if (Number.isNaN(size)) throw new Error(`This is no chunk: ${JSON.stringify(bytes.slice(at, at + 200))}.`);
    if (bytes.length < next) return undefined;
    if (size === 0) return read(body, next);
    body += bytes.slice(line + 2, next - 2);
    at = next;
  }
}
