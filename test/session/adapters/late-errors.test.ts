import type { IncomingMessage } from "node:http";
import { createRequire } from "node:module";
import { nodeSessions, sessionErrors, sessionStoreOf, type NodeMiddleware } from "@mini/session/node";
import express, { type Request, type Response } from "express";
import { describe, expect, test } from "vitest";
import { gate } from "../../support/gate.ts";
import { listen } from "../../support/node-frameworks.ts";
import { cookieOf, dataOf, FailingBackend, makeSessions, silent, type Data } from "../../support/visits.ts";

const change = async (request: IncomingMessage, name?: string) => (await sessionStoreOf(request).getSession<Data>(name)).set("a", 1);

/** Sessions whose commits fail, and what is logged. */
function failing() {
  const logged: string[] = [];
  const backend = new FailingBackend();
  backend.isDown = true;
  return { sessions: makeSessions({ backend, logger: { ...silent, error: (line) => void logged.push(line) } }), logged };
}

describe("an error handler that throws when it gets a failed commit", () => {
  const outage = "Cannot commit a session: down";

  test("such as Polka's own one, which takes the code of the error as the status, is logged, and the client gets 503", async () => {
    const polka = createRequire(import.meta.url)("polka") as () => {
      readonly handler: (...args: unknown[]) => void;
      use(middleware: NodeMiddleware): { get(path: string, handle: (request: IncomingMessage, response: Response) => void): unknown };
    };
    const { sessions, logged } = failing();
    const app = polka();
    app.use(nodeSessions(sessions)).get("/", (request, response) => void change(request).then(() => response.end("hello")));
    const response = await fetch(`http://127.0.0.1:${await listen((...args) => app.handler(...args))}`);
    expect([response.status, await response.text(), response.headers.get("retry-after")]).toEqual([503, "Service Unavailable", "1"]);
    expect(logged).toEqual([outage, "An error handler has failed: Invalid status code: MINI_SESSION_UNAVAILABLE"]);
  });

  test("after it has begun a response ends the connection", async () => {
    const { sessions, logged } = failing();
    const use = nodeSessions(sessions);
    const port = await listen((request, response) => {
      use(request, response, (error) => {
        if (error === undefined) return void change(request).then(() => response.end("hello"));
        response.writeHead(503).flushHeaders();
        throw new Error("no");
      });
    });
    await expect(fetch(`http://127.0.0.1:${port}`).then((response) => response.text())).rejects.toThrow();
    expect(logged).toEqual([outage, "An error handler has failed: no"]);
  });
});

test("an error after the response has begun does not drop the cookies of sessions that were saved before it", async () => {
  const asked = gate();
  const held = gate();
  let count = 0;
  class HeldBackend extends FailingBackend {
    override async create(...args: Parameters<FailingBackend["create"]>) {
      count += 1;
      if (count === 2) {
        asked.open();
        await held.opened;
      }
      return super.create(...args);
    }
  }
  const sessions = makeSessions({ backend: new HeldBackend() });
  const app = express();
  app.use(nodeSessions(sessions));
  app.get("/", async (request, response) => {
    await change(request);
    await change(request, "other");
    response.send("hello");
    await asked.opened;
    throw new Error("no");
  });
  app.use(sessionErrors);
  app.use((_error: Error, _request: Request, _response: Response, _next: () => void) => held.open());
  const response = await fetch(`http://127.0.0.1:${await listen(app)}`);
  const lines = response.headers.getSetCookie();
  expect([await response.text(), lines.map((line) => line.split("=")[0])]).toEqual(["hello", ["session", "other"]]);
  expect(await dataOf(sessions, cookieOf(lines))).toEqual({ a: 1 });
});
