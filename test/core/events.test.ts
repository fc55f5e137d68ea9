import { getEventListeners, once } from "node:events";
import { App, html, local, LocalError, request, RequestHandler, Rule, setHeader, urlFor } from "@mini/core";
import { events } from "@mini/core/events";
import { TestClient } from "@mini/core/testing";
import { MemoryBackend, SessionMiddleware, SessionMixin } from "@mini/session";
import { afterEach, describe, expect, test, vi } from "vitest";
import { closing } from "../../packages/core/src/http/served-request.ts";
import { parseEvents, sent } from "../support/event-stream.ts";
import { gate } from "../support/gate.ts";
import { makeApp } from "../support/one-handler.ts";
import { within } from "../support/within.ts";

afterEach(() => void vi.useRealTimers());

describe("the response", () => {
  test("is an event stream that caches and proxies must not store, change or hold back", async () => {
    const { get } = makeApp(() => events(async function* () {}));
    const { status, headers } = await get();
    expect([status, headers.get("content-type")]).toEqual([200, "text/event-stream"]);
    expect([headers.get("cache-control"), headers.get("x-accel-buffering")]).toEqual(["no-store, no-transform", "no"]);
  });

  test("says at once how long to wait before reconnecting", async () => {
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

  test("that another response replaces starts nothing", async () => {
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
    // As workerd gives it, which has decoded those bytes, and as no browser sends it.
    ["\u00E9-1", "é-1"],
    ["\u00FF", "\u00FF"],
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
  test("runs its finally when the client leaves, and an error there is logged", async () => {
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

  test("makes the next event when the client has received the last one", async () => {
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

test("a stream that is requested while the server closes ends at once", async () => {
  let begun = 0;
  const reason = new DOMException("The server is closing.", "AbortError");
  const web = Object.assign(new Request("http://localhost/"), { [closing]: AbortSignal.abort(reason) });
  const { app } = makeApp(() =>
    events(async function* () {
      begun += 1;
      yield { data: begun };
    }),
  );
  const response = await app.fetch(web);
  expect([await response.text(), begun]).toEqual([":\n\n", 0]);
});

test("a stream ends as soon as its source has, when the server closes", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const server = new AbortController();
  const web = Object.assign(new Request("http://localhost/"), { [closing]: server.signal });
  const { app } = makeApp(() =>
    events(async function* ({ signal }) {
      yield { data: "begun" };
      await once(signal, "abort");
    }),
  );
  const reader = ((await app.fetch(web)).body as ReadableStream<Uint8Array>).getReader();
  await reader.read();
  await reader.read();
  const last = reader.read();
  await new Promise((resolve) => setImmediate(resolve));
  server.abort();
  expect((await within("the end", last)).done).toBe(true);
  expect([vi.getTimerCount(), getEventListeners(server.signal, "abort").length]).toEqual([0, 0]);
});

test("a source that is ended by the server still has its request", async () => {
  const ended = gate();
  const seen: string[] = [];
  const server = new AbortController();
  const web = Object.assign(new Request("http://localhost/"), { [closing]: server.signal });
  const { app, logged } = makeApp(() =>
    events(async function* ({ signal }) {
      signal.addEventListener("abort", () => seen.push(local.request.path));
      try {
        yield { data: "begun" };
      } finally {
        seen.push(local.request.path);
        ended.open();
      }
    }),
  );
  const reader = ((await app.fetch(web)).body as ReadableStream<Uint8Array>).getReader();
  await reader.read();
  await reader.read();
  server.abort();
  await within("the end of the source", ended.opened);
  expect([seen, logged]).toEqual([["/", "/"], []]);
});
