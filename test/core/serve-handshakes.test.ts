import { App, request, RequestHandler, Response, Rule, text } from "@mini/core";
import { serve, type Server, type ServeOptions } from "@mini/core/serve";
import { afterEach, describe, expect, test, vi } from "vitest";
import { gate } from "../support/gate.ts";
import { get } from "../support/raw-app.ts";
import { RawClient } from "../support/raw-client.ts";
import { sendRaw } from "../support/raw-http.ts";
import { reach, write } from "../support/slow-clients.ts";
import { within } from "../support/within.ts";

const open: Server[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

class Home extends RequestHandler {
  get() {
    return text("home");
  }
}

const handshake = get("/", "Connection: Upgrade", "Upgrade: websocket");

describe("a handshake for which middleware has to wait", () => {
  /** A server whose middleware waits in handshakes, until the gate is opened. */
  async function listenWaiting(options: ServeOptions) {
    const [begun, left, held] = [gate(), gate(), gate()];
    class Waiting {
      async beforeDispatch() {
        if (request.headers.get("upgrade") === null) return;
        request.signal.addEventListener("abort", left.open);
        begun.open();
        await held.opened;
      }
    }
    const app = new App({ rules: [new Rule("/", { handler: Home })], middleware: [Waiting] });
    const server = await serve(app, { port: 0, silent: true, gracefulShutdown: false, ...options });
    open.push(server);
    return { server, begun, left, held };
  }

  test("is not handed over when its client has left", async () => {
    const upgrade = vi.fn<() => void>();
    const { server, begun, left, held } = await listenWaiting({ upgrade });
    const client = await RawClient.open(server.port);
    await client.send(handshake);
    await within("the middleware", begun.opened);
    client.reset();
    await within("the end of the connection", left.opened);
    held.open();
    await within("the server's end", server.close());
    expect(upgrade).not.toHaveBeenCalled();
  });

  test("may take longer than a pause between two requests", async () => {
    const { server, begun, held } = await listenWaiting({
      upgrade: (_asked, socket) => void socket.end("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
      timeouts: { idle: 50 },
    });
    const { all } = await reach(() => {
      const asked = write(server.port, get("/"));
      asked.socket.once("data", () => asked.socket.write(handshake));
      return asked;
    }, begun.opened);
    // Another connection is ended for being idle, five times.
    for (let i = 0; i < 5; i++) {
      const idle = await RawClient.open(server.port);
      await idle.send(get("/"));
      await idle.answer();
      await idle.end();
    }
    held.open();
    expect(await all).toMatch(/^HTTP\/1\.1 200 [^]*home[^]*HTTP\/1\.1 101 /);
  });
});

describe("a handshake that is refused with a stream", () => {
  /** More than the operating system and the response hold. */
  const chunks = 300;

  async function listenRefusing(answer: () => Response, options: ServeOptions = {}): Promise<Server> {
    class Refusal {
      beforeDispatch() {
        return request.headers.get("upgrade") === null ? undefined : answer();
      }
    }
    const app = new App({ rules: [new Rule("/", { handler: Home })], middleware: [Refusal] });
    const server = await serve(app, { port: 0, silent: true, gracefulShutdown: false, upgrade: () => undefined, ...options });
    open.push(server);
    return server;
  }

  test("sends all of it", async () => {
    let left = chunks;
    const pull = (controller: ReadableStreamDefaultController) => {
      if (left-- > 0) controller.enqueue(new Uint8Array(65_536));
      else controller.close();
    };
    const { port } = await listenRefusing(
      () => new Response(new ReadableStream({ pull }), { headers: { "content-length": String(chunks * 65_536) } }),
    );
    const answer = await sendRaw(port, handshake);
    expect(answer.length - answer.indexOf("\r\n\r\n") - 4).toBe(chunks * 65_536);
  });

  test("ends when its client does not read it", async () => {
    const cancelled = gate();
    const pull = (controller: ReadableStreamDefaultController) => controller.enqueue(new Uint8Array(65_536));
    const body = () => new ReadableStream({ pull, cancel: cancelled.open });
    const { port } = await listenRefusing(() => new Response(body()), { timeouts: { request: 100 } });
    const client = await RawClient.open(port);
    client.socket.pause();
    await client.send(handshake);
    await expect(within("the end of the stream", cancelled.opened)).resolves.toBeUndefined();
    client.reset();
  });
});
