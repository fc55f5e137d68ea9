import { connect as connectHttp2, type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";
import { connect, type Socket } from "node:net";
import type { App } from "@mini/core";
import { serve, type Server } from "@mini/core/serve";
import { certificate } from "./certificate.ts";
import { within } from "./within.ts";

export type Protocol = "HTTP/1" | "HTTP/2";
export const protocols = ["HTTP/1", "HTTP/2"] as const;

/** A response, and whether it is complete. */
export interface Received {
  readonly status: number;
  readonly body: string;
  readonly isWhole: boolean;
}

/** An application that is served over one protocol, with one connection to it. */
export class Connection {
  readonly #server: Server;
  readonly #http2: ClientHttp2Session | undefined;
  readonly #socket: Socket | undefined;

  private constructor(server: Server, protocol: Protocol) {
    this.#server = server;
    if (protocol === "HTTP/2") this.#http2 = connectHttp2(server.url, { ca: certificate.cert }).on("error", () => undefined);
    else this.#socket = connect(server.port, "127.0.0.1").on("error", () => undefined);
  }

  static async open(app: App, protocol: Protocol): Promise<Connection> {
    const options = { port: 0, silent: true, gracefulShutdown: false };
    return new Connection(await serve(app, protocol === "HTTP/1" ? options : { ...options, tls: certificate }), protocol);
  }

  get port(): number {
    return this.#server.port;
  }

  /** Ends the connection and the server. */
  async close(): Promise<void> {
    this.#socket?.destroy();
    this.#http2?.destroy();
    await this.#server.close();
  }

  get(path: string): Promise<Received> {
    return this.#ask("GET", path, undefined, undefined);
  }

  /** Sends a request with a body of text. */
  post(path: string, body: string, type = "text/plain"): Promise<Received> {
    return this.#ask("POST", path, body, type);
  }

  /** Begins a request and sends only the beginning of its body. The function that it returns disconnects. */
  beginPost(path: string, beginning: string, type = "text/plain"): () => void {
    if (this.#http2 !== undefined) {
      this.#http2
        .request({ ":method": "POST", ":path": path, "content-type": type })
        .on("error", () => undefined)
        .write(beginning);
      // If only the stream were closed, the body would seem complete before the reset.
      return () => this.#http2!.destroy();
    }
    this.#socket!.write(`POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: 1000000\r\n\r\n${beginning}`);
    return () => this.#socket!.destroy();
  }

  /** Begins a request without a body, and does not read the response. The function that it returns disconnects. */
  begin(path: string): () => void {
    if (this.#http2 !== undefined) {
      const stream = this.#http2.request({ ":path": path }).on("error", () => undefined);
      return () => stream.close(8);
    }
    this.#socket!.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    return () => this.#socket!.destroy();
  }

  #ask(method: string, path: string, body: string | undefined, type: string | undefined): Promise<Received> {
    const sent = body ?? "";
    const work =
      this.#http2 === undefined
        ? receive(this.#socket!, headOf(method, path, body, type) + sent)
        : receiveStream(
            this.#http2.request(
              { ":method": method, ":path": path, ...(type !== undefined && { "content-type": type }) },
              { endStream: body === undefined },
            ),
            body,
          );
    return within(`the answer to ${method} ${path}`, work);
  }
}

function headOf(method: string, path: string, body: string | undefined, type: string | undefined): string {
  const entity = body === undefined ? "" : `Content-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
  return `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${entity}\r\n`;
}

function receiveStream(stream: ClientHttp2Stream, body: string | undefined): Promise<Received> {
  return new Promise((resolve) => {
    let status = 0;
    let text = "";
    let hasEnded = false;
    stream
      .setEncoding("utf8")
      .on("error", () => undefined)
      .on("response", (headers) => (status = headers[":status"] ?? 0))
      .on("data", (chunk) => (text += String(chunk)))
      .on("end", () => (hasEnded = true))
      .on("close", () => resolve({ status, body: text, isWhole: hasEnded && stream.rstCode === 0 }));
    if (body !== undefined) stream.end(body);
  });
}

/** Reads one response of HTTP/1.1. */
function receive(socket: Socket, request: string): Promise<Received> {
  return new Promise((resolve) => {
    let all = "";
    const finish = (isWhole: boolean, body: string) => {
      socket.off("data", onData).off("close", onClose);
      resolve({ status: Number(all.slice(9, 12)), body, isWhole });
    };
    const onData = (data: Buffer) => {
      all += data.toString("latin1");
      const end = all.indexOf("\r\n\r\n");
      if (end === -1) return;
      const body = all.slice(end + 4);
      const length = /\r\ncontent-length: (\d+)/i.exec(all.slice(0, end + 2))?.[1];
      if (length !== undefined && body.length >= Number(length)) finish(true, body);
      else if (length === undefined && body.endsWith("0\r\n\r\n")) finish(true, unchunked(body));
    };
    const onClose = () => {
      const body = all.slice(all.indexOf("\r\n\r\n") + 4);
      finish(false, /\r\ntransfer-encoding: chunked/i.test(all) ? unchunked(body) : body);
    };
    socket.on("data", onData).on("close", onClose);
    socket.write(request);
  });
}

function unchunked(body: string): string {
  let text = "";
  let rest = body;
  for (let size = Number.parseInt(rest, 16); size > 0; size = Number.parseInt(rest, 16)) {
    const start = rest.indexOf("\r\n") + 2;
    text += rest.slice(start, start + size);
    rest = rest.slice(start + size + 2);
  }
  return text;
}
