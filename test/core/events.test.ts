import { getEventListeners, once, EventEmitter } from "node:events";
import { App, html, local, LocalError, request, RequestHandler, Rule, setHeader, urlFor, type Response } from "@mini/core";
import { events, type EventsFunction, type EventsOptions } from "@mini/core/events";
import { serve, type Server, type ServeOptions } from "@mini/core/serve";
import { TestClient } from "@mini/core/testing";
import { MemoryBackend, SessionMiddleware, SessionMixin } from "@mini/session";
import { afterEach, describe, expect, test, vi } from "vitest";
import { servedOf } from "../../packages/core/src/context/request.ts";
import { closing } from "../../packages/core/src/http/served-request.ts";
import { certificate } from "../support/certificate.ts";
import { parseEvents } from "../support/event-stream.ts";
import { gate } from "../support/gate.ts";
import { listenTo, type Listening } from "../support/listening.ts";
import { makeApp } from "../support/one-handler.ts";
import { protocols, type Protocol } from "../support/protocols.ts";
import { within } from "../support/within.ts";

const servers: Server[] = [];
const clients: Listening[] = [];
afterEach(async () => {
  vi.useRealTimers();
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

/** The whole stream of a source that ends, and what was logged. */
async function sent(make: EventsFunction, options?: EventsOptions) {
  const { get, logged } = makeApp(() => events(make, options));
  const text = await (await get()).text();
  return { text, logged, ...parseEvents(text) };
}

const circle: unknown[] = [];
circle.push(circle);

const never = () => new Promise<never>(() => undefined);
const silent: EventsFunction = () => ({ [Symbol.asyncIterator]: () => ({ next: never }) });

describe("an event", () => {
  test("has a name, an id and data, which is text as it is or JSON", async () => {
    const { text } = await sent(async function* () {
      yield { event: "note", id: "7", data: { title: "Tea", tags: ["a"] } };
      yield { data: "just text" };
      yield { data: html`<p>${"<"}</p>` };
      yield { data: 0 };
      yield { data: false };
      yield { data: null };
      yield { data: "" };
    });
    expect(text).toBe(
      ":\n\n" +
        'event: note\nid: 7\ndata: {"title":"Tea","tags":["a"]}\n\n' +
        "data: just text\n\n" +
        "data: <p>&lt;</p>\n\n" +
        "data: 0\n\n" +
        "data: false\n\n" +
        "data: null\n\n" +
        "data: \n\n",
    );
  });

  test.each([
    ["line feeds", "a\nb\n", "a\nb\n"],
    ["carriage returns", "a\rb\r", "a\nb\n"],
    ["both", "a\r\nb\r\n\r\nc\n\rd", "a\nb\n\nc\n\nd"],
    ["fields of its own", "a\nid: 9\n\nevent: stolen\ndata: b", "a\nid: 9\n\nevent: stolen\ndata: b"],
    ["spaces and colons at the front", "  a\n: b\n:", "  a\n: b\n:"],
    ["other characters that look like line breaks", "a\u2028b\u0085c\vd\fe", "a\u2028b\u0085c\vd\fe"],
    ["NUL and a byte order mark", "\uFEFFa\0b", "\uFEFFa\0b"],
    ["nothing but line breaks", "\n\n", "\n\n"],
    ["any script", "žluťoučký 𝒌ůň", "žluťoučký 𝒌ůň"],
  ])("is one event although its data has %s", async (_what, data, received) => {
    const { events: got } = await sent(async function* () {
      yield { data };
      yield { data: "next" };
    });
    expect(got).toEqual([
      { event: "message", id: "", data: received },
      { event: "message", id: "", data: "next" },
    ]);
  });

  test("is dispatched although it has no data, if it has a name", async () => {
    const { events: got } = await sent(async function* () {
      yield { event: "ping" };
    });
    expect(got).toEqual([{ event: "ping", id: "", data: "" }]);
  });

  test("with nothing but an id moves the place in the stream, and is not dispatched", async () => {
    const { events: got, lastEventId } = await sent(async function* () {
      yield { id: "8" };
    });
    expect([got, lastEventId]).toEqual([[], "8"]);
  });

  test.each([
    ["an id with a line feed", { id: "7\ndata: x", data: 1 }, /id "7\\ndata: x": .* line breaks/],
    ["an id with a carriage return", { id: "7\r", data: 1 }, /line breaks/],
    ["an id with NUL", { id: "7\0", data: 1 }, /NUL/],
    ["an id that a header cannot bring back", { id: "7\u0001", data: 1 }, /control characters/],
    ["an id whose last character a header would lose", { id: "7 ", data: 1 }, /space at an end/],
    ["half of a character as an id", { id: "\uD800", data: 1 }, /id "\\ud800"/],
    ["an id that is too long for a header", { id: "7".repeat(1001), data: 1 }, /id of 1001 characters/],
    ["an id that is a number", { id: 7, data: 1 }, /id is a number: it must be a string/],
    ["a name with a line feed", { event: "a\ndata: x", data: 1 }, /name "a\\ndata: x": .* line break/],
    ["a name with a carriage return", { event: "a\r", data: 1 }, /line break/],
    ["a name with NUL", { event: "a\0", data: 1 }, /NUL/],
    ["an empty name", { event: "", data: 1 }, /empty name/],
    ["a name that is a number", { event: 1, data: 1 }, /name is a number/],
    ["nothing", {}, /empty/],
    ["a field that there is not", { type: "note", data: 1 }, /field "type": it has event, id and data/],
    ["text", "note", /a string as an event: yield an object/],
    ["null", null, /null as an event/],
    ["undefined as data", { event: "a", data: undefined }, /undefined \(leave the data out/],
    ["a promise as data", { data: Promise.resolve(1) }, /a promise \(await it\)/],
    ["a function as data", { data: () => 1 }, /a function \(call it\)/],
    ["a symbol as data", { data: Symbol("a") }, /a symbol/],
    ["a bigint as data", { data: 1n }, /a bigint/],
    ["a response as data", { data: new globalThis.Response("") }, /a response/],
    ["data without JSON", { data: { toJSON: () => undefined } }, /JSON\.stringify\(\) makes nothing of/],
    ["data that has itself in it", { data: circle }, /circular structure/],
  ])("is refused, logged once and the end of the stream: %s", async (_what, event, message) => {
    const steps: string[] = [];
    const { events: got, logged } = await sent(async function* () {
      try {
        yield { data: "before" };
        yield event as never;
        steps.push("went on");
      } finally {
        steps.push("finally");
      }
    });
    expect(got.map(({ data }) => data)).toEqual(["before"]);
    expect(logged).toEqual([expect.stringMatching(message)]);
    expect(steps).toEqual(["finally"]);
  });
});

describe("the response", () => {
  test("is an event stream that nobody stores, changes or holds back", async () => {
    const { get } = makeApp(() => events(async function* () {}));
    const { status, headers } = await get();
    expect([status, headers.get("content-type")]).toEqual([200, "text/event-stream"]);
    expect([headers.get("cache-control"), headers.get("x-accel-buffering")]).toEqual(["no-store, no-transform", "no"]);
  });

  test("says at once how long to wait before connecting again", async () => {
    const { text } = await sent(async function* () {}, { retry: 2000 });
    expect(text).toBe("retry: 2000\n\n");
  });

  test.each([-1, 1.5, NaN, Infinity, 2 ** 31, "5" as never])("refuses %j as an option", async (value) => {
    for (const name of ["heartbeat", "retry"]) {
      const { get, logged } = makeApp(() => events(async function* () {}, { [name]: value }));
      expect((await get()).status).toBe(500);
      expect(logged.join()).toContain(`The option ${name} of events() must be a whole number of milliseconds from 0 to 2147483647.`);
    }
  });

  test("cannot be made outside a request", () => {
    expect(() => events(async function* () {})).toThrow(LocalError);
  });

  test("to HEAD has the same head and starts nothing", async () => {
    let begun = 0;
    const { client } = makeApp(() =>
      events(async function* () {
        begun += 1;
        yield { data: begun };
      }),
    );
    const response = await client.request("/", { method: "HEAD" });
    expect([response.headers.get("content-type"), await response.text(), begun]).toEqual(["text/event-stream", "", 0]);
  });

  test("that another one replaces starts nothing", async () => {
    let begun = 0;
    class Replaced {
      afterDispatch() {
        return html`another`;
      }
    }
    const { get } = makeApp(
      () =>
        events(async function* () {
          begun += 1;
          yield { data: begun };
        }),
      { list: [Replaced as never] },
    );
    expect([await (await get()).text(), begun]).toEqual(["another", 0]);
  });

  test("runs inside the request: local, request and urlFor work, and in the end of the source too", async () => {
    const seen: string[] = [];
    class Notes extends RequestHandler {
      get() {
        Reflect.set(local, "name", "ann");
        setHeader("x-early", "yes");
        return events(async function* () {
          try {
            yield { data: `${Reflect.get(local, "name")} ${request.path}` };
            await new Promise((resolve) => setImmediate(resolve));
            yield { data: `${Reflect.get(local, "name")} ${urlFor("notes")}` };
          } finally {
            await Promise.resolve();
            seen.push(String(Reflect.get(local, "name")));
          }
        });
      }
    }
    const app = new App({ rules: [new Rule("/notes", { endpoint: "notes", handler: Notes })] });
    const response = await app.fetch(new Request("http://localhost/notes"));
    expect(response.headers.get("x-early")).toBe("yes");
    expect(parseEvents(await response.text()).events.map(({ data }) => data)).toEqual(["ann /notes", "ann /notes"]);
    expect(seen).toEqual(["ann"]);
  });

  test.each([
    [undefined, undefined],
    ["", undefined],
    ["7", "7"],
    ["a b:c", "a b:c"],
    // As browsers send it: the bytes of UTF-8.
    ["\u00C5\u00BE", "ž"],
    ["\u00FF", "\uFFFD"],
  ])("knows by Last-Event-ID %j that the client has seen %j", async (header, lastEventId) => {
    let seen: unknown = "nothing";
    const { get } = makeApp(() =>
      events(async function* (context) {
        seen = context.lastEventId;
        yield { data: null };
      }),
    );
    await (await get("/", header === undefined ? {} : { "last-event-id": header })).text();
    expect(seen).toBe(lastEventId);
  });
});

describe("a source that fails", () => {
  test.each([
    ["before the first event", 0],
    ["between two events", 1],
  ])("%s is logged once, and the stream ends in order", async (_when, after) => {
    const signals: AbortSignal[] = [];
    const { events: got, logged } = await sent(async function* ({ signal }) {
      signals.push(signal);
      for (let i = 0; i < after; i++) yield { data: i };
      throw new Error("no notes");
    });
    expect(got).toHaveLength(after);
    expect(logged).toEqual([expect.stringMatching(/^GET \/ 200 after [\d.]+ ms: Error: no notes/)]);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });

  test.each([
    [
      "throws before it gives a source",
      () => {
        throw new Error("no notes");
      },
      /no notes/,
    ],
    ["gives none", () => undefined, /asyncIterator/],
    ["throws undefined", () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject<never>(undefined) }) }), /undefined/],
  ])("because its function %s is logged once, and the stream ends in order", async (_how, make, message) => {
    const { text, logged } = await sent(make as never);
    expect(text).toBe(":\n\n");
    expect(logged).toEqual([expect.stringMatching(message)]);
  });
});

