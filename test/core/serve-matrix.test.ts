import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { request, Response, text } from "@mini/core";
import { serve, type Server } from "@mini/core/serve";
import { expect, test } from "vitest";
import { certificate } from "../support/certificate.ts";
import { gate } from "../support/gate.ts";
import { makeApp } from "../support/one-handler.ts";
import { closeSockets, connectSecurely, watch } from "../support/slow-clients.ts";
import { within } from "../support/within.ts";

const protocols = ["HTTP/1", "HTTP/1 over TLS", "HTTP/2"] as const;
type Protocol = (typeof protocols)[number];

/** What a handler does with the body. */
const handlers: Readonly<Record<string, () => unknown>> = {
  "does not read": () => text("done"),
  "looks at": () => text(request.web.body === null ? "none" : "done"),
  "reads a part of": async () => {
    await request.web.body!.getReader().read();
    return text("done");
  },
  "reads the whole of": async () => text((await request.text()) === "" ? "none" : "done"),
  "gives away": () => new Response(request.web.body),
};

/** What a client does with its request. */
const clients = ["sends and reads", "leaves in the middle of", "never reads the response to", "trickles"] as const;
const size = 300_000;

interface Asked {
  /** Resolves when the connection has ended. */
  readonly closed: Promise<unknown>;
  /** Sends bytes of the body. */
  write(bytes: number): void;
  end(): void;
  leave(): void;
  /** Reads the response to its end. */
  read(): Promise<void>;
  /** Resolves with the status of another request on the connection. */
  again(): Promise<number>;
}

function askHttp1(server: Server, isSecure: boolean): Asked {
  const socket: Socket = isSecure ? connectSecurely(server.port) : connect(server.port, "127.0.0.1");
  watch(socket);
  socket.on("error", () => undefined);
  let received = "";
  const until = async (text: RegExp) => {
    socket.on("data", (chunk: Buffer) => (received = (received + chunk.toString("latin1")).slice(-400_000)));
    while (!text.test(received)) await within("an answer", once(socket, "data"));
  };
  socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`);
  return {
    closed: new Promise((resolve) => socket.once("close", resolve)),
    write: (bytes) => socket.write("x".repeat(bytes)),
    end: () => undefined,
    leave: () => socket.destroy(),
    read: () => until(/^HTTP\/1\.1 200 [^]*(?:done|x\r\n0\r\n\r\n)$/),
    async again() {
      received = "";
      socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await until(/^HTTP\/1\.1 \d{3} [^]*home/);
      return Number(received.slice(9, 12));
    },
  };
}

function askOverHttp2(server: Server): Asked {
  const client = connectHttp2(server.url, { ca: certificate.cert });
  client.on("error", () => undefined);
  const stream = client.request({ ":path": "/", ":method": "POST" });
  stream.on("error", () => undefined);
  return {
    closed: new Promise((resolve) => client.once("close", resolve)),
    write: (bytes) => stream.write("x".repeat(bytes)),
    end: () => stream.end(),
    leave: () => client.destroy(),
    async read() {
      const closed = new Promise((resolve) => stream.once("close", resolve));
      stream.resume();
      await within("an answer", closed);
    },
    async again() {
      const other = client.request({ ":path": "/" });
      const [head] = (await within("another answer", once(other, "response"))) as [Record<string, unknown>];
      other.resume();
      client.close();
      return Number(head[":status"]);
    },
  };
}

async function run(protocol: Protocol, work: () => unknown, does: (typeof clients)[number], closes: boolean): Promise<void> {
  const begun = gate();
  const { app } = makeApp(() => {
    begun.open();
    return request.method === "GET" ? text("home") : work();
  });
  const tls = protocol === "HTTP/1" ? {} : { tls: certificate };
  const server = await serve(app, {
    port: 0,
    silent: true,
    gracefulShutdown: false,
    grace: closes ? 500 : 100,
    timeouts: does === "trickles" ? { headers: 300, request: 300 } : {},
    ...tls,
  });
  const asked = protocol === "HTTP/2" ? askOverHttp2(server) : askHttp1(server, protocol !== "HTTP/1");
  asked.write(1000);
  let trickle: NodeJS.Timeout | undefined;
  if (does === "trickles") trickle = setInterval(() => asked.write(1), 20);
  else if (does !== "leaves in the middle of") asked.write(size - 1000);
  if (does === "sends and reads" || does === "never reads the response to") asked.end();
  try {
    // On a busy machine, the limit of a client that trickles may be over before its handler begins.
    await within("the handler", does === "trickles" ? Promise.race([begun.opened, asked.closed]) : begun.opened);
    if (does === "leaves in the middle of") asked.leave();
    if (does === "sends and reads" && !closes) {
      await asked.read();
      expect(await asked.again()).toBe(200);
    }
    await within("the server's end", server.close());
  } finally {
    clearInterval(trickle);
    asked.leave();
  }
}

const cases = protocols.flatMap((protocol) =>
  Object.keys(handlers).flatMap((handler) =>
    clients.flatMap((client) => [false, true].map((closes) => [protocol, handler, client, closes] as const)),
  ),
);

test.each(protocols)(
  "over %s, whatever a handler and a client do with a body, the next request is answered and the server closes",
  async (protocol) => {
    const mine = cases.filter(([each]) => each === protocol);
    const results = await Promise.allSettled(
      mine.map(async ([, handler, client, closes]) => {
        await run(protocol, handlers[handler]!, client, closes).catch((error: unknown) => {
          throw new Error(`The handler ${handler} the body, the client ${client} it${closes ? ", the server closes" : ""}`, {
            cause: error,
          });
        });
      }),
    );
    closeSockets();
    expect(results.flatMap((each) => (each.status === "rejected" ? [String(each.reason)] : []))).toEqual([]);
  },
);
