import { createRequire } from "node:module";
import { Readable } from "node:stream";
import type { Sessions } from "@mini/session";
import { koaSessions } from "@mini/session/koa";
import { sessionStoreOf } from "@mini/session/node";
import Koa from "koa";
import { describe, expect, test } from "vitest";
import { listen } from "../../support/node-frameworks.ts";
import { begun, cookieOf, dataOf, FailingBackend, inMemory, makeSessions, type Data } from "../../support/visits.ts";

type Answer = (ctx: Koa.Context) => unknown;

function program(sessions: Sessions, answer: Answer): Koa {
  const app = new Koa();
  app.silent = true;
  app.use(koaSessions(sessions));
  app.use(async (ctx) => {
    if (ctx.path !== "/without") (await ctx.sessionStore.getSession<Data>()).set("a", 1);
    await answer(ctx);
  });
  return app;
}

async function urlOf(app: Koa): Promise<string> {
  const callback = app.callback();
  return `http://127.0.0.1:${await listen((request, response) => void callback(request, response))}`;
}

const ways: readonly (readonly [string, Answer])[] = [
  ["a text", (ctx) => (ctx.body = "hello")],
  ["a buffer", (ctx) => (ctx.body = Buffer.from("hello"))],
  ["an object", (ctx) => (ctx.body = { a: 1 })],
  ["a stream", (ctx) => (ctx.body = Readable.from(["one ", "two"]))],
  ["a web stream", (ctx) => (ctx.body = new Response("hello").body)],
  ["a Response", (ctx) => (ctx.body = new Response("hello", { status: 201, headers: { "x-a": "1" } }))],
  ["nothing", (ctx) => (ctx.body = null)],
  ["a status alone", (ctx) => (ctx.status = 404)],
  ["a redirect", (ctx) => ctx.redirect("/next")],
  ["a cookie", (ctx) => ctx.cookies.set("a", "1")],
  [
    "what is written to ctx.res",
    (ctx) => {
      ctx.respond = false;
      ctx.res.writeHead(201, { "x-a": "1" });
      ctx.res.end("hello");
    },
  ],
];

describe("Koa", () => {
  test.each(ways)("%s is the same with a session, and is replaced when the commit fails", async (title, answer) => {
    const backend = new FailingBackend();
    const sessions = makeSessions({ backend });
    const url = await urlOf(program(sessions, answer));
    const read = async (path: string) => {
      const response = await fetch(url + path, { redirect: "manual" });
      const headers = [...response.headers].filter(([name, value]) => name !== "date" && !/^session=|^no-store$|^Cookie$/.test(value));
      const cookie = response.headers.getSetCookie().find((line) => line.startsWith("session="));
      return { status: response.status, headers, body: await response.text(), cookie };
    };
    const plain = await read("/without");
    const changed = await read("/with");
    expect({ ...changed, cookie: undefined }).toEqual(plain);
    expect(await dataOf(sessions, cookieOf([changed.cookie!]))).toEqual({ a: 1 });
    backend.isDown = true;
    const failed = await read("/with");
    expect([failed.status, failed.body, failed.cookie], title).toEqual([503, "Service Unavailable", undefined]);
    expect(failed.headers.map(([name]) => name)).not.toContain("x-a");
  });

  test("a failed commit is thrown to the middleware before it", async () => {
    const backend = new FailingBackend();
    backend.isDown = true;
    const app = new Koa();
    app.use(async (ctx, next) => {
      try {
        await next();
      } catch (error) {
        ctx.status = 503;
        ctx.body = `caught ${(error as Error).name}`;
      }
    });
    app.use(koaSessions(makeSessions({ backend })));
    app.use(async (ctx) => {
      (await ctx.session).flash("hello");
      ctx.body = "hello";
    });
    const response = await fetch(await urlOf(app));
    expect([response.status, await response.text()]).toEqual([503, "caught SessionUnavailableError"]);
  });

  test("cookies that must be sent are on the response to an error, although Koa removes all headers", async () => {
    const backend = new FailingBackend();
    const sessions = makeSessions({ backend });
    const cookie = await begun(sessions, { a: 1 });
    backend.isDown = true;
    const app = program(sessions, (ctx) => void ctx.sessionStore.deleteSession());
    const response = await fetch(`${await urlOf(app)}/without`, { headers: { cookie } });
    expect([response.status, response.headers.getSetCookie().map((line) => line.split(";").slice(0, 2).join())]).toEqual([
      503,
      ["session=, Max-Age=0"],
    ]);
  });

  test.each([
    ["an error", (_ctx: Koa.Context) => Promise.reject(new Error("no")), 500, 0],
    ["ctx.throw(403)", (ctx: Koa.Context) => ctx.throw(403), 403, 1],
    ["ctx.throw(502)", (ctx: Koa.Context) => ctx.throw(502), 502, 0],
    ["a status of 500", (ctx: Koa.Context) => (ctx.status = 500), 500, 1],
  ])("%s decides whether changes are saved", async (_title, answer, status, a) => {
    const sessions = inMemory();
    const cookie = await begun(sessions, { a: 0 });
    const response = await fetch(await urlOf(program(sessions, answer)), { headers: { cookie } });
    expect([response.status, await dataOf(sessions, cookie)]).toEqual([status, { a }]);
  });

  test("Secure follows ctx.secure, and so app.proxy", async () => {
    const lineWith = async (proxy: boolean) => {
      const app = program(inMemory(), (ctx) => (ctx.body = "hello"));
      app.proxy = proxy;
      const response = await fetch(await urlOf(app), { headers: { "x-forwarded-proto": "https" } });
      return response.headers.getSetCookie()[0]!.includes("; Secure");
    };
    expect([await lineWith(true), await lineWith(false)]).toEqual([true, false]);
  });

  test("koa-session beside it keeps its own session", async () => {
    const load = createRequire(import.meta.url);
    const imported = load("koa-session") as { readonly default?: TheirSession } & TheirSession;
    const theirs = imported.default ?? imported;
    const sessions = inMemory();
    const app = new Koa();
    app.keys = ["a secret"];
    app.use(theirs({ key: "old" }, app));
    app.use(koaSessions(sessions));
    app.use(async (ctx) => {
      const old = ctx.session as unknown as { visits?: number };
      old.visits = (old.visits ?? 0) + 1;
      ctx.body = `${old.visits} ${(await sessionStoreOf(ctx.req).getSession<Data>()).increment("visits")}`;
    });
    const url = await urlOf(app);
    const first = await fetch(url);
    const cookie = cookieOf(first.headers.getSetCookie());
    expect([await first.text(), await (await fetch(url, { headers: { cookie } })).text()]).toEqual(["1 1", "2 2"]);
  });
});

type TheirSession = (options: object, app: Koa) => Koa.Middleware;