describe("the source", () => {
  test("is told in its finally that the client has left, and an error in there is logged", async () => {
    const failed = gate();
    const fail = () => {
      throw new Error("cannot clear up");
    };
    const { get, logged } = makeApp(() =>
      events(async function* ({ signal }) {
        try {
          yield { data: "begun" };
        } finally {
          setImmediate(failed.open);
          if (signal.aborted) fail();
        }
      }),
    );
    const reader = ((await get()).body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await reader.read();
    await reader.cancel();
    await failed.opened;
    expect(logged).toEqual([expect.stringContaining("cannot clear up")]);
  });

  test("is asked for the next event when the client has taken the last one", async () => {
    let made = 0;
    const { get } = makeApp(() =>
      events(async function* () {
        for (;;) yield { data: (made += 1) };
      }),
    );
    const reader = ((await get()).body as ReadableStream<Uint8Array>).getReader();
    const counts: number[] = [made];
    for (let i = 0; i < 4; i++) {
      await reader.read();
      await new Promise((resolve) => setImmediate(resolve));
      counts.push(made);
    }
    await reader.cancel();
    expect(counts).toEqual([0, 0, 1, 2, 3]);
  });

  test("may be any object that is iterated asynchronously", async () => {
    const given = ["a", "b"];
    const { events: got } = await sent(() => ({
      [Symbol.asyncIterator]: () => ({
        next: () =>
          Promise.resolve(given.length === 0 ? { done: true, value: undefined } : { done: false, value: { data: given.shift()! } }),
      }),
    }));
    expect(got.map(({ data }) => data)).toEqual(["a", "b"]);
  });
});

describe("a heartbeat", () => {
  test("is a comment whenever there was no event for a while, and its timer runs only while the client reads", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const notes = new EventEmitter();
    const { get } = makeApp(() =>
      events(
        async function* ({ signal }) {
          for (;;) yield { data: String((await once(notes, "note", { signal }))[0]) };
        },
        { heartbeat: 1000 },
      ),
    );
    const reader = ((await get()).body as ReadableStream<Uint8Array>).getReader();
    const read = async () => Buffer.from((await reader.read()).value!).toString();
    expect(await read()).toBe(":\n\n");
    expect(vi.getTimerCount()).toBe(0);
    for (let i = 0; i < 3; i++) {
      const next = read();
      await vi.advanceTimersByTimeAsync(1000);
      expect([await next, vi.getTimerCount()]).toEqual([":\n\n", 0]);
    }
    const next = read();
    await vi.advanceTimersByTimeAsync(999);
    expect(vi.getTimerCount()).toBe(1);
    notes.emit("note", "tea");
    expect([await next, vi.getTimerCount()]).toEqual(["data: tea\n\n", 0]);
    const last = reader.read();
    await vi.advanceTimersByTimeAsync(0);
    expect([vi.getTimerCount(), notes.listenerCount("note")]).toEqual([1, 1]);
    await reader.cancel();
    await last;
    await vi.advanceTimersByTimeAsync(0);
    expect([vi.getTimerCount(), notes.listenerCount("note")]).toEqual([0, 0]);
  });

  test("is sent after 15 seconds, with a timer that does not keep the process alive, or never", async () => {
    const started = vi.spyOn(globalThis, "setTimeout");
    for (const options of [undefined, { heartbeat: 0 }]) {
      const { get } = makeApp(() => events(silent, options));
      const reader = ((await get()).body as ReadableStream<Uint8Array>).getReader();
      await reader.read();
      void reader.read();
      await new Promise((resolve) => setImmediate(resolve));
      await reader.cancel();
    }
    const timers = started.mock.calls.flatMap(([, milliseconds], i) =>
      milliseconds === 15_000 ? [(started.mock.results[i]!.value as NodeJS.Timeout).hasRef()] : [],
    );
    started.mockRestore();
    expect(timers).toEqual([false]);
  });
});

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

  test("the head arrives although there is no event yet", async () => {
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

    test("does not wait for a source that ignores the signal and waits for ever", async () => {
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

    test("sends the event that a source has to say at the end", async () => {
      const { server, listen } = await open(protocol, () =>
        events(async function* ({ signal }) {
          yield { data: "begun" };
          await once(signal, "abort");
          yield { event: "bye", data: "now" };
        }),
      );
      const client = await listen();
      await client.has("data: begun\n\n");
      await within("the server's end", server.close());
      expect((await client.end).text).toBe(":\n\ndata: begun\n\nevent: bye\ndata: now\n\n");
    });

    test("does not wait longer than the grace for a client that does not read", async () => {
      const ended = gate();
      const { server, listen } = await open(
        protocol,
        () =>
          events(async function* () {
            try {
              for (;;) yield { data: "x".repeat(1_000_000) };
            } finally {
              ended.open();
            }
          }),
        { grace: 50 },
      );
      (await listen()).pause();
      await within("the server's end", server.close());
      await expect(within("the end of the source", ended.opened)).resolves.toBeUndefined();
    });
  });

  test("leaves no listener behind, however streams end, and warns of none", async () => {
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
    expect([getEventListeners(signal!, "abort").length, notes.listenerCount("note")]).toEqual([20, 20]);
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

test("a session is saved and its cookie sent with the head, before the first event", async () => {
  class Visits extends SessionMixin(RequestHandler) {
    async get() {
      const session = await this.session;
      session.increment("visits");
      return events(async function* () {
        yield { data: { visits: session.get("visits") as number } };
        session.set("visits", 100);
      });
    }
  }
  const logged: string[] = [];
  const note = (line: string) => void logged.push(line);
  const app = new App({
    rules: [new Rule("/", { handler: Visits })],
    config: { session: { secretKey: "k".repeat(32), backend: new MemoryBackend() } },
    middleware: [SessionMiddleware],
    logger: { error: note, warn: note, info: note, debug: note },
  });
  const client = new TestClient(app);
  for (const visits of [1, 2]) {
    const response = await client.get("/");
    expect(response.headers.get("cache-control")).toContain("no-store, no-transform");
    expect(parseEvents(await response.text()).events.map(({ data }) => data)).toEqual([`{"visits":${visits}}`]);
  }
  expect(logged).toEqual([expect.stringContaining("SessionCommittedError"), expect.stringContaining("SessionCommittedError")]);
});

test("a stream that is asked for while the server closes ends at once", async () => {
  let begun = 0;
  const reason = new DOMException("The server is closing.", "AbortError");
  const web = Object.assign(new Request("http://localhost/"), { [closing]: AbortSignal.abort(reason) });
  const { app } = makeApp(() =>
    events(async function* () {
      begun += 1;
      yield { data: begun };
    }),
  );
  const response: Response = await app.fetch(web);
  expect([await response.text(), begun]).toEqual([":\n\n", 0]);
});
