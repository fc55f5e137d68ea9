import { EventEmitter, getEventListeners, once } from "node:events";
import { local, request, Response } from "@mini/core";
import { events, type EventsFunction } from "@mini/core/events";
import { serve, type Server, type ServeOptions } from "@mini/core/serve";
import { afterEach, describe, expect, test } from "vitest";
import { servedOf } from "../../packages/core/src/context/request.ts";
import { closing } from "../../packages/core/src/http/served-request.ts";
import { certificate } from "../support/certificate.ts";
import { gate } from "../support/gate.ts";
import { listenTo, type Listening } from "../support/listening.ts";
import { makeApp } from "../support/one-handler.ts";
import { protocols, type Protocol } from "../support/protocols.ts";
import { within } from "../support/within.ts";

const servers: Server[] = [];
const clients: Listening[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.leave();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function open(protocol: Protocol, work: () => unknown, options: ServeOptions = {}) {
  const { app, logged } = makeApp(work);
  const tls = protocol === "HTTP/2" ? { tls: certificate } : {};
  const server = await serve(app, { port: 0, silent: true, gracefulShutdown: false, ...tls, ...options });
  servers.push(server);
  const listen = async (headers: Record<string, string> = {}) => {
    const client = await listenTo(server, protocol, "/", headers);
    clients.push(client);
    return client;
  };
  return { server, logged, listen };
}

const never = () => new Promise<never>(() => undefined);
const silent: EventsFunction = () => ({ [Symbol.asyncIterator]: () => ({ next: never }) });

describe.each(protocols)("over %s", (protocol) => {
  test("the head and the first event arrive at once, before there is a second one", async () => {
    const { listen } = await open(protocol, () =>
      events(async function* () {
        yield { data: "first" };
        await never();
      }),
    );
    const client = await listen();
    expect([client.status, client.headers["content-type"]]).toEqual([200, "text/event-stream"]);
    await client.has("data: first\n\n");
  });

  test.each<[title: string, change: (response: Response) => Response]>([
    ["through a stream of the handler", (response) => new Response(response.body!.pipeThrough(new TransformStream()), response)],
    ["from a response that was cloned", (response) => (void response.clone().text(), response)],
  ])("events arrive %s", async (_title, change) => {
    const { listen } = await open(protocol, () =>
      change(
        events(async function* () {
          yield { data: 1 };
          yield { data: 2 };
        }),
      ),
    );
    expect(await (await listen()).end).toEqual({ text: ":\n\ndata: 1\n\ndata: 2\n\n", isWhole: true });
  });

  test("the head arrives before there is an event", async () => {
    const { listen } = await open(protocol, () => events(silent));
    expect((await listen()).status).toBe(200);
  });

  test("a source that ends or fails ends the stream in order", async () => {
    const { listen, logged } = await open(protocol, () =>
      events(async function* () {
        yield { data: "last" };
        if (request.headers.has("x-fail")) throw new Error("no notes");
      }),
    );
    for (const headers of [{}, { "x-fail": "1" }]) {
      expect(await (await listen(headers)).end).toEqual({ text: ":\n\ndata: last\n\n", isWhole: true });
    }
    expect(logged).toEqual([expect.stringContaining("no notes")]);
  });

  test.each(["while the source waits", "while the source has an event that nobody reads"])(
    "a client that leaves %s aborts the signal and ends the source",
    async (when) => {
      const ended = gate();
      let aborted: unknown;
      const { listen, logged } = await open(protocol, () => {
        return events(async function* ({ signal }) {
          try {
            for (;;) {
              yield { data: "x".repeat(1_000_000) };
              if (when === "while the source waits")
                await new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
            }
          } finally {
            aborted = signal.reason;
            ended.open();
          }
        });
      });
      const client = await listen();
      if (when === "while the source waits") await client.has("\n\ndata: ");
      else client.pause();
      client.leave();
      await within("the end of the source", ended.opened);
      expect([String(aborted), logged]).toEqual([expect.stringContaining("AbortError"), []]);
    },
  );

  describe("a server that closes", () => {
    const cases: Readonly<Record<string, EventsFunction>> = {
      "waits for what the signal ends": async function* ({ signal }) {
        yield { data: "begun" };
        await new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
      },
      "is told in an event of Node": async function* ({ signal }) {
        yield { data: "begun" };
        await once(new EventEmitter(), "never", { signal });
      },
      "ignores the signal and goes on": async function* () {
        for (;;) {
          yield { data: "begun" };
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      },
    };

    test.each(Object.entries(cases))("ends a source at once that %s", async (_what, make) => {
      const ended: unknown[] = [];
      const { server, listen, logged } = await open(
        protocol,
        () =>
          events(async function* (context) {
            try {
              yield* make(context);
            } finally {
              ended.push(context.signal.reason);
            }
          }),
        // As long as no test waits.
        { grace: 600_000 },
      );
      const client = await listen();
      await client.has("data: begun\n\n");
      await within("the server's end", server.close());
      expect((await client.end).isWhole).toBe(true);
      expect([ended.map(String), logged]).toEqual([["AbortError: The server is closing."], []]);
    });

    test("does not wait for a source that ignores the signal and waits forever", async () => {
      const { server, listen } = await open(
        protocol,
        () =>
          events(async function* () {
            yield { data: "begun" };
            await never();
          }),
        { grace: 600_000 },
      );
      const client = await listen();
      await client.has("data: begun\n\n");
      await within("the server's end", server.close());
      expect((await client.end).isWhole).toBe(true);
    });

    test("sends the last event of a source", async () => {
      const waiting = gate();
      const { server, listen } = await open(protocol, () =>
        events(async function* ({ signal }) {
          yield { data: "begun" };
          waiting.open();
          await once(signal, "abort");
          yield { event: "bye", data: "now" };
        }),
      );
      const client = await listen();
      // A source that has not gone on since its last event is ended there.
      await within("the source", waiting.opened);
      await within("the server's end", server.close());
      expect((await client.end).text).toBe(":\n\ndata: begun\n\nevent: bye\ndata: now\n\n");
    });

    test("does not wait longer than the grace for a client that does not read", async () => {
      const [begun, ended] = [gate(), gate()];
      const { server, listen } = await open(
        protocol,
        () =>
          events(async function* () {
            try {
              begun.open();
              for (;;) yield { data: "x".repeat(1_000_000) };
            } finally {
              ended.open();
            }
          }),
        { grace: 50 },
      );
      (await listen()).pause();
      await within("the source", begun.opened);
      await within("the server's end", server.close());
      await expect(within("the end of the source", ended.opened)).resolves.toBeUndefined();
    });
  });

  test("leaves no listener behind, however streams end, and does not warn about listeners", async () => {
    const warnings: string[] = [];
    const onWarning = (warning: Error) => void warnings.push(warning.message);
    process.on("warning", onWarning);
    let signal: AbortSignal | undefined;
    const notes = new EventEmitter().setMaxListeners(100);
    const { listen } = await open(protocol, () => {
      signal = servedOf(local.request)[closing];
      return events(async function* (context) {
        yield { data: "begun" };
        if (request.headers.has("x-end")) return;
        if (request.headers.has("x-fail")) throw new Error("failed");
        await once(notes, "note", { signal: context.signal });
      });
    });
    const open20 = await Promise.all(Array.from({ length: 20 }, () => listen()));
    await Promise.all(open20.map((client) => client.has("begun")));
    // A source may go on to its next event only after its last one has arrived.
    await expect.poll(() => [getEventListeners(signal!, "abort").length, notes.listenerCount("note")]).toEqual([20, 20]);
    await Promise.all([{ "x-end": "1" }, { "x-fail": "1" }].map(async (headers) => (await listen(headers)).end));
    expect(getEventListeners(signal!, "abort").length).toBe(20);
    for (const client of open20) client.leave();
    const gone = async () => {
      while (getEventListeners(signal!, "abort").length + notes.listenerCount("note") > 0)
        await new Promise((resolve) => setImmediate(resolve));
    };
    await within("the end of all listeners", gone());
    process.off("warning", onWarning);
    expect(warnings).toEqual([]);
  });
});
