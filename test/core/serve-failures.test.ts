import { once } from "node:events";
import { request, Response, SecurityHeaders, text } from "@mini/core";
import { serve, type Server, type ServeOptions } from "@mini/core/serve";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { certificate } from "../support/certificate.ts";
import { gate } from "../support/gate.ts";
import { makeApp } from "../support/one-handler.ts";
import { get, post } from "../support/raw-app.ts";
import { RawClient } from "../support/raw-client.ts";
import { frame, frameTypes, RawHttp2Client } from "../support/raw-http2.ts";
import { closeSockets, reach, write } from "../support/slow-clients.ts";
import { within } from "../support/within.ts";

const uncaught: unknown[] = [];
const note = (error: unknown) => void uncaught.push(error);
beforeEach(() => void process.on("uncaughtException", note).on("unhandledRejection", note));
const open: Server[] = [];
afterEach(async () => {
  closeSockets();
  await Promise.all(open.splice(0).map((server) => server.close()));
  process.off("uncaughtException", note).off("unhandledRejection", note);
  expect(uncaught.splice(0)).toEqual([]);
});

/** Serves one handler. Its requests for anything but `/` get 404. */
async function listen(work: () => unknown, options: ServeOptions = {}): Promise<{ readonly server: Server; readonly logged: string[] }> {
  const { app, logged } = makeApp(work);
  const server = await serve(app, { port: 0, silent: true, gracefulShutdown: false, grace: 100, ...options });
  open.push(server);
  return { server, logged };
}

/** Resolves with the answer to another request: the server goes on, and what it did in the meantime has been done. */
async function another(server: Server): Promise<number> {
  const client = await RawClient.open(server.port);
  await client.send(get("/other", "Connection: close"));
  const { status } = await client.answer();
  await client.end();
  return status;
}

const unfinished = "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 100\r\n\r\nabc";
const readers = ["text", "json", "arrayBuffer", "blob", "formData", "bytes"] as const;
type Body = Readonly<Record<(typeof readers)[number], () => unknown>>;
const has = (name: (typeof readers)[number]) => name in globalThis.Request.prototype;

describe("a client that disconnects in the middle of a body does not end the process, although no code awaits yet", () => {
  test.each(readers.filter(has).flatMap((name) => [`request.web.${name}()`, `request.web.clone().${name}()`]))("%s", async (call) => {
    const [begun, left] = [gate(), gate()];
    const { server } = await listen(async () => {
      const name = /(\w+)\(\)$/.exec(call)![1] as (typeof readers)[number];
      const web = (call.includes("clone") ? request.web.clone() : request.web) as unknown as Body;
      void web[name]();
      request.signal.addEventListener("abort", left.open);
      begun.open();
      await left.opened;
      return text("late");
    });
    const client = await RawClient.open(server.port);
    await client.send(unfinished);
    await within("the handler", begun.opened);
    client.reset();
    await within("the abort of the signal", left.opened);
    expect(await another(server)).toBe(404);
  });

  test("a body that is read after the response was sent", async () => {
    const { server } = await listen(() => {
      void request.web.arrayBuffer();
      return text("early");
    });
    const client = await RawClient.open(server.port);
    await client.send(unfinished);
    expect((await client.answer()).body).toBe("early");
    client.reset();
    expect(await another(server)).toBe(404);
  });
});

