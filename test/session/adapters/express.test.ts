import type { IncomingMessage } from "node:http";
import { createRequire } from "node:module";
import type { Sessions } from "@mini/session";
import { nodeSessions, sessionErrors, sessionStoreOf } from "@mini/session/node";
import express, { type Express, type Request, type Response } from "express";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../support/folder.ts";
import { listen } from "../../support/node-frameworks.ts";
import { begun, cookieOf, dataOf, FailingBackend, inMemory, makeSessions, type Data } from "../../support/visits.ts";

const load = createRequire(import.meta.url);
const express4 = load("express4") as typeof express;
const expresses = [
  ["5", express],
  ["4", express4],
] as const;

const sessionOf = (request: IncomingMessage) => sessionStoreOf(request).getSession<Data>();
const urlOf = async (app: Express) => `http://127.0.0.1:${await listen(app)}`;

/** Changes the session of every request that comes through it. */
const changing = async (request: Request, _response: Response, next: () => void) => {
  (await sessionOf(request)).set("a", 1);
  next();
};

const folder = temporaryFolder({ "page.txt": "a file", "page.view": "a view" });

const ways: readonly (readonly [string, (response: Response, request: Request) => unknown])[] = [
  ["send() of a text", (response) => response.send("hello")],
  ["send() of a buffer", (response) => response.send(Buffer.from("hello"))],
  ["json()", (response) => response.status(201).json({ a: 1 })],
  ["jsonp()", (response) => response.jsonp({ a: 1 })],
  ["redirect()", (response) => response.redirect(303, "/next")],
  ["sendStatus()", (response) => response.sendStatus(204)],
  ["sendFile()", (response) => response.sendFile("page.txt", { root: folder })],
  ["download()", (response) => response.download("page.txt", "other.txt", { root: folder })],
  ["render()", (response) => response.render("page")],
  ["format()", (response) => response.format({ json: () => response.json({ a: 1 }), html: () => response.send("<p>") })],
  ["cookie() and links", (response) => response.cookie("a", "1").links({ next: "/2" }).vary("Accept").send("hello")],
  ["a conditional request", (response) => response.set("etag", '"1"').send("hello")],
];

