import { Readable } from "node:stream";
import cookies from "@fastify/cookie";
import files from "@fastify/static";
import { MemoryBackend } from "@mini/session";
import { fastifySessions } from "@mini/session/fastify";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, type FastifyServerOptions } from "fastify";
import { describe, expect, onTestFinished, test } from "vitest";
import { root } from "../../support/folder.ts";
import { gate } from "../../support/gate.ts";
import { ask, expectSaved } from "../../support/node-listener.ts";
import { cookieOf, dataOf, FailingBackend, inMemory, makeSessions } from "../../support/visits.ts";

/** An application whose handlers have sessions, served on a socket. */
async function serve(build: (app: FastifyInstance) => unknown, sessions = inMemory(), options: FastifyServerOptions = {}): Promise<string> {
  const app = fastify({ forceCloseConnections: true, ...options });
  onTestFinished(() => app.close());
  await app.register(fastifySessions(sessions));
  await build(app);
  return app.listen({ port: 0, host: "127.0.0.1" });
}

const setA = async (request: FastifyRequest) => void (await request.session).set("a", 1);

describe("whatever a handler of Fastify does, the session is committed before the head", () => {
  type Answer = (reply: FastifyReply, request: FastifyRequest) => unknown;
  const answers: readonly (readonly [string, Answer, number, string])[] = [
    ["returns text", () => "hello", 200, "hello"],
    ["returns an object", () => ({ a: 1 }), 200, '{"a":1}'],
    ["sends with a status", (reply) => reply.code(201).type("text/html").send("<p>hello"), 201, "<p>hello"],
    ["redirects", (reply) => reply.redirect("/next", 303), 303, ""],
    ["sends nothing", (reply) => reply.code(204).send(), 204, ""],
    ["sends 304", (reply) => reply.code(304).send(), 304, ""],
    ["sends a buffer", (reply) => reply.send(Buffer.from("bytes")), 200, "bytes"],
    ["sends a stream of Node", (reply) => reply.send(Readable.from(["a", "b"])), 200, "ab"],
    ["sends a web stream", (reply) => reply.send(new Blob(["web"]).stream()), 200, "web"],
    ["sends a standard response", (reply) => reply.send(new Response("own", { status: 202, headers: { "x-own": "1" } })), 202, "own"],
    ["sends a file", (reply) => reply.sendFile("LICENSE"), 200, expect.stringContaining("MIT License") as string],
    ["finds nothing", (reply) => reply.callNotFound(), 404, expect.stringContaining("Not Found") as string],
    ["sends early hints first", (reply) => (reply.writeEarlyHints({ link: "</a.css>; rel=preload" }), reply.send("hinted")), 200, "hinted"],
    [
      "writes to reply.raw",
      (reply) => (reply.hijack(), reply.raw.writeHead(200, { "x-raw": "1" }), reply.raw.write("r"), reply.raw.end("aw")),
      200,
      "raw",
    ],
    ["ends reply.raw without a hijack", (reply) => (reply.raw.end("raw"), reply), 200, "raw"],
    ["pipes into reply.raw", (reply) => (reply.hijack(), Readable.from(["pi", "ped"]).pipe(reply.raw)), 200, "piped"],
  ];

  test.each(answers)("%s", async (_title, answer, status, text) => {
    const sessions = inMemory();
    const url = await serve(async (app) => {
      await app.register(files, { root, serve: false });
      app.get("/", async (request, reply) => (await setA(request), answer(reply, request)));
    }, sessions);
    const got = await ask(url);
    expect([got.status, got.text]).toEqual([status, text]);
    await expectSaved(got, sessions, { a: 1 });
    expect(got.headers.vary).toBe("Cookie");
  });

  test("HEAD, and handlers of plugins that are encapsulated", async () => {
    const sessions = inMemory();
    const url = await serve((app) => {
      app.register(
        (part, _options, done) => {
          part.get("/page", async (request) => String((await request.session).increment("visits")));
          done();
        },
        { prefix: "/part" },
      );
    }, sessions);
    const first = await ask(`${url}/part/page`);
    const second = await ask(`${url}/part/page`, { headers: { cookie: cookieOf(first.lines) } });
    expect([first.text, second.text, second.lines]).toEqual(["1", "2", []]);
    const head = await ask(`${url}/part/page`, { method: "HEAD" });
    expect([head.status, head.text, head.lines.length]).toEqual([200, "", 1]);
  });

  test("headers and cookies of others stay, in order", async () => {
    const url = await serve(async (app) => {
      await app.register(cookies);
      app.get("/", async (request, reply) => {
        reply.header("vary", "Accept").setCookie("one", "1");
        await setA(request);
        reply.setCookie("two", "2");
        return "hello";
      });
    });
    const got = await ask(url);
    expect(got.lines.map((line) => line.split("=")[0]!).toSorted()).toEqual(["one", "session", "two"]);
    expect(got.headers.vary).toBe("Accept, Cookie");
  });
});