describe("a listener of the request's signal that fails is logged, and the process goes on:", () => {
  const fail = (): never => {
    throw new Error("of a listener");
  };

  /** What is logged when the client of a handler leaves that has added its listeners; the server still answers others. */
  async function loggedWhenLeft(addListeners: () => void): Promise<readonly string[]> {
    const [begun, left] = [gate(), gate()];
    const { server, logged } = await listen(async () => {
      addListeners();
      request.signal.addEventListener("abort", left.open);
      begun.open();
      await left.opened;
      return text("late");
    });
    const client = await RawClient.open(server.port);
    await client.send(get("/"));
    await within("the handler", begun.opened);
    client.reset();
    await within("the abort of the signal", left.opened);
    expect(await another(server)).toBe(404);
    return logged;
  }

  test.each<[string, (signal: AbortSignal) => void]>([
    ["a function", (signal) => signal.addEventListener("abort", fail)],
    [
      "a function with a promise",
      (signal) => signal.addEventListener("abort", (() => Promise.reject(new Error("of a listener"))) as () => void),
    ],
    ["an object", (signal) => signal.addEventListener("abort", { handleEvent: fail })],
    ["the property onabort", (signal) => (signal.onabort = fail)],
  ])("%s", async (_title, listenTo) => {
    for (const signalOf of [() => request.signal, () => request.web.signal, () => request.web.clone().signal]) {
      const logged = await loggedWhenLeft(() => listenTo(signalOf()));
      expect(logged).toEqual([expect.stringMatching(/^GET \/: a listener of the request's signal failed: Error: of a listener\n/)]);
    }
  });

  test("a listener that was removed is not called", async () => {
    const logged = await loggedWhenLeft(() => {
      request.signal.addEventListener("abort", fail);
      request.signal.removeEventListener("abort", fail);
    });
    expect(logged).toEqual([]);
  });
});

test.each([
  ["the reason", (reason: unknown) => reason],
  ["an error with the reason as its cause", (reason: unknown) => new Error("of a client", { cause: reason })],
])("a handler that ends with %s because the server closes answers 503, and nothing is logged", async (_title, errorOf) => {
  const begun = gate();
  const { server, logged } = await listen(
    () =>
      new Promise((_resolve, reject) => {
        const { signal } = request;
        signal.addEventListener("abort", () => reject(errorOf(signal.reason) as Error));
        begun.open();
      }),
    { grace: 1 },
  );
  const client = await RawClient.open(server.port);
  await client.send(get("/"));
  await within("the handler", begun.opened);
  const closed = server.close();
  expect((await client.answer()).status).toBe(503);
  await within("the server's end", closed);
  expect(logged).toEqual([]);
});

describe.each([
  ["empty", new Uint8Array()],
  ["tiny", Uint8Array.of(65)],
])("an endless stream of %s chunks that never waits", (_title, chunk) => {
  test("lets other requests be answered, and ends when its client leaves", async () => {
    const [begun, cancelled] = [gate(), gate()];
    const pull = (controller: ReadableStreamDefaultController) => {
      begun.open();
      controller.enqueue(chunk);
    };
    const { server } = await listen(() => new Response(new ReadableStream({ pull, cancel: cancelled.open })));
    const client = await RawClient.open(server.port);
    await client.send(get("/"));
    await within("the stream", begun.opened);
    expect(await another(server)).toBe(404);
    client.reset();
    await expect(within("the end of the stream", cancelled.opened)).resolves.toBeUndefined();
  });
});

describe("no response is written into one that is being sent:", () => {
  test.each([
    ["CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n"],
    ["a malformed request", "nonsense\r\n\r\n"],
  ])("%s behind a request ends the connection", async (_title, bytes) => {
    const begun = gate();
    const { server } = await listen(() => {
      begun.open();
      return new Promise(() => undefined);
    });
    const client = await RawClient.open(server.port);
    await client.send(get("/"));
    await within("the handler", begun.opened);
    await client.send(bytes);
    expect((await client.end()).rest).toBe("");
  });

  test("a body that comes too late after its response was sent ends the connection", async () => {
    const begun = gate();
    const work = () => {
      begun.open();
      return text("early");
    };
    const { server } = await listen(work, { timeouts: { request: 300 } });
    const { all } = await reach(() => write(server.port, unfinished), begun.opened);
    expect(await all).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\nearly$/);
  });
});

describe("a client that leaves while its request waits forever is noticed", () => {
  /** Serves a handler that never answers. The gates open when it has begun, and when its client has left. */
  async function listenWithoutAnswer(options: Parameters<typeof listen>[1]) {
    const [begun, aborted] = [gate(), gate()];
    const { server } = await listen(
      () => {
        request.signal.addEventListener("abort", aborted.open);
        begun.open();
        return new Promise(() => undefined);
      },
      { grace: 60_000, ...options },
    );
    return { server, begun, aborted };
  }

  test.each([
    ["a write behind a request", get("/") + post("/other", "abc")],
    ["a request behind a write", post("/", "abc") + get("/other")],
  ])("over HTTP/1, by the time that a request may take: %s", async (_title, bytes) => {
    const { server, begun, aborted } = await listenWithoutAnswer({ timeouts: { request: 500 } });
    const { socket } = await reach(() => write(server.port, bytes), begun.opened);
    socket.destroy();
    await expect(within("the abort of the signal", aborted.opened)).resolves.toBeUndefined();
  });

  /** Requests a page over new connections, and goes on as told, until a gate is open. On a busy machine, the client may be too slow. */
  const reachHttp2 = ({ port }: Server, opened: Promise<void>, goOn?: (client: RawHttp2Client) => Promise<void>) =>
    reach(async () => {
      const client = await RawHttp2Client.open(port);
      await client.request(1, "GET");
      void goOn?.(client);
      return { client, all: client.end() };
    }, opened);

  test("over HTTP/2, also after a protocol error, when Node does not read any more", async () => {
    const { server, begun, aborted } = await listenWithoutAnswer({ tls: certificate, timeouts: { request: 500, idle: 200 } });
    const { client } = await reachHttp2(server, begun.opened);
    // DATA on a stream that the client has ended.
    await client.send(frame(frameTypes.data, 0, 1, Buffer.from("x")));
    await client.first(frameTypes.goAway, 0);
    client.socket.destroy();
    await expect(within("the abort of the signal", aborted.opened)).resolves.toBeUndefined();
  });

  test("over HTTP/2, a client that answers pings may wait as long as it likes", async () => {
    const done = gate();
    const { server } = await listen(() => done.opened.then(() => text("late")), { tls: certificate, timeouts: { request: 200, idle: 50 } });
    const isPing = ({ type, flags }: { readonly type: number; readonly flags: number }) => type === frameTypes.ping && flags === 0;
    const answered = gate();
    const { client } = await reachHttp2(server, answered.opened, async (asked) => {
      for (let pings = 1; pings <= 10; pings++) {
        if ((await asked.until(`ping ${pings}`, () => asked.frames.filter(isPing).length >= pings)) === undefined) return;
        await asked.send(frame(frameTypes.ping, 1, 0, asked.frames.findLast(isPing)!.payload));
      }
      answered.open();
    });
    done.open();
    expect((await client.first(frameTypes.headers, 1))?.stream).toBe(1);
    client.socket.destroy();
  });
});

describe("with a function for web sockets", () => {
  const upgrade = () => undefined;

  test("a handshake that is refused with an endless stream ends when its client leaves", async () => {
    const cancelled = gate();
    const pull = (controller: ReadableStreamDefaultController) => controller.enqueue(new Uint8Array(65_536));
    const beforeDispatch = () => new Response(new ReadableStream({ pull, cancel: cancelled.open }));
    const { app } = makeApp(() => text("home"), { middleware: [{ beforeDispatch }] });
    const server = await serve(app, { port: 0, silent: true, gracefulShutdown: false, grace: 100, upgrade });
    open.push(server);
    const client = await RawClient.open(server.port);
    await client.send(get("/", "Upgrade: websocket", "Connection: Upgrade"));
    await once(client.socket, "data");
    client.reset();
    await expect(within("the end of the stream", cancelled.opened)).resolves.toBeUndefined();
  });
});

test("a response that cannot be sent is a logged 500 with the headers of the application", async () => {
  const { app, logged } = makeApp(() => text("home"), { middleware: [SecurityHeaders] });
  const broken = {
    fetch: () => {
      throw new Error("broken");
    },
    refuse: (...args: Parameters<typeof app.refuse>) => app.refuse(...args),
    maxBodySize: 0,
    logger: app.logger,
  };
  const server = await serve(broken, { port: 0, silent: true, gracefulShutdown: false });
  open.push(server);
  const client = await RawClient.open(server.port);
  await client.send(get("/", "Connection: close"));
  const { status, headers } = await client.answer();
  expect([status, headers["x-content-type-options"]]).toEqual([500, "nosniff"]);
  expect(logged).toEqual([expect.stringMatching(/^Cannot send a response: Error: broken\n/)]);
});
