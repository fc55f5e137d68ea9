import { Readable } from "node:stream";
import { getRequestListener } from "@hono/node-server";
import { MemoryBackend, SessionCommittedError } from "@mini/session";
import { honoSessions, type FetchSessionsOptions } from "@mini/session/fetch";
import { Hono, type Context } from "hono";
import { compress } from "hono/compress";
import { etag } from "hono/etag";
import { HTTPException } from "hono/http-exception";
import { streamText } from "hono/streaming";
import { describe, expect, test } from "vitest";
import { gate } from "../../support/gate.ts";
import { ask, expectSaved, serveListener } from "../../support/node-listener.ts";
import { cookieOf, dataOf, FailingBackend, inMemory, makeSessions } from "../../support/visits.ts";

/** An application whose handlers have sessions, served on a socket. */
async function serve(build: (app: Hono) => void, sessions = inMemory(), options?: FetchSessionsOptions): Promise<string> {
  const app = new Hono();
  app.use(honoSessions(sessions, options));
  build(app);
  // The listener replaces Request and Response of the process if it may, which other test files would see.
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  return serveListener((incoming, outgoing) => void listener(incoming, outgoing));
}

const setA = async (c: Context) => void (await c.var.session).set("a", 1);

describe("whatever a handler of Hono returns, the session is committed before the head", () => {
  const answers: readonly (readonly [string, (c: Context) => Response | Promise<Response>, number, string])[] = [
    ["text", (c) => c.text("hello"), 200, "hello"],
    ["JSON with a status", (c) => c.json({ a: 1 }, 201), 201, '{"a":1}'],
    ["html", (c) => c.html("<p>hello"), 200, "<p>hello"],
    ["a redirect", (c) => c.redirect("/next", 303), 303, ""],
    ["no body", (c) => c.body(null, 204), 204, ""],
    ["304", (c) => c.body(null, 304), 304, ""],
    ["a response of its own", () => new Response("own", { headers: { vary: "Accept" } }), 200, "own"],
    ["an immutable response", () => Response.redirect("http://localhost/next"), 302, ""],
    ["a stream", () => new Response(Readable.toWeb(Readable.from([Buffer.from("a"), Buffer.from("b")])) as ReadableStream), 200, "ab"],
    ["streamed text", (c) => streamText(c, async (stream) => void (await stream.write("streamed"))), 200, "streamed"],
    ["what nobody has found", (c) => c.notFound() as Response, 404, "404 Not Found"],
  ];

  test.each(answers)("%s", async (_title, answer, status, text) => {
    const sessions = inMemory();
    const url = await serve((app) => app.get("/", async (c) => (await setA(c), answer(c))), sessions);
    const got = await ask(url);
    expect([got.status, got.text]).toEqual([status, text]);
    await expectSaved(got, sessions, { a: 1 });
  });

  test("a 304 of etag() and a text that compress() makes smaller, if they are registered later", async () => {
    const text = "hello ".repeat(1000);
    const url = await serve((app) => app.use(etag(), compress()).get("/", async (c) => (await setA(c), c.text(text))));
    const headers = { "accept-encoding": "gzip" };
    const full = await ask(url, { headers });
    expect([full.headers["content-encoding"], full.lines.length]).toEqual(["gzip", 1]);
    const unchanged = await ask(url, { headers: { ...headers, "if-none-match": String(full.headers.etag) } });
    expect([unchanged.status, unchanged.lines.length]).toEqual([304, 1]);
  });

  test("HEAD, by the same handler, with the headers of GET", async () => {
    const url = await serve((app) => app.get("/", async (c) => (await setA(c), c.text("hello"))));
    const got = await ask(url, { method: "HEAD" });
    expect([got.status, got.text, got.lines.length]).toEqual([200, "", 1]);
  });

  test("in applications that are a part of this one, also when they use the same sessions again", async () => {
    const sessions = inMemory();
    const part = new Hono();
    part.use(honoSessions(sessions));
    part.get("/page", async (c) => c.text(String((await c.var.session).increment("visits"))));
    const url = await serve((app) => app.route("/part", part), sessions);
    const first = await ask(`${url}/part/page`);
    const second = await ask(`${url}/part/page`, { headers: { cookie: cookieOf(first.lines) } });
    expect([first.text, second.text, second.lines]).toEqual(["1", "2", []]);
  });

  test("a response that is sent to several clients gets the cookie of none of them", async () => {
    const shared = new Response(null, { status: 204 });
    const url = await serve((app) => app.get("/", async (c) => (await setA(c), shared)));
    const [one, two] = [await ask(url), await ask(url)];
    expect([one.lines.length, two.lines.length]).toEqual([1, 1]);
    expect([...shared.headers]).toEqual([]);
  });

  test("headers and cookies of others stay, in order, those that come later too", async () => {
    const url = await serve((app) => {
      app.get("/", async (c) => {
        c.header("set-cookie", "one=1", { append: true });
        c.header("set-cookie", "two=2", { append: true });
        c.header("vary", "Accept", { append: true });
        c.header("cache-control", "private, max-age=5");
        await setA(c);
        return c.text("hello", 200, { "x-one": "1" });
      });
    });
    const got = await ask(url);
    expect(got.lines.map((line) => line.split("=")[0])).toEqual(["one", "two", "session"]);
    expect([got.headers.vary, got.headers["cache-control"], got.headers["x-one"]]).toEqual(["Accept, Cookie", "private, max-age=5", "1"]);
  });
});

