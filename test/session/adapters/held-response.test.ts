import { once } from "node:events";
import { request as ask, type IncomingMessage } from "node:http";
import { setImmediate as later } from "node:timers/promises";
import { nodeSessions, sessionStoreOf } from "@mini/session/node";
import express, { type Express, type Request, type Response } from "express";
import { describe, expect, test } from "vitest";
import { gate } from "../../support/gate.ts";
import { listen } from "../../support/node-frameworks.ts";
import { RawClient } from "../../support/raw-client.ts";
import { begun, dataOf, FailingBackend, inMemory, makeSessions, type Data } from "../../support/visits.ts";

const sessionOf = (request: IncomingMessage) => sessionStoreOf(request).getSession<Data>();
const urlOf = async (app: Express) => `http://127.0.0.1:${await listen(app)}`;

/** Changes the session of every request that comes through it. */
const changing = async (request: Request, _response: Response, next: () => void) => {
  (await sessionOf(request)).set("a", 1);
  next();
};

/** A backend whose next record waits for a gate. */
class HeldBackend extends FailingBackend {
  readonly asked = gate();
  readonly held = gate();

  override async create(...args: Parameters<FailingBackend["create"]>) {
    this.asked.open();
    await this.held.opened;
    return super.create(...args);
  }
}

describe("a response that waits for its commit", () => {
  async function held(answer: (response: Response, request: Request) => unknown) {
    const backend = new HeldBackend();
    const app = express();
    const seen: unknown[] = [];
    app.use(nodeSessions(makeSessions({ backend })));
    app.get("/", changing, (request, response) => answer(response, request));
    const client = await RawClient.open(await listen(app));
    await client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    await backend.asked.opened;
    await later();
    return { backend, client, seen };
  }

  test("sends nothing before, and looks sent to the application", async () => {
    const seen: unknown[] = [];
    const { backend, client } = await held((response) => {
      seen.push(response.headersSent, response.writableEnded);
      response.send("hello");
      seen.push(response.headersSent, response.writableEnded, response.writableFinished);
      for (const change of [
        () => response.setHeader("x-late", "1"),
        () => response.removeHeader("etag"),
        () => response.writeHead(200),
        () => response.json({}),
      ]) {
        try {
          change();
          seen.push("nothing was thrown");
        } catch (error) {
          seen.push((error as { code?: string }).code);
        }
      }
      response.once("finish", () => seen.push("finish", response.writableFinished));
      response.once("close", () => seen.push("close"));
    });
    let hasBegun = false;
    void client.begun().then(() => (hasBegun = true));
    await later();
    expect(hasBegun).toBe(false);
    expect(seen).toEqual([false, false, true, true, false, ...Array<string>(4).fill("ERR_HTTP_HEADERS_SENT")]);
    backend.held.open();
    expect((await client.answer()).body).toBe("hello");
    await expect.poll(() => seen.slice(9)).toEqual(["finish", true, "close"]);
    client.reset();
  });

  test("looks sent in the next tick, even if the commit fails at once", async () => {
    const backend = new FailingBackend();
    backend.isDown = true;
    const app = express().set("env", "test");
    const seen: boolean[] = [];
    app.use(nodeSessions(makeSessions({ backend })));
    app.get("/", changing, (_request, response) => {
      response.send("hello");
      process.nextTick(() => seen.push(response.headersSent));
    });
    expect([(await fetch(await urlOf(app))).status, seen]).toEqual([503, [true]]);
  });

  test("accepts no more than one write: write() returns false until there is a drain", async () => {
    const events: unknown[] = [];
    const { backend, client } = await held((response) => {
      events.push(response.write("one "));
      response.once("drain", () => {
        events.push("drain");
        response.end("two");
      });
    });
    expect(events).toEqual([false]);
    backend.held.open();
    expect((await client.answer()).body).toBe("one two");
    expect(events).toEqual([false, "drain"]);
    client.reset();
  });

  test("lets early hints pass", async () => {
    const { backend, client } = await held((response) => {
      response.writeEarlyHints({ link: "</a.css>; rel=preload" });
      response.send("hello");
    });
    expect((await client.answer()).status).toBe(103);
    backend.held.open();
    expect((await client.answer()).status).toBe(200);
    client.reset();
  });

  test("refuses what Node refuses, at once, so that the error handler answers and nothing is saved", async () => {
    const sessions = inMemory();
    const app = express().set("env", "test");
    app.use(nodeSessions(sessions));
    app.get("/:way", changing, (request, response) => {
      const calls: Record<string, () => unknown> = {
        status: () => response.writeHead(1000),
        chunk: () => response.end(5),
        none: () => response.write(null),
        list: () => response.writeHead(200, ["x-a"] as never),
        value: () => response.writeHead(200, { "x-a": "\n" }),
        reason: () => response.writeHead(200, "日本"),
        message: () => Object.assign(response, { statusMessage: "\n" }).end(),
      };
      calls[String(request.params.way)]!();
    });
    const codes: unknown[] = [];
    app.use((error: { code: string }, _request: Request, response: Response, _next: () => void) => {
      codes.push(error.code);
      response.statusMessage = "";
      response.sendStatus(500);
    });
    const url = await urlOf(app);
    for (const way of ["status", "chunk", "none", "list", "value", "reason", "message"])
      expect((await fetch(`${url}/${way}`)).status).toBe(500);
    expect(codes).toEqual([
      "ERR_HTTP_INVALID_STATUS_CODE",
      "ERR_INVALID_ARG_TYPE",
      "ERR_STREAM_NULL_VALUES",
      "ERR_INVALID_ARG_VALUE",
      "ERR_INVALID_CHAR",
      "ERR_INVALID_CHAR",
      "ERR_INVALID_CHAR",
    ]);
    expect(await sessions.count()).toBe(0);
  });

  test("answers pipelined requests in their order, each after its commit", async () => {
    const app = express();
    const sessions = inMemory();
    app.use(nodeSessions(sessions));
    app.get("/plain", (_request, response) => void response.send("plain"));
    app.get("/", changing, (_request, response) => void response.send("changed"));
    const client = await RawClient.open(await listen(app));
    await client.send(["/", "/plain", "/", "/plain"].map((path) => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`).join(""));
    const bodies = [];
    for (let i = 0; i < 4; i++) bodies.push((await client.answer()).body);
    expect(bodies).toEqual(["changed", "plain", "changed", "plain"]);
    expect(await sessions.count()).toBe(2);
    client.reset();
  });
});

describe("a client that leaves", () => {
  test("has its changes saved and its messages put back", async () => {
    const sessions = inMemory();
    const cookie = await begun(sessions, { a: 0 });
    await sessions.run(new globalThis.Request("http://a/", { headers: { cookie } }), async (visit) => {
      (await visit.getSession()).flash("one");
      return new globalThis.Response(null);
    });
    const app = express();
    const has = { taken: gate(), answered: gate() };
    app.use(nodeSessions(sessions));
    app.get("/", async (request, response) => {
      const session = await sessionOf(request);
      expect(await session.getFlashes()).toHaveLength(1);
      has.taken.open();
      await once(response, "close");
      session.set("a", 1);
      response.send("hello");
      has.answered.open();
    });
    const client = ask(`${await urlOf(app)}/`, { headers: { cookie } }).on("error", () => undefined);
    client.end();
    await has.taken.opened;
    client.destroy();
    await has.answered.opened;
    await expect.poll(async () => (await sessions.read<Data>(cookie)).peekFlashes().length).toBe(1);
    expect(await dataOf(sessions, cookie)).toEqual({ a: 1 });
  });
});
