import type { IncomingMessage, RequestListener } from "node:http";
import { createRequire } from "node:module";
import { getRequestListener } from "@hono/node-server";
import { MemoryBackend, type SessionConfig, type Sessions, type SessionStore } from "@mini/session";
import { fastifySessions } from "@mini/session/fastify";
import { h3Sessions, honoSessions } from "@mini/session/fetch";
import { koaSessions } from "@mini/session/koa";
import { nodeSessions, type NodeMiddleware } from "@mini/session/node";
import express from "express";
import fastify, { type FastifyInstance } from "fastify";
import { H3 } from "h3";
import { toNodeHandler } from "h3/node";
import { Hono } from "hono";
import Koa from "koa";
import { describe, expect, onTestFinished, test } from "vitest";
import { ask, serveListener } from "../../support/node-listener.ts";
import { cookieOf, dataOf, makeSessions, silent } from "../../support/visits.ts";

const load = createRequire(import.meta.url);
const connect = load("connect") as () => RequestListener & { use(middleware: NodeMiddleware): unknown };

type Given = SessionConfig | Sessions;

const secretKey = "a key that is long enough to be one";

/** Changes the default session of a store. */
const change = async (store: SessionStore, key: string) => void (await store.getSession<Record<string, unknown>>()).set(key, 1);

const changing =
  (key: string): NodeMiddleware =>
  (request, _response, next) =>
    void change((request as IncomingMessage).sessionStore, key).then(() => next!(), next);

/** Programs that mount two adapters, change `a` between them and `b` after them, and answer with the names in `session`. */
const programs: Readonly<Record<string, (first: Given, second: Given) => Promise<string>>> = {
  Express: (first, second) => {
    const app = express().set("env", "test");
    app.use(nodeSessions(first), changing("a"), nodeSessions(second), changing("b"));
    app.get("/", async (request, response) => void response.send(Object.keys((await request.session).toJSON()).join()));
    return serveListener(app);
  },
  "an application that is mounted in another one of Express": (first, second) => {
    const part = express().use(nodeSessions(second), changing("b"));
    part.get("/", async (request, response) => void response.send(Object.keys((await request.session).toJSON()).join()));
    const app = express().set("env", "test").use(nodeSessions(first), changing("a"));
    app.use("/", part);
    return serveListener(app);
  },
  Connect: (first, second) => {
    const app = connect();
    for (const each of [nodeSessions(first), changing("a"), nodeSessions(second), changing("b")]) app.use(each);
    app.use((request, response) => {
      void request.session.then((session) => response.end(Object.keys(session.toJSON()).join()));
    });
    return serveListener(app);
  },
  "node:http": (first, second) => {
    const [one, two] = [nodeSessions(first), nodeSessions(second)];
    return serveListener((request, response) => {
      void (async () => {
        one(request, response);
        await change(request.sessionStore, "a");
        two(request, response);
        await change(request.sessionStore, "b");
        response.end(Object.keys((await request.session).toJSON()).join());
      })();
    });
  },
  Koa: (first, second) => {
    const app = new Koa();
    app.use(koaSessions(first));
    app.use(async (ctx, next) => (await change(ctx.sessionStore, "a"), next()));
    app.use(koaSessions(second));
    app.use(async (ctx) => {
      await change(ctx.sessionStore, "b");
      ctx.body = Object.keys((await ctx.session).toJSON()).join();
    });
    const callback = app.callback();
    return serveListener((request, response) => void callback(request, response));
  },
  Hono: (first, second) => {
    const app = new Hono();
    app.use(honoSessions(first), async (c, next) => (await change(c.var.sessionStore, "a"), next()));
    app.use(honoSessions(second), async (c, next) => (await change(c.var.sessionStore, "b"), next()));
    app.get("/", async (c) => c.text(Object.keys((await c.var.session).toJSON()).join()));
    const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
    return serveListener((incoming, outgoing) => void listener(incoming, outgoing));
  },
  h3: (first, second) => {
    const app = new H3({ silent: true });
    app.use(h3Sessions(first)).use(async ({ context }, next) => (await change(context.sessionStore, "a"), next()));
    app.use(h3Sessions(second)).use(async ({ context }, next) => (await change(context.sessionStore, "b"), next()));
    app.get("/", async ({ context }) => Object.keys((await context.session).toJSON()).join());
    return serveListener(toNodeHandler(app));
  },
};

