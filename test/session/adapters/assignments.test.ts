import { getRequestListener } from "@hono/node-server";
import type { Session, Sessions } from "@mini/session";
import { fastifySessions } from "@mini/session/fastify";
import { h3Sessions, honoSessions } from "@mini/session/fetch";
import { koaSessions } from "@mini/session/koa";
import { nodeSessions } from "@mini/session/node";
import express from "express";
import fastify from "fastify";
import { H3 } from "h3";
import { toNodeHandler } from "h3/node";
import { Hono } from "hono";
import Koa from "koa";
import { describe, expect, onTestFinished, test } from "vitest";
import { ask, serveListener } from "../../support/node-listener.ts";
import { makeSessions } from "../../support/visits.ts";

/** What the assignment `target.key = value` throws in a CommonJS module without "use strict", where many are ignored. */
function refusal(target: object, key: string, value: unknown): string {
  try {
    return `no error: ${Reflect.set(target, key, value)}`;
  } catch (error) {
    return String(error);
  }
}

/** Has the code of another session library run with the property `session`, and gives what it throws. */
async function assign(owner: { readonly session: Promise<Session> }): Promise<string> {
  const session = await owner.session;
  return [refusal(owner.session, "user", 5), refusal(session, "user", 5), refusal(owner, "session", null), `size ${session.size}`].join(
    "\n",
  );
}

const ofPromise = 'TypeError: session.user = value would not be saved. Call (await session).set("user", value).';
const ofSession = 'TypeError: session.user = value would not be saved. Call session.set("user", value).';
const ofRequest = "TypeError: The session of a request cannot be replaced. To end it, call await sessionStore.deleteSession().";

const withGetters: Readonly<Record<string, (sessions: Sessions) => Promise<string>>> = {
  Express: (sessions) => {
    const app = express().set("env", "test").use(nodeSessions(sessions));
    app.get("/", async (request, response) => void response.send(await assign(request)));
    return serveListener(app);
  },
  Koa: (sessions) => {
    const app = new Koa();
    app.use(koaSessions(sessions));
    app.use(async (ctx) => void (ctx.body = await assign(ctx)));
    const callback = app.callback();
    return serveListener((request, response) => void callback(request, response));
  },
  Fastify: async (sessions) => {
    const app = fastify({ forceCloseConnections: true });
    onTestFinished(() => app.close());
    app.register(fastifySessions(sessions));
    app.get("/", (request) => assign(request));
    return app.listen({ port: 0 });
  },
};

const withValues: Readonly<Record<string, (sessions: Sessions) => Promise<string>>> = {
  Hono: (sessions) => {
    const app = new Hono();
    app.use(honoSessions(sessions)).get("/", async (c) => c.text(await assign({ session: c.var.session })));
    const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
    return serveListener((incoming, outgoing) => void listener(incoming, outgoing));
  },
  h3: (sessions) => {
    const app = new H3({ silent: true });
    app.use(h3Sessions(sessions)).get("/", ({ context }) => assign({ session: context.session }));
    return serveListener(toNodeHandler(app));
  },
};

describe("an assignment to a property that another session library would save is an error", () => {
  test.each(Object.entries(withGetters))("with %s", async (_name, serve) => {
    const got = await ask(await serve(makeSessions()));
    expect([got.status, ...got.text.split("\n")]).toEqual([200, ofPromise, ofSession, ofRequest, "size 0"]);
  });

  test.each(Object.entries(withValues))("with %s", async (_name, serve) => {
    const got = await ask(await serve(makeSessions()));
    expect([got.status, ...got.text.split("\n").slice(0, 2)]).toEqual([200, ofPromise, ofSession]);
  });

  test("while a library that replaces the property of a request still can", async () => {
    const app = express().set("env", "test").use(nodeSessions(makeSessions()));
    app.get("/", (request, response) => {
      Reflect.set(request, "session", { user: 5 });
      response.json(request.session);
    });
    expect((await ask(await serveListener(app))).text).toBe('{"user":5}');
  });
});
