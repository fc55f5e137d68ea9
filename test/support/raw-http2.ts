import { EventEmitter, once } from "node:events";
import { connect, type TLSSocket } from "node:tls";
import { certificate } from "./certificate.ts";
import { within } from "./within.ts";

/** The types of frames that tests send or read. RFC 9113 §6. */
export const frameTypes = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7, windowUpdate: 8, continuation: 9 } as const;
export const flags = { endStream: 1, endHeaders: 4 } as const;

/** A frame as it was received. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** The bytes of a frame, without any check. */
export function frame(type: number, flagBits: number, stream: number, payload: Uint8Array = new Uint8Array()): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flagBits;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Headers in the form of HPACK that needs no table: RFC 7541 §6.2.2. Names and values are at most 126 bytes long. */
export function headerBlock(headers: readonly (readonly [name: string, value: string])[]): Buffer {
  const text = (each: string) => [Buffer.from([each.length]), Buffer.from(each, "latin1")];
  return Buffer.concat(headers.flatMap(([name, value]) => [Buffer.from([0]), ...text(name), ...text(value)]));
}

/** The pseudo-headers of a request to localhost. */
export function requestHead(method: string, path = "/"): readonly (readonly [name: string, value: string])[] {
  return [
    [":method", method],
    [":scheme", "https"],
    [":authority", "localhost"],
    [":path", path],
  ];
}

/** What a client sends first: the preface and empty settings. */
export const preface = Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(frameTypes.settings, 0, 0)]);

/** A client that sends frames unchanged, even malformed ones, and reads those of the server. */
export class RawHttp2Client {
  readonly socket: TLSSocket;
  readonly frames: Frame[] = [];
  #rest = Buffer.alloc(0);
  #ended = false;
  readonly #news = new EventEmitter();

  private constructor(socket: TLSSocket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#rest = Buffer.concat([this.#rest, chunk]);
      this.#read();
    });
    const end = () => {
      this.#ended = true;
      this.#news.emit("change");
    };
    socket.on("error", end).on("end", end).on("close", end);
  }

  /** Opens a connection, and sends the preface unless told otherwise. */
  static async open(port: number, first: Uint8Array = preface): Promise<RawHttp2Client> {
    const socket = connect({
      port,
      host: "127.0.0.1",
      ca: certificate.cert,
      servername: "localhost",
      ALPNProtocols: ["h2"],
    });
    await once(socket, "secureConnect");
    const client = new RawHttp2Client(socket);
    if (first.length > 0) await client.send(first);
    return client;
  }

  /** Sends bytes; resolves when the operating system has taken them, or cannot take them any more. */
  send(...bytes: readonly Uint8Array[]): Promise<void> {
    return new Promise((resolve) => this.socket.write(Buffer.concat(bytes), () => resolve()));
  }

  /** Sends a request on a stream, whose number must be odd. */
  request(stream: number, method: string, path = "/", ends = true): Promise<void> {
    const bits = flags.endHeaders | (ends ? flags.endStream : 0);
    return this.send(frame(frameTypes.headers, bits, stream, headerBlock(requestHead(method, path))));
  }

  /** The first frame that fits; `undefined` if the connection ends before it arrives. */
  async until(what: string, fits: (each: Frame) => boolean): Promise<Frame | undefined> {
    for (;;) {
      const found = this.frames.find(fits);
      if (found !== undefined || this.#ended) return found;
      await within(what, once(this.#news, "change"));
    }
  }

  /** The first frame of a type on a stream. */
  first(type: number, stream: number): Promise<Frame | undefined> {
    return this.until(`frame ${type} on stream ${stream}`, (each) => each.type === type && each.stream === stream);
  }

  /** Waits for the end of the connection. */
  async end(): Promise<void> {
    while (!this.#ended) await within("the end of the connection", once(this.#news, "change"));
    this.socket.destroy();
  }

  #read(): void {
    while (this.#rest.length >= 9) {
      const size = this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < 9 + size) break;
      const payload = this.#rest.subarray(9, 9 + size);
      this.frames.push({ type: this.#rest[3]!, flags: this.#rest[4]!, stream: this.#rest.readUInt32BE(5), payload });
      this.#rest = this.#rest.subarray(9 + size);
    }
    this.#news.emit("change");
  }
}
