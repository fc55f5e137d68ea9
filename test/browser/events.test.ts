import { App, html, Response, RequestHandler, Rule } from "@mini/core";
import { events, type EventsFunction } from "@mini/core/events";
import { serve, type Server } from "@mini/core/serve";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { ownHosts, startBrowser } from "../support/browser.ts";
import { certificate } from "../support/certificate.ts";
import { gate } from "../support/gate.ts";
import { freePort } from "../support/ports.ts";
import { findChromium } from "../support/programs.ts";
import { need } from "../support/skip.ts";
import { within } from "../support/within.ts";

const chromium = findChromium();

/** What a page of the site gets: the stream of the test, or 204, which ends the reconnecting. */
let make: EventsFunction | undefined;
/** The ids that browsers have sent when they connected. */
let seen: (string | undefined)[] = [];
let logged: string[] = [];

class Home extends RequestHandler {
  get() {
    return html`here`;
  }
}
class Stream extends RequestHandler {
  get() {
    if (make === undefined) return new Response(null, { status: 204 });
    const source = make;
    return events(
      (context) => {
        seen.push(context.lastEventId);
        return source(context);
      },
      { retry: 50 },
    );
  }
}

const note = (line: string) => void logged.push(line);
const app = new App({
  rules: [new Rule("/", { handler: Home }), new Rule("/events", { handler: Stream })],
  logger: { error: note, warn: note, info: note, debug: note },
});

/** Runs in the page: collects what an EventSource dispatches, until it has had some events or is closed for good. */
const collect = `(names, most) => new Promise((resolve) => {
  const source = new EventSource("/events");
  const got = [];
  let opened = 0;
  const finish = () => { source.close(); resolve({ got, opened }); };
  source.onopen = () => { opened += 1; window.opened = opened; };
  source.onerror = () => { if (source.readyState === EventSource.CLOSED) finish(); };
  for (const name of names) source.addEventListener(name, ({ type, lastEventId, data }) => {
    got.push([type, lastEventId, data]);
    window.count = got.length;
    if (got.length === most) finish();
  });
})`;

interface Collected {
  readonly got: readonly (readonly [type: string, id: string, data: string])[];
  readonly opened: number;
}

for (const [name, tls] of [
  ["HTTP/1", undefined],
  ["HTTP/2", certificate],
] as const) {
  need("chromium", chromium)(`a browser that listens to events over ${name}`, () => {
    let browser: Browser;
    let server: Server;
    let page: Page;

    const listen = (port: number) => serve(app, { port, silent: true, gracefulShutdown: false, tls });
    const events = (names: readonly string[], most = Infinity) =>
      within("the events", page.evaluate<Collected>(`(${collect})(${JSON.stringify(names)}, ${most})`));

    beforeAll(async () => {
      // The server listens there again.
      const port = await freePort();
      [browser, server] = await Promise.all([startBrowser(chromium!, ownHosts), listen(port)]);
      page = await browser.newPage();
      await page.goto(`${tls === undefined ? "http" : "https"}://site.example:${server.port}/`);
    });

    afterEach(() => {
      make = undefined;
      seen = [];
      logged = [];
    });

    afterAll(async () => {
      await browser?.close();
      await server?.close();
    });

    test("gets names, ids and data as they were given, with line feeds for all line breaks", async () => {
      make = async function* () {
        yield { event: "note", id: "7", data: { title: "Tea\r\n" } };
        yield { data: "one\ntwo\r\nthree\rfour\n" };
        yield { id: "ž 8", data: "  two spaces\n: no comment\nid: 9\n\nevent: x" };
        yield { data: "" };
        yield { event: "note" };
        yield { id: "9" };
        yield { data: "\u2028\0𝒌\uFEFF" };
      };
      expect((await events(["note", "message"], 6)).got).toEqual([
        ["note", "7", '{"title":"Tea\\r\\n"}'],
        ["message", "7", "one\ntwo\nthree\nfour\n"],
        ["message", "ž 8", "  two spaces\n: no comment\nid: 9\n\nevent: x"],
        ["message", "ž 8", ""],
        ["note", "ž 8", ""],
        ["message", "9", "\u2028\0𝒌\uFEFF"],
      ]);
    });

    test("reconnects after the end of a stream, regular or by an error, with the id of the last event", async () => {
      const ids = ["1", "ž 2", "a:b", "3"];
      make = async function* ({ lastEventId }) {
        const next = ids[lastEventId === undefined ? 0 : ids.indexOf(lastEventId) + 1]!;
        yield { id: next, data: next };
        if (next === "a:b") throw new Error("no more notes");
      };
      const { got, opened } = await events(["message"], 4);
      expect(got.map(([, id]) => id)).toEqual(ids);
      expect([seen.slice(0, 4), opened]).toEqual([[undefined, "1", "ž 2", "a:b"], 4]);
      expect(logged).toEqual([expect.stringContaining("no more notes")]);
    });

    test("is open before there is an event", async () => {
      const first = gate();
      await page.evaluate("window.opened = 0");
      make = async function* () {
        await first.opened;
        yield { data: "first" };
      };
      const collected = events(["message"], 1);
      await within("the opening", page.waitForFunction("window.opened === 1", undefined, { timeout: 0 }));
      first.open();
      expect((await collected).got).toEqual([["message", "", "first"]]);
    });

    test("finds a server that was restarted, and goes on where it was", async () => {
      await page.evaluate("window.count = 0");
      make = async function* ({ lastEventId = "0", signal }) {
        yield { id: String(Number(lastEventId) + 1), data: `after ${lastEventId}` };
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
      };
      const collected = events(["message"], 2);
      await within("the first event", page.waitForFunction("window.count === 1", undefined, { timeout: 0 }));
      const { port } = server;
      await within("the server's end", server.close());
      server = await listen(port);
      expect((await collected).got).toEqual([
        ["message", "1", "after 0"],
        ["message", "2", "after 1"],
      ]);
    });

    test("does not reconnect after 204", async () => {
      make = async function* () {
        make = undefined;
        yield { data: "only" };
      };
      expect((await events(["message"])).got).toEqual([["message", "", "only"]]);
      expect(seen).toEqual([undefined]);
    });

    test("that closes its source ends the one of the server", async () => {
      const ended = gate();
      make = async function* ({ signal }) {
        try {
          yield { data: "begun" };
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
        } finally {
          ended.open();
        }
      };
      await events(["message"], 1);
      await within("the end of the source", ended.opened);
      expect(logged).toEqual([]);
    });
  });
}