describe.each(Object.entries(programs))("%s", (_name, serve) => {
  test.each<[string, () => Given]>([
    ["Sessions object", () => makeSessions()],
    ["Sessions object with a backend", () => makeSessions({ backend: new MemoryBackend() })],
    ["object with settings", () => ({ secretKey, logger: silent })],
  ])("has one session and sends one cookie when two adapters have the same %s", async (_title, make) => {
    const given = make();
    const got = await ask(await serve(given, given));
    expect([got.status, got.text, got.lines.length]).toEqual([200, "a,b", 1]);
    const sessions = "shared" in given ? given : makeSessions();
    expect(await dataOf(sessions, cookieOf(got.lines))).toEqual({ a: 1, b: 1 });
  });

  test("has the sessions of the later adapter when they differ, and sends the cookies of both", async () => {
    const [one, two] = [makeSessions({ cookieName: "one" }), makeSessions({ cookieName: "two" })];
    const got = await ask(await serve(one, two));
    expect([got.status, got.text, got.lines.length]).toEqual([200, "b", 2]);
    const cookie = cookieOf(got.lines);
    expect([await dataOf(one, cookie), await dataOf(two, cookie)]).toEqual([{ a: 1 }, { b: 1 }]);
  });
});

describe("the plugin of Fastify", () => {
  const program = (): FastifyInstance => {
    const app = fastify({ forceCloseConnections: true });
    onTestFinished(() => app.close());
    return app;
  };

  test.each<[string, (app: FastifyInstance, sessions: Sessions) => unknown]>([
    ["in the same application", (app, sessions) => app.register(fastifySessions(sessions)).register(fastifySessions(sessions))],
    [
      "in a part of it",
      (app, sessions) => app.register(fastifySessions(sessions)).register(async (part) => void part.register(fastifySessions(sessions))),
    ],
  ])("does nothing when it is registered again with the same sessions %s", async (_title, register) => {
    const app = program();
    const sessions = makeSessions({ backend: new MemoryBackend() });
    await register(app, sessions);
    app.get("/", async (request) => String((await request.session).increment("visits")));
    const got = await ask(await app.listen({ port: 0, host: "127.0.0.1" }));
    expect([got.status, got.text, got.lines.length]).toEqual([200, "1", 1]);
  });

  test("says what to do when it is registered again with other sessions", async () => {
    const app = program();
    app.register(fastifySessions({ secretKey })).register(fastifySessions({ secretKey, cookieName: "other" }));
    await expect(app.ready()).rejects.toThrow(
      "fastifySessions is registered twice, with different settings. Register it once, on the application itself, and use request.sessionStore.getSession(name, options) for another session; or register each in a part of the application of its own.",
    );
  });

  test("gives each part of an application sessions of its own", async () => {
    const app = program();
    const all = [makeSessions({ cookieName: "one" }), makeSessions({ cookieName: "two" })];
    for (const [i, sessions] of all.entries())
      app.register(async (part) => {
        part.register(fastifySessions(sessions));
        part.get(`/${i}`, async (request) => String((await request.session).increment("visits")));
      });
    const url = await app.listen({ port: 0, host: "127.0.0.1" });
    const lines = [(await ask(`${url}/0`)).lines, (await ask(`${url}/1`)).lines].map((each) => each.map((line) => line.split("=")[0]));
    expect(lines).toEqual([["one"], ["two"]]);
  });
});
