import { getEventListeners } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { App, RequestHandler, Response, Rule, text } from "@mini/core";
import { serve } from "@mini/core/serve";
import { TestClient } from "@mini/core/testing";
import { describe, expect, test } from "vitest";
import { get } from "../support/raw-app.ts";
import { sendRaw } from "../support/raw-http.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const many = 20;
/** The last few requests may still be known to the connection, or to the engine. */
const few = 5;

/** How many of the objects are still in memory, once that is a few at most, or else after a hundred collections. */
async function kept(objects: readonly WeakRef<object>[]): Promise<number> {
  let count = objects.length;
  for (let i = 0; i < 100 && count > few; i++) {
    collectGarbage();
    await nextTurn();
    count = objects.filter((each) => each.deref() !== undefined).length;
  }
  return count;
}

const stream = () => new ReadableStream({ start: (controller) => (controller.enqueue("a"), controller.close()) });

/** An application that does something with each request, and its handlers. */
function appOf(answer: (handler: RequestHandler) => Response) {
  const handlers: WeakRef<RequestHandler>[] = [];
  class Page extends RequestHandler {
    get() {
      handlers.push(new WeakRef(this));
      return answer(this);
    }
  }
  const quiet = () => undefined;
  const app = new App({ rules: [new Rule("/", { handler: Page })], logger: { error: quiet, warn: quiet, info: quiet, debug: quiet } });
  return { app, handlers };
}

describe("a request is not kept after its response", () => {
  test.each<[title: string, answer: (handler: RequestHandler) => Response]>([
    [
      "when a listener of its signal knows it, and its standard request is read",
      (handler) => {
        handler.request.signal.addEventListener("abort", () => handler.request.path);
        return text(handler.request.web.url);
      },
    ],
    [
      "when a listener of its signal knows it, and its standard request is cloned",
      (handler) => {
        handler.request.signal.addEventListener("abort", () => handler.request.path);
        return text(handler.request.web.clone().url);
      },
    ],
    ["when it is answered with a stream", () => new Response(stream())],
  ])("%s", async (_title, answer) => {
    const { app, handlers } = appOf(answer);
    const server = await serve(app, { port: 0, silent: true, gracefulShutdown: false });
    await sendRaw(server.port, get("/").repeat(many - 1) + get("/", "Connection: close"));
    await server.close();
    expect(handlers).toHaveLength(many);
    expect(await kept(handlers)).toBeLessThanOrEqual(few);
  });

  test.each<[title: string, use: (response: Response) => unknown]>([
    ["reads", (response) => response.text()],
    ["cancels", (response) => response.body!.cancel()],
    ["leaves", () => undefined],
  ])("in process, when the client %s the stream of the response", async (_title, use) => {
    const { app, handlers } = appOf(() => new Response(stream()));
    const client = new TestClient(app);
    for (let i = 0; i < many; i++) await use(await client.get("/"));
    expect(handlers).toHaveLength(many);
    expect(await kept(handlers)).toBeLessThanOrEqual(few);
  });
});

describe("a signal that a test gives to many requests", () => {
  const failing = () => new ReadableStream({ pull: (controller) => controller.error(new Error("It fails.")) }, { highWaterMark: 0 });
  test.each<[title: string, body: () => ReadableStream, use: (response: Response) => Promise<unknown>]>([
    ["was read", stream, (response) => response.text()],
    ["has failed", failing, (response) => response.text().catch(() => undefined)],
    ["was cancelled", stream, (response) => response.body!.cancel()],
  ])("has no listener for a response whose stream %s", async (_title, body, use) => {
    const { app } = appOf(() => new Response(body()));
    const { signal } = new AbortController();
    await use(await new TestClient(app).get("/", { signal }));
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});