test("a request that uses no session gets the response as it is, also with a hostile cookie and when the backend is down", async () => {
  const backend = new FailingBackend();
  backend.isDown = true;
  const url = await serve((app) => app.get("/", (c) => c.text("hello")), makeSessions({ backend }));
  const got = await ask(url, { headers: { cookie: `session=${"x".repeat(5000)}; session=v1.a.1.b` } });
  expect([got.status, got.text, got.lines, got.headers.vary]).toEqual([200, "hello", [], undefined]);
});

test("a session that is only read adds Vary, and sends no cookie", async () => {
  const url = await serve((app) => app.get("/", async (c) => c.text(String((await c.var.session).get("a")))));
  const got = await ask(url, { headers: { cookie: "session=garbage" } });
  expect([got.text, got.lines, got.headers.vary, got.headers["cache-control"]]).toEqual(["undefined", [], "Cookie", undefined]);
});

describe("an error of a handler", () => {
  test("that is unexpected drops the changes, keeps messages of the error handler, and clears the cookie of a session that has ended", async () => {
    const sessions = inMemory();
    const url = await serve((app) => {
      app.get("/set", async (c) => (await setA(c), c.text("set")));
      app.get("/fail", async (c) => {
        (await c.var.session).set("a", 2);
        c.var.sessionStore.setSecureCookie("seen", { a: 1 });
        throw new Error("unexpected");
      });
      app.get("/end", async (c) => {
        await c.var.sessionStore.deleteSession();
        throw new Error("unexpected");
      });
      app.onError(async (error, c) => {
        if (c.req.path === "/fail") (await c.var.session).flash(`Sorry: ${error.message}`);
        return c.text("sorry", 500);
      });
    }, sessions);
    const cookie = cookieOf((await ask(`${url}/set`)).lines);
    const failed = await ask(`${url}/fail`, { headers: { cookie } });
    expect([failed.status, failed.text, failed.lines]).toEqual([500, "sorry", []]);
    expect(await dataOf(sessions, cookie)).toEqual({ a: 1 });
    expect((await sessions.read(cookie)).peekFlashes().map(({ message }) => message)).toEqual(["Sorry: unexpected"]);
    const ended = await ask(`${url}/end`, { headers: { cookie } });
    expect([ended.status, ended.lines[0]]).toEqual([500, expect.stringMatching(/^session=; Max-Age=0;/)]);
  });

  test("that is an HTTPException saves them", async () => {
    const sessions = inMemory();
    const url = await serve((app) => {
      app.get("/", async (c) => {
        await setA(c);
        throw new HTTPException(403, { message: "no" });
      });
    }, sessions);
    const got = await ask(url);
    expect([got.status, got.text]).toEqual([403, "no"]);
    expect(await dataOf(sessions, cookieOf(got.lines))).toEqual({ a: 1 });
  });
});

