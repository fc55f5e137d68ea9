import { App, request, RequestHandler, Rule, text } from "@mini/core";
import { serve, type Server, type ServeOptions } from "@mini/core/serve";
import { afterEach, describe, expect, test, vi } from "vitest";
import { gate } from "../support/gate.ts";
import { get } from "../support/raw-app.ts";
import { RawClient } from "../support/raw-client.ts";
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
    const client = await RawClient.open(server.port);
    await client.send(get("/"));
    await client.answer();
    await client.send(handshake);
    await within("the middleware", begun.opened);
    // Another connection is ended for being idle, five times.
    for (let i = 0; i < 5; i++) {
      const idle = await RawClient.open(server.port);
      await idle.send(get("/"));
      await idle.answer();
      await idle.end();
    }
    held.open();
    expect((await client.answer()).status).toBe(101);
    client.reset();
  });
});
