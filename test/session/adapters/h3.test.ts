import { h3Sessions } from "@mini/session/fetch";
import { H3, HTTPError, html, redirect, type H3Config, type H3Event } from "h3";
import { toNodeHandler } from "h3/node";
import { describe, expect, test } from "vitest";
import { gate } from "../../support/gate.ts";
import { ask, expectSaved, serveListener } from "../../support/node-listener.ts";
import { cookieOf, dataOf, FailingBackend, inMemory, makeSessions } from "../../support/visits.ts";

/** An application whose handlers have sessions, served on a socket. */
async function serve(build: (app: H3) => void, sessions = inMemory(), config: H3Config = {}): Promise<string> {
  const app = new H3({ silent: true, ...config });
  app.use(h3Sessions(sessions));
  build(app);
  return serveListener(toNodeHandler(app));
}

const setA = async ({ context }: H3Event) => void (await context.session).set("a", 1);

describe("whatever a handler of h3 returns, the session is committed before the head", () => {
  const answers: readonly (readonly [string, (event: H3Event) => unknown, number, string])[] = [
    ["text", () => "hello", 200, "hello"],
    ["an object", () => ({ a: 1 }), 200, '{"a":1}'],
    ["html", () => html`<p>hello</p>`, 200, "<p>hello</p>"],
    ["a redirect", () => redirect("/next", 303), 303, expect.any(String) as string],
    ["nothing, with a status", (event) => ((event.res.status = 204), null), 204, ""],
    ["a response of its own", () => new Response("own", { status: 201, headers: { vary: "Accept" } }), 201, "own"],
    ["a response with the status of an error", () => new Response("own", { status: 422 }), 422, "own"],
    ["an immutable response", () => Response.redirect("http://localhost/next"), 302, ""],
    ["a stream", () => new Blob(["streamed"]).stream(), 200, "streamed"],
  ];

  test.each(answers)("%s", async (_title, answer, status, text) => {
    const sessions = inMemory();
    const url = await serve((app) => app.get("/", async (event) => (await setA(event), answer(event))), sessions);
    const got = await ask(url);
    expect([got.status, got.text]).toEqual([status, text]);
    await expectSaved(got, sessions, { a: 1 });
  });

  test("HEAD, and applications that are mounted on a path", async () => {
    const sessions = inMemory();
    const part = new H3()
      .use(h3Sessions(sessions))
      .get("/page", async (event) => String((await event.context.session).increment("visits")));
    const url = await serve((app) => app.mount("/part", part), sessions);
    const first = await ask(`${url}/part/page`);
    const headers = { cookie: cookieOf(first.lines) };
    const second = await ask(`${url}/part/page`, { headers });
    expect([first.text, second.text, second.lines]).toEqual(["1", "2", []]);
    const head = await ask(`${url}/part/page`, { method: "HEAD" });
    expect([head.status, head.text, head.lines.length]).toEqual([200, "", 1]);
  });

  test("headers and cookies of others stay, in order", async () => {
    const url = await serve((app) => {
      app.get("/", async (event) => {
        event.res.headers.append("set-cookie", "one=1");
        event.res.headers.set("vary", "Accept");
        await setA(event);
        event.res.headers.append("set-cookie", "two=2");
        return "hello";
      });
    });
    const got = await ask(url);
    expect(got.lines.map((line) => line.split("=")[0])).toEqual(["one", "two", "session"]);
    expect(got.headers.vary).toBe("Accept, Cookie");
  });
});

test("a request that uses no session gets the response as it is, also when the backend is down", async () => {
  const backend = new FailingBackend();
  backend.isDown = true;
  const url = await serve((app) => app.get("/", () => "hello"), makeSessions({ backend }));
  const got = await ask(url, { headers: { cookie: "session=v1.a.1.b" } });
  expect([got.status, got.text, got.lines, got.headers.vary]).toEqual([200, "hello", [], undefined]);
});

describe("an error of a handler", () => {
  test("that is unexpected drops the changes, and clears the cookie of a session that has ended", async () => {
    const sessions = inMemory();
    const url = await serve((app) => {
      app.get("/set", async (event) => (await setA(event), "set"));
      app.get("/fail", async (event) => {
        (await event.context.session).set("a", 2);
        throw new Error("unexpected");
      });
      app.get("/end", async (event) => {
        await event.context.sessionStore.deleteSession();
        throw new Error("unexpected");
      });
    }, sessions);
    const headers = { cookie: cookieOf((await ask(`${url}/set`)).lines) };
    const failed = await ask(`${url}/fail`, { headers });
    expect([failed.status, failed.lines, failed.headers.vary]).toEqual([500, [], "Cookie"]);
    expect(await dataOf(sessions, headers.cookie)).toEqual({ a: 1 });
    const ended = await ask(`${url}/end`, { headers });
    expect([ended.status, ended.lines]).toEqual([500, [expect.stringMatching(/^session=; Max-Age=0;/)]]);
  });

  test("that is an HTTPError of h3 saves them", async () => {
    const sessions = inMemory();
    const url = await serve((app) => {
      app.get("/", async (event) => {
        await setA(event);
        throw new HTTPError({ status: 403 });
      });
    }, sessions);
    const got = await ask(url);
    expect(got.status).toBe(403);
    expect(await dataOf(sessions, cookieOf(got.lines))).toEqual({ a: 1 });
  });
});

test.each([
  ["as h3 answers errors by itself", {}, /"status": ?503/],
  ["by the onError of the application", { onError: () => new Response("handled", { status: 503 }) }, /^handled$/],
] as const)(
  "when the backend is down, the commit is answered with 503 %s, and nothing of the response is sent",
  async (_title, config, text) => {
    const backend = new FailingBackend();
    const { opened: isCanceled, open: cancel } = gate();
    const url = await serve(
      (app) =>
        app.get("/", async (event) => {
          await setA(event);
          backend.isDown = true;
          return new Response(new ReadableStream({ cancel }), { headers: { "x-secret": "1", "set-cookie": "own=1" } });
        }),
      makeSessions({ backend }),
      config,
    );
    const got = await ask(url);
    expect([got.status, got.lines, got.headers["x-secret"]]).toEqual([503, [], undefined]);
    expect(got.text).toMatch(text);
    await isCanceled;
  },
);