test("a request that uses no session gets the response as it is, also when the backend is down", async () => {
  const backend = new FailingBackend();
  backend.isDown = true;
  const url = await serve((app) => app.get("/", () => "hello"), makeSessions({ backend }));
  const got = await ask(url, { headers: { cookie: `session=${"x".repeat(5000)}; session=v1.a.1.b` } });
  expect([got.status, got.text, got.lines, got.headers.vary]).toEqual([200, "hello", [], undefined]);
});

describe("an error of a handler", () => {
  test("that is unexpected drops the changes, keeps messages of the error handler, and clears the cookie of a session that has ended", async () => {
    const sessions = inMemory();
    const url = await serve((app) => {
      app.get("/set", async (request) => (await setA(request), "set"));
      app.get("/fail", async (request) => {
        (await request.session).set("a", 2);
        request.sessionStore.setSecureCookie("seen", { a: 1 });
        throw new Error("unexpected");
      });
      app.get("/end", async (request) => {
        await request.sessionStore.deleteSession();
        throw new Error("unexpected");
      });
      app.setErrorHandler<Error>(async (error, request, reply) => {
        if (request.url === "/fail") (await request.session).flash(`Sorry: ${error.message}`);
        return reply.code(500).send("sorry");
      });
    }, sessions);
    const cookie = cookieOf((await ask(`${url}/set`)).lines);
    const failed = await ask(`${url}/fail`, { headers: { cookie } });
    expect([failed.status, failed.text, failed.lines]).toEqual([500, "sorry", []]);
    expect(await dataOf(sessions, cookie)).toEqual({ a: 1 });
    expect((await sessions.read(cookie)).peekFlashes().map(({ message }) => message)).toEqual(["Sorry: unexpected"]);
    const ended = await ask(`${url}/end`, { headers: { cookie } });
    expect([ended.status, ended.lines]).toEqual([500, [expect.stringMatching(/^session=; Max-Age=0;/)]]);
  });

  test("with a status below 500 saves them", async () => {
    const sessions = inMemory();
    const url = await serve((app) => {
      app.get("/", async (request) => {
        await setA(request);
        throw Object.assign(new Error("no"), { statusCode: 403 });
      });
    }, sessions);
    const got = await ask(url);
    expect(got.status).toBe(403);
    expect(await dataOf(sessions, cookieOf(got.lines))).toEqual({ a: 1 });
  });

  test("of a stream that fails before its first byte is answered with the cookie, because the session is saved by then", async () => {
    const sessions = inMemory();
    const url = await serve((app) => {
      app.get("/", async (request, reply) => {
        await setA(request);
        const failing = new Readable({ read: () => failing.destroy(new Error("no file")) });
        return reply.send(failing);
      });
    }, sessions);
    const got = await ask(url);
    expect([got.status, got.lines.length]).toEqual([500, 1]);
    expect(await dataOf(sessions, cookieOf(got.lines))).toEqual({ a: 1 });
  });
});

