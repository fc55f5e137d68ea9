import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { safeMethods } from "../routing/methods.ts";

/** The most requests of one connection that are answered at once, over HTTP/1 and over HTTP/2. */
export const mostAtOnce = 100;

/**
 * The requests of a connection over HTTP/1 that have arrived before the previous one was answered. They are answered at once only
 * if none of them can change anything (RFC 9112 §9.3.2), and up to a limit. While one waits, nothing more is read from the
 * connection.
 */
export class Pipeline {
  readonly #socket: Socket;
  readonly #running = new Set<ServerResponse>();
  readonly #waiting: { readonly response: ServerResponse; readonly run: () => void }[] = [];
  /** The response that was begun last. */
  #last: ServerResponse | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    // Node tells only the first response that the client has disconnected.
    socket.once("close", () => {
      this.#waiting.length = 0;
      for (const each of this.#running) if (each.socket === null) each.destroy().emit("close");
    });
    // Node resumes the connection whenever a body is read.
    socket.on("resume", () => {
      if (this.#waiting.length > 0) socket.pause();
    });
  }

  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** The responses that were begun and have not ended. */
  get running(): Iterable<ServerResponse> {
    return this.#running;
  }

  /**
   * Answers a request, now or in its turn.
   *
   * @param previous - The unfinished response to the previous request.
   */
  add(previous: ServerResponse, response: ServerResponse, run: () => void): void {
    if (this.#running.size === 0 && this.#waiting.length === 0) this.#begin(previous);
    this.#waiting.push({ response, run });
    this.#advance();
    if (this.#waiting.length > 0) this.#socket.pause();
  }

  #begin(response: ServerResponse): void {
    this.#last = response;
    this.#running.add(response);
    response.once("close", () => {
      this.#running.delete(response);
      this.#advance();
    });
  }

  #advance(): void {
    if (this.#waiting.length === 0) return;
    while (this.#waiting.length > 0 && this.#mayRun(this.#waiting[0]!.response)) {
      const { response, run } = this.#waiting.shift()!;
      this.#begin(response);
      run();
    }
    if (this.#waiting.length === 0) this.#socket.resume();
  }

  #mayRun(response: ServerResponse): boolean {
    const last = this.#last!;
    // The last response ends the connection: what follows it is not answered.
    if (!last.shouldKeepAlive || !this.#socket.writable) return false;
    if (this.#running.size === 0) return true;
    return this.#running.size < mostAtOnce && [last, response].every(({ req }) => safeMethods.has(req.method!));
  }
}