describe.each(expresses)("Express %s", (_version, framework) => {
  function program(sessions: Sessions, answer: (response: Response, request: Request) => unknown): Express {
    const app = framework().set("views", folder).set("view engine", "view").set("env", "test");
    app.engine("view", (_path, _options, done) => done(null, "a view"));
    app.use(nodeSessions(sessions));
    app.use("/with", changing);
    app.use((request: Request, response: Response) => answer(response, request));
    return app;
  }

  test.each(ways)("%s is the same with a session, and is replaced when the commit fails", async (title, answer) => {
    const backend = new FailingBackend();
    const sessions = makeSessions({ backend });
    const url = await urlOf(program(sessions, answer));
    const headers: Record<string, string> = title === "a conditional request" ? { "if-none-match": '"1"' } : {};
    const read = async (path: string) => {
      const response = await fetch(url + path, { headers, redirect: "manual" });
      const kept = [...response.headers].filter(([name, value]) => name !== "date" && !/^session=|^no-store$/.test(value));
      return {
        status: response.status,
        headers: kept.map(([name, value]) => [name, value.replace(/, Cookie$|^Cookie$/, "")]).filter(([, value]) => value !== ""),
        body: await response.text(),
        cookie: response.headers.getSetCookie().find((line) => line.startsWith("session=")),
      };
    };
    const plain = await read("/without");
    const changed = await read("/with");
    const cached = String(plain.headers.find(([name]) => name === "cache-control")?.[1]).startsWith("public");
    // A file that caches may keep is not for them any more with the cookie of a visitor.
    const wanted = cached ? plain.headers.filter(([name]) => name !== "cache-control") : plain.headers;
    expect({ ...changed, cookie: undefined }).toEqual({ ...plain, headers: wanted });
    expect(await dataOf(sessions, cookieOf([changed.cookie!]))).toEqual({ a: 1 });

    backend.isDown = true;
    const failed = await read("/with");
    expect([failed.status, failed.cookie]).toEqual([503, undefined]);
    expect(failed.headers.map(([name]) => name)).not.toContain("etag");
    expect(failed.body).toContain("Service Unavailable");
  });

  test("a failed commit is passed to the error handlers, with the head as it was before", async () => {
    const backend = new FailingBackend();
    const app = framework().set("env", "test");
    app.use((_request, response: Response, next: () => void) => {
      response.set("x-before", "1");
      next();
    });
    app.use(nodeSessions(makeSessions({ backend })));
    app.get("/", changing, (_request, response: Response) => void response.set("x-of-handler", "1").type("json").status(201).send("{}"));
    const seen: unknown[] = [];
    app.use((error: Error, _request: Request, response: Response, _next: () => void) => {
      seen.push([error.message, response.headersSent, response.statusCode, response.get("x-of-handler")]);
      response.status(503).send("sorry");
    });
    backend.isDown = true;
    const response = await fetch(await urlOf(app));
    expect([response.status, await response.text(), response.headers.get("x-before")]).toEqual([503, "sorry", "1"]);
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(seen).toEqual([["Service Unavailable", false, 200, undefined]]);
  });

  test("a mounted application commits, and its failed commit reaches the error handlers of the whole one", async () => {
    const backend = new FailingBackend();
    const sessions = makeSessions({ backend });
    const inner = framework().set("title", "inner");
    inner.get("/cart", changing, (request: Request, response: Response) => void response.send(`${request.baseUrl} ${request.url}`));
    const app = framework().set("title", "outer");
    app.use(nodeSessions(sessions));
    app.use("/shop", inner);
    app.use((_error: Error, request: Request, response: Response, _next: () => void) => {
      response.status(503).send(`${request.app.get("title")} ${request.originalUrl}`);
    });
    const url = await urlOf(app);
    const good = await fetch(`${url}/shop/cart`);
    expect([await good.text(), await dataOf(sessions, cookieOf(good.headers.getSetCookie()))]).toEqual(["/shop /cart", { a: 1 }]);
    backend.isDown = true;
    const bad = await fetch(`${url}/shop/cart`);
    expect([bad.status, await bad.text()]).toEqual([503, "outer /shop/cart"]);
  });

  test("cookies that must be sent are on the response to the error, also where that removes all headers", async () => {
    const backend = new FailingBackend();
    const sessions = makeSessions({ backend });
    const cookie = await begun(sessions, { a: 1 });
    const app = framework().set("env", "test");
    app.use(nodeSessions(sessions));
    app.use((request: Request, response: Response) => {
      void request.sessionStore.deleteSession();
      response.send("bye");
    });
    backend.isDown = true;
    const response = await fetch(await urlOf(app), { headers: { cookie } });
    expect([response.status, response.headers.getSetCookie().map((line) => line.split(";").slice(0, 2).join())]).toEqual([
      503,
      ["session=, Max-Age=0"],
    ]);
    expect([response.headers.get("retry-after"), response.headers.get("vary")]).toEqual(["1", "Cookie"]);
  });

  test("an error drops the changes, an expected one saves them", async () => {
    const sessions = inMemory();
    const cookie = await begun(sessions, { a: 0 });
    const app = framework().set("env", "test");
    app.use(nodeSessions(sessions));
    app.get("/:status", changing, (request: Request, _response: Response, next: (error: unknown) => void) => {
      next(Object.assign(new Error("no"), { status: Number(request.params["status"]) }));
    });
    const url = await urlOf(app);
    expect((await fetch(`${url}/500`, { headers: { cookie } })).status).toBe(500);
    expect(await dataOf(sessions, cookie)).toEqual({ a: 0 });
    expect((await fetch(`${url}/403`, { headers: { cookie } })).status).toBe(403);
    expect(await dataOf(sessions, cookie)).toEqual({ a: 1 });
  });

  test("sessionErrors keeps what an error handler adds, and drops what was changed before, whatever the status", async () => {
    const sessions = inMemory();
    const cookie = await begun(sessions, { a: 0 });
    const app = framework();
    app.use(nodeSessions(sessions));
    app.get("/", changing, () => {
      throw new Error("no");
    });
    if (framework === express4)
      app.use((request: Request, _response: Response, next: (error: unknown) => void) => next(new Error(request.url)));
    app.use(sessionErrors);
    app.use(async (_error: Error, request: Request, response: Response, _next: () => void) => {
      (await request.session).flash("sorry");
      response.redirect("/");
    });
    const response = await fetch(await urlOf(app), { headers: { cookie }, redirect: "manual" });
    expect(response.status).toBe(302);
    const left = await sessions.read<Data>(cookie);
    expect([left.toJSON(), left.peekFlashes().map(({ message }) => message)]).toEqual([{ a: 0 }, ["sorry"]]);
  });

  test("Secure follows request.secure, and so the setting of proxies", async () => {
    const lineWith = async (trusted: boolean) => {
      const app = program(inMemory(), (response) => response.send("hello")).set("trust proxy", trusted);
      const response = await fetch(`${await urlOf(app)}/with`, { headers: { "x-forwarded-proto": "https" } });
      return response.headers.getSetCookie()[0]!.includes("; Secure");
    };
    expect([await lineWith(true), await lineWith(false)]).toEqual([true, false]);
  });
});