describe("when the backend is down", () => {
  test.each([
    ["as Hono answers errors by itself", undefined, "Service Unavailable"],
    [
      "by the error handler of the application",
      (error: Error, c: Context) => c.text(`handled ${error.name}`, 503),
      "handled SessionUnavailableError",
    ],
  ] as const)("the commit is answered with 503 %s, and nothing of the response is sent", async (_title, onError, text) => {
    const backend = new FailingBackend();
    const { opened: isCanceled, open: cancel } = gate();
    const url = await serve((app) => {
      if (onError !== undefined) app.onError(onError);
      app.get("/", async (c) => {
        await setA(c);
        backend.isDown = true;
        return new Response(new ReadableStream({ cancel }), { headers: { "x-secret": "1", "set-cookie": "own=1" } });
      });
    }, makeSessions({ backend }));
    const got = await ask(url);
    expect([got.status, got.text, got.lines, got.headers["x-secret"]]).toEqual([503, text, [], undefined]);
    await isCanceled;
  });

  test("a request that asks for a session gets 503", async () => {
    const backend = new FailingBackend();
    const sessions = makeSessions({ backend });
    const url = await serve((app) => app.get("/", async (c) => (await setA(c), c.text("hello"))), sessions);
    const { lines } = await ask(url);
    backend.isDown = true;
    const got = await ask(url, { headers: { cookie: cookieOf(lines) } });
    expect([got.status, got.headers["retry-after"], got.lines]).toEqual([503, "1", []]);
  });
});

test("a change after the head is refused", async () => {
  let refused: unknown;
  const url = await serve((app) => {
    app.get("/", async (c) => {
      const session = await c.var.session;
      const pull = (controller: ReadableStreamDefaultController) => {
        try {
          session.set("a", 1);
        } catch (error) {
          refused = error;
        }
        controller.close();
      };
      return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }));
    });
  });
  await ask(url);
  expect(refused).toBeInstanceOf(SessionCommittedError);
});

test("cookies are Secure if the URL is https, or if the option secure says so for a proxy", async () => {
  const secure = (from: Request) => from.headers.get("x-forwarded-proto") === "https";
  const url = await serve((app) => app.get("/", async (c) => (await setA(c), c.text("hello"))), inMemory(), { secure });
  const [plain, proxied] = [await ask(url), await ask(url, { headers: { "x-forwarded-proto": "https" } })];
  expect([plain, proxied].map(({ lines }) => lines[0]!.includes("; Secure"))).toEqual([false, true]);
});

test("two requests at once keep each other's changes, and a log-out is not undone by a slow request", async () => {
  const sessions = makeSessions({ backend: new MemoryBackend() });
  const gates = { slow: gate(), begun: gate() };
  const url = await serve((app) => {
    app.get("/set/:key", async (c) => {
      const session = await c.var.session;
      if (c.req.query("slow") !== undefined) {
        gates.begun.open();
        await gates.slow.opened;
      }
      session.set(c.req.param("key"), 1);
      return c.text("set");
    });
    app.get("/end", async (c) => (await c.var.sessionStore.deleteSession(), c.text("ended")));
  }, sessions);
  const cookie = cookieOf((await ask(`${url}/set/first`)).lines);
  const headers = { cookie };
  const slow = ask(`${url}/set/slow?slow`, { headers });
  await gates.begun.opened;
  await ask(`${url}/set/quick`, { headers });
  gates.slow.open();
  await slow;
  expect(await dataOf(sessions, cookie)).toEqual({ first: 1, quick: 1, slow: 1 });
  gates.begun = gate();
  gates.slow = gate();
  const late = ask(`${url}/set/late?slow`, { headers });
  await gates.begun.opened;
  await ask(`${url}/end`, { headers });
  gates.slow.open();
  expect((await late).lines).toEqual([]);
  expect((await sessions.read(cookie)).isNew).toBe(true);
});