describe("when the backend is down", () => {
  const down = async (answer: (reply: FastifyReply) => unknown, more: (app: FastifyInstance) => void = () => undefined) => {
    const backend = new FailingBackend();
    const url = await serve((app) => {
      more(app);
      app.addHook("onRequest", async (_request, reply) => void reply.header("x-hook", "1"));
      app.get("/", async (request, reply) => {
        await setA(request);
        reply.header("x-secret", "1").header("set-cookie", "own=1");
        backend.isDown = true;
        return answer(reply);
      });
    }, makeSessions({ backend }));
    return ask(url);
  };

  test.each([
    ["as Fastify answers errors by itself", undefined, /"statusCode":503/],
    ["by the error handler of the application", "handled", /^handled SessionUnavailableError$/],
  ])("the commit is answered with 503 %s, and nothing of the response is sent", async (_title, word, text) => {
    const { opened: isDestroyed, open: destroyed } = gate();
    const stream = new Readable({ read() {}, destroy: (_error, done) => (destroyed(), done(null)) });
    const got = await down(
      (reply) => reply.send(stream),
      (app) => {
        if (word !== undefined) app.setErrorHandler<Error>((error, _request, reply) => reply.code(503).send(`${word} ${error.name}`));
      },
    );
    expect([got.status, got.lines, got.headers["x-secret"], got.headers["x-hook"]]).toEqual([503, [], undefined, "1"]);
    expect(got.text).toMatch(text);
    await isDestroyed;
  });

  test.each([
    ["a hijacked reply", (reply: FastifyReply) => (reply.hijack(), reply.raw.end("half")), /^Service Unavailable$/],
    ["what was written to reply.raw", (reply: FastifyReply) => (reply.raw.end("half"), reply), /"statusCode":503/],
  ])("%s is replaced by 503", async (_title, answer, text) => {
    const got = await down(answer);
    expect([got.status, got.lines]).toEqual([503, []]);
    expect(got.text).toMatch(text);
  });

  test("a request that asks for a session gets 503", async () => {
    const backend = new FailingBackend();
    const url = await serve((app) => app.get("/", async (request) => (await setA(request), "hello")), makeSessions({ backend }));
    const { lines } = await ask(url);
    backend.isDown = true;
    const got = await ask(url, { headers: { cookie: cookieOf(lines) } });
    expect([got.status, got.headers["retry-after"], got.lines]).toEqual([503, "1", []]);
  });
});

test("cookies are Secure if Fastify's protocol is https, with its trustProxy", async () => {
  const headers = { "x-forwarded-proto": "https" };
  const build = (app: FastifyInstance) => app.get("/", async (request) => (await setA(request), "hello"));
  const [plain, proxied] = [await serve(build), await serve(build, inMemory(), { trustProxy: true })];
  const lines = [await ask(plain, { headers }), await ask(proxied, { headers })].map((got) => got.lines[0]!.includes("; Secure"));
  expect(lines).toEqual([false, true]);
});

test("two requests at once keep each other's changes", async () => {
  const sessions = makeSessions({ backend: new MemoryBackend() });
  const [begun, slow] = [gate(), gate()];
  const url = await serve((app) => {
    app.get<{ Params: { key: string } }>("/set/:key", async (request) => {
      const session = await request.session;
      if (request.params.key === "slow") {
        begun.open();
        await slow.opened;
      }
      session.set(request.params.key, 1);
      return "set";
    });
  }, sessions);
  const cookie = cookieOf((await ask(`${url}/set/first`)).lines);
  const late = ask(`${url}/set/slow`, { headers: { cookie } });
  await begun.opened;
  await ask(`${url}/set/quick`, { headers: { cookie } });
  slow.open();
  await late;
  expect(await dataOf(sessions, cookie)).toEqual({ first: 1, quick: 1, slow: 1 });
});