describe("while the store is down", () => {
  test("requests that use no session are answered, the others with 503", async () => {
    const backend = new FailingBackend();
    const sessions = makeSessions({ backend });
    const cookie = await begun(sessions, { a: 1 });
    const app = express().set("env", "test");
    app.use(nodeSessions(sessions));
    app.get("/plain", (_request, response) => void response.send("plain"));
    app.get("/session", async (request, response) => void response.send(String((await sessionOf(request)).get("a"))));
    app.get("/caught", async (request, response) => {
      const found = await sessionOf(request).catch(() => undefined);
      response.send(found === undefined ? "anonymous" : "found");
    });
    backend.isDown = true;
    const url = await urlOf(app);
    const statusOf = async (path: string) => (await fetch(url + path, { headers: { cookie } })).status;
    expect([await statusOf("/plain"), await statusOf("/session"), await statusOf("/caught")]).toEqual([200, 503, 200]);
  });
});

describe("other libraries that replace methods of the response", () => {
  const compression = load("compression") as (options: object) => express.RequestHandler;
  const compress = compression({ threshold: 0 });
  const use = nodeSessions;

  test.each([
    ["before", (sessions: Sessions) => [compress, use(sessions), changing]],
    ["after", (sessions: Sessions) => [use(sessions), changing, compress]],
    ["after, when the session is used later", (sessions: Sessions) => [use(sessions), compress, changing]],
  ])("compression %s", async (_title, middleware) => {
    const sessions = inMemory();
    const app = express();
    for (const each of middleware(sessions)) app.use(each as express.RequestHandler);
    app.get("/send", (_request, response) => void response.send("hello ".repeat(100)));
    app.get("/write", (_request, response) => {
      response.type("text");
      for (let i = 0; i < 100; i++) response.write("hello ");
      response.end();
    });
    const url = await urlOf(app);
    for (const path of ["/send", "/write"]) {
      const response = await fetch(url + path);
      expect([response.headers.get("content-encoding"), await response.text()]).toEqual([expect.anything(), "hello ".repeat(100)]);
      expect(await dataOf(sessions, cookieOf(response.headers.getSetCookie()))).toEqual({ a: 1 });
    }
  });

  const expressSession = load("express-session") as (options: object) => express.RequestHandler;
  const theirs = expressSession({ secret: "a secret", name: "old", resave: false, saveUninitialized: false });
  const cookieSession = load("cookie-session") as (options: object) => express.RequestHandler;
  const theirCookies = cookieSession({ keys: ["a secret"], name: "old" });

  test.each([
    // It does nothing where a request has a session already.
    ["express-session before", (sessions: Sessions) => [theirs, use(sessions)]],
    ["cookie-session before", (sessions: Sessions) => [theirCookies, use(sessions)]],
    ["cookie-session after", (sessions: Sessions) => [use(sessions), theirCookies]],
  ])("%s: each keeps its own session", async (_title, middleware) => {
    const sessions = inMemory();
    const app = express();
    for (const each of middleware(sessions)) app.use(each as express.RequestHandler);
    app.get("/", async (request, response) => {
      const old = request.session as unknown as { visits?: number };
      old.visits = (old.visits ?? 0) + 1;
      response.send(`${old.visits} ${(await sessionOf(request)).increment("visits")}`);
    });
    const url = await urlOf(app);
    const first = await fetch(url);
    const cookie = cookieOf(first.headers.getSetCookie());
    expect(cookie).toMatch(/\bold=/);
    expect(cookie).toMatch(/\bsession=/);
    expect([await first.text(), await (await fetch(url, { headers: { cookie } })).text()]).toEqual(["1 1", "2 2"]);
  });
});
