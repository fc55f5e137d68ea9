import { connect as connectHttp2 } from "node:http2";
import { request } from "node:http";
import type { Server } from "@mini/core/serve";
import { certificate } from "./certificate.ts";
import type { Protocol } from "./protocols.ts";
import { within } from "./within.ts";

/** A client that is reading a stream. */
export interface Listening {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Resolves with everything that was received, once it contains a text. */
  readonly has: (text: string) => Promise<string>;
  /** Resolves at the end with everything that was received, and whether the stream was complete. */
  readonly end: Promise<{ readonly text: string; readonly isWhole: boolean }>;
  readonly pause: () => void;
  readonly leave: () => void;
}

interface Body extends NodeJS.EventEmitter {
  setEncoding(encoding: "utf8"): unknown;
  pause(): unknown;
}

/** Requests a stream, and resolves when the head of the response has arrived. */
export function listenTo(server: Server, protocol: Protocol, path = "/", headers: Record<string, string> = {}): Promise<Listening> {
  return within(
    `the head of ${path}`,
    new Promise((resolve, reject) => {
      if (protocol === "HTTP/2") {
        const client = connectHttp2(server.url, { ca: certificate.cert });
        const stream = client.request({ ":path": path, ...headers });
        stream.on("error", () => undefined).on("close", () => client.close());
        stream.once("response", (head) =>
          resolve(
            listening(
              stream,
              head[":status"]!,
              head,
              () => stream.rstCode === 0,
              () => stream.close(8),
            ),
          ),
        );
        client.on("error", reject);
        return;
      }
      const sent = request(server.url + path.slice(1), { headers, agent: false });
      sent.on("error", reject).once("response", (got) =>
        resolve(
          listening(
            got,
            got.statusCode!,
            got.headers,
            () => got.complete,
            () => got.destroy(),
          ),
        ),
      );
      sent.end();
    }),
  );
}

function listening(body: Body, status: number, headers: Listening["headers"], isWhole: () => boolean, leave: () => void): Listening {
  let text = "";
  const waiting = new Map<string, (text: string) => void>();
  body.setEncoding("utf8");
  body
    .on("error", () => undefined)
    .on("data", (chunk) => {
      text += String(chunk);
      for (const [wanted, found] of waiting) if (text.includes(wanted)) found(text);
    });
  const end = new Promise<{ text: string; isWhole: boolean }>((resolve) => {
    body.once("close", () => resolve({ text, isWhole: isWhole() }));
  });
  const has = (wanted: string) =>
    within(
      JSON.stringify(wanted),
      text.includes(wanted) ? Promise.resolve(text) : new Promise<string>((resolve) => waiting.set(wanted, resolve)),
    );
  return { status, headers, has, end: within("the end of the stream", end), pause: () => body.pause(), leave };
}
