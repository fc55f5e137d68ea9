import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { App, ConfigError, HTTPError, local, RequestHandler, Rule, text } from "@mini/core";
import { TestClient } from "@mini/core/testing";
import {
  CookieTooLargeError,
  MemoryBackend,
  SessionCommittedError,
  SessionMiddleware,
  Sessions,
  type SessionBackend,
  type SessionConfig,
  type Visit,
} from "@mini/session";
import { describe, expect, test } from "vitest";
import { serverSideMedia } from "../support/media.ts";

type Data = Record<string, unknown>;

const secretKey = "a key that is long enough to be one";
const url = "http://localhost/";
const silent = { error() {}, warn() {}, info() {}, debug() {} };

const makeSessions = (config: Partial<SessionConfig> = {}) => new Sessions({ secretKey, logger: silent, deadline: 60_000, ...config });
const inMemory = () => makeSessions({ backend: new MemoryBackend() });

/** The Cookie header for lines of Set-Cookie. */
const cookieOf = (lines: readonly string[]): string => lines.map((line) => line.split(";")[0]).join("; ");
const requestWith = (cookie: string, init: RequestInit = {}) => new Request(url, { ...init, headers: { ...init.headers, cookie } });

/** The cookie of a new session with some data. */
async function begun(sessions: Sessions, data: Data, owner?: string): Promise<string> {
  const visit = sessions.begin(owner);
  (await visit.getSession<Data>()).assign(data);
  await visit.commit();
  return cookieOf(visit.cookies);
}

const dataOf = async (sessions: Sessions, cookie: string) => (await sessions.read<Data>(cookie)).toJSON();

const setA = async (visit: Visit) => (await visit.getSession<Data>()).set("a", 1);

/** A backend that fails from the moment that it is told to. */
class FailingBackend extends MemoryBackend {
  isDown = false;

  override read(...args: Parameters<MemoryBackend["read"]>) {
    return this.isDown ? Promise.reject(new Error("down")) : super.read(...args);
  }

  override create(...args: Parameters<MemoryBackend["create"]>) {
    return this.isDown ? Promise.reject(new Error("down")) : super.create(...args);
  }

  override take(...args: Parameters<MemoryBackend["take"]>) {
    return this.isDown ? Promise.reject(new Error("down")) : super.take(...args);
  }
}

describe("a visit that is finished with a response", () => {
  test("gives the response itself when no session was used", async () => {
    const response = new Response("hello");
    expect(await inMemory().visit(requestWith("session=garbage")).finish(response)).toBe(response);
  });

  test("only reads: Vary is added to that of the response, and no cookie", async () => {
    const visit = inMemory().visit(new Request(url));
    await visit.getSession();
    const finished = await visit.finish(new Response("hello", { headers: { vary: "accept, COOKIE" } }));
    expect([...finished.headers]).toEqual([
      ["content-type", "text/plain;charset=UTF-8"],
      ["vary", "accept, COOKIE"],
    ]);
  });

  test.each([
    ["an immutable redirect", () => Response.redirect("http://localhost/next", 303), 303, ""],
    ["304", () => new Response(null, { status: 304, headers: { etag: '"1"' } }), 304, ""],
    ["204", () => new Response(null, { status: 204 }), 204, ""],
    ["JSON", () => Response.json({ a: 1 }), 200, '{"a":1}'],
    ["a stream", () => new Response(Readable.toWeb(Readable.from([Buffer.from("a"), Buffer.from("b")])) as ReadableStream), 200, "ab"],
    ["a Response of @mini/core", () => text("core", { status: 201 }), 201, "core"],
    ["an error status", () => new Response("no", { status: 500, statusText: "Sorry" }), 500, "no"],
  ])("%s: gets the cookie and keeps the rest", async (_title, make, status, body) => {
    const sessions = inMemory();
    const visit = sessions.visit(new Request(url));
    await setA(visit);
    const given: Response = make();
    const finished = await visit.finish(given);
    expect([finished.status, finished.statusText, await finished.text()]).toEqual([status, given.statusText, body]);
    expect(finished.headers.get("cache-control")).toBe("no-store");
    expect(finished.headers.getSetCookie()).toEqual([expect.stringMatching(/^session=v1\.[\w.-]+; Path=\/; HttpOnly; SameSite=Lax$/)]);
    expect(given.headers.has("set-cookie")).toBe(false);
    expect(await dataOf(sessions, cookieOf(finished.headers.getSetCookie()))).toEqual({ a: 1 });
  });

  test("keeps cookies of the program, and a Cache-Control that is private already", async () => {
    const visit = inMemory().visit(new Request(url));
    await setA(visit);
    const headers = new Headers({ "cache-control": "private, max-age=5" });
    headers.append("set-cookie", "one=1");
    headers.append("set-cookie", "two=2");
    const finished = await visit.finish(new Response("hello", { headers }));
    expect(finished.headers.getSetCookie().map((line) => line.split("=")[0])).toEqual(["one", "two", "session"]);
    expect(finished.headers.get("cache-control")).toBe("private, max-age=5");
  });

  test.each([
    ["what is no response", () => "hello", "it is not a Response"],
    ["nothing", () => undefined, "it is not a Response"],
    ["Response.error()", () => Response.error(), "its status is 0"],
  ])("%s is refused, and nothing is saved", async (_title, make, problem) => {
    const sessions = inMemory();
    const visit = sessions.visit(new Request(url));
    await setA(visit);
    await expect(visit.finish(make() as Response)).rejects.toThrow(new TypeError(`Cannot finish a visit with this response: ${problem}.`));
    expect(await sessions.count()).toBe(0);
  });

  test("a response that was read is refused, and nothing is saved", async () => {
    const sessions = inMemory();
    const visit = sessions.visit(new Request(url));
    await setA(visit);
    const response = new Response("hello");
    await response.text();
    await expect(visit.finish(response)).rejects.toThrow("its body was read already");
    expect(await sessions.count()).toBe(0);
  });

  test("cannot be finished again, changed or used for the first time", async () => {
    const visit = inMemory().visit(new Request(url));
    const session = await visit.getSession<Data>();
    await visit.finish(new Response("one"));
    await expect(visit.finish(new Response("two"))).rejects.toThrow(SessionCommittedError);
    await expect(visit.commit()).rejects.toThrow(SessionCommittedError);
    expect(() => session.set("a", 1)).toThrow(SessionCommittedError);
    const unused = inMemory().visit(new Request(url));
    await unused.finish(new Response("one"));
    await expect(unused.getSession()).rejects.toThrow(SessionCommittedError);
  });

  test("is finished once when it is finished twice at the same time", async () => {
    const sessions = inMemory();
    const visit = sessions.visit(new Request(url));
    await setA(visit);
    const ends = await Promise.allSettled([visit.finish(new Response("one")), visit.finish(new Response("two"))]);
    expect(ends.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect(await sessions.count()).toBe(1);
  });

  test("waits for work that the program does not await", async () => {
    const sessions = inMemory();
    const cookie = await begun(sessions, { a: 1 });
    const visit = sessions.visit(requestWith(cookie));
    void visit.deleteSession();
    const finished = await visit.finish(new Response("bye"));
    expect(finished.headers.getSetCookie()).toEqual([
      "session=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax",
    ]);
    expect(await sessions.count()).toBe(0);
  });

  test("HEAD and prefetch leave messages where they are", async () => {
    const sessions = inMemory();
    const cookie = await begun(sessions, { a: 1 });
    await sessions.run(requestWith(cookie), async (visit) => {
      (await visit.getSession()).flash("hello");
      return new Response(null);
    });
    for (const init of [{ method: "HEAD" }, { headers: { "sec-purpose": "prefetch" } }]) {
      const visit = sessions.visit(requestWith(cookie, init));
      expect(await (await visit.getSession()).getFlashes()).toEqual([{ message: "hello", level: "info" }]);
      await visit.finish(new Response(null));
    }
    expect((await sessions.read(cookie)).peekFlashes()).toHaveLength(1);
  });
});

describe("Secure", () => {
  const lineFor = async (request: Request, options?: { secure?: boolean }) => {
    const visit = inMemory().visit(request, options);
    await setA(visit);
    return (await visit.finish(new Response(null))).headers.getSetCookie()[0]!.includes("; Secure");
  };

  test("is as the URL says, or as the program says", async () => {
    expect(await lineFor(new Request("http://a/"))).toBe(false);
    expect(await lineFor(new Request("https://a/"))).toBe(true);
    expect(await lineFor(new Request("http://a/", { headers: { "x-forwarded-proto": "https" } }))).toBe(false);
    expect(await lineFor(new Request("http://a/"), { secure: true })).toBe(true);
    expect(await lineFor(new Request("https://a/"), { secure: false })).toBe(false);
  });
});

describe("a visit that fails", () => {
  test("by its backend is answered 503, and the cookie that clears an ended session is sent", async () => {
    const backend = new FailingBackend();
    const sessions = makeSessions({ backend });
    const cookie = await begun(sessions, { a: 1 });
    backend.isDown = true;
    const visit = sessions.visit(requestWith(cookie));
    await expect(visit.deleteSession()).rejects.toThrow("Service Unavailable");
    let isCancelled = false;
    const body = new ReadableStream({ cancel: () => void (isCancelled = true) });
    const finished = await visit.finish(new Response(body, { headers: { "x-of-handler": "1" } }));
    expect([finished.status, await finished.text()]).toEqual([503, "Service Unavailable"]);
    expect(Object.fromEntries(finished.headers)).toEqual({
      "cache-control": "no-store",
      "content-type": "text/plain; charset=utf-8",
      "retry-after": "1",
      "set-cookie": "session=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax",
      vary: "Cookie",
      "x-content-type-options": "nosniff",
    });
    expect(isCancelled).toBe(true);
  });

  test("by its commit rejects, and the response to that gets the cookies that must be sent", async () => {
    const sessions = inMemory();
    const cookie = await begun(sessions, { a: 1 });
    const visit = sessions.visit(requestWith(cookie));
    await visit.deleteSession();
    (await visit.getSession<Data>("big", { backend: "securecookie" })).set("text", "x".repeat(5000));
    await expect(visit.finish(new Response("hello"))).rejects.toThrow(CookieTooLargeError);
    expect(visit.cookies.map((line) => line.split(";").slice(0, 2))).toEqual([["session=", " Max-Age=0"]]);
    const finished = await visit.finish(new Response("sorry", { status: 500 }), { failed: true });
    expect([finished.status, finished.headers.getSetCookie().length]).toEqual([500, 1]);
  });

  test("says so: changes are dropped, messages are put back", async () => {
    const sessions = inMemory();
    const cookie = await begun(sessions, { a: 1 });
    await sessions.run(requestWith(cookie), async (visit) => {
      (await visit.getSession()).flash("hello");
      return new Response(null);
    });
    const visit = sessions.visit(requestWith(cookie));
    const session = await visit.getSession<Data>();
    session.set("a", 2);
    expect(await session.getFlashes()).toHaveLength(1);
    const finished = await visit.finish(new Response("sorry", { status: 500 }), { failed: true });
    expect([finished.status, finished.headers.getSetCookie()]).toEqual([500, []]);
    const left = await sessions.read<Data>(cookie);
    expect([left.get("a"), left.peekFlashes().length]).toEqual([1, 1]);
  });
});

describe("run", () => {
  test.each([
    ["undefined", undefined],
    ["null", null],
    ["an Error", new Error("no")],
  ])("rejects with what was thrown, %s, and drops the changes", async (_title, thrown) => {
    const sessions = inMemory();
    const cookie = await begun(sessions, { a: 0 });
    const ends = await Promise.allSettled([
      sessions.run(requestWith(cookie), async (visit) => {
        await setA(visit);
        throw thrown;
      }),
    ]);
    expect(ends).toEqual([{ status: "rejected", reason: thrown }]);
    expect(await dataOf(sessions, cookie)).toEqual({ a: 0 });
  });

  test("gives what was thrown to onError, whose response gets the cookies that must be sent", async () => {
    const sessions = inMemory();
    const cookie = await begun(sessions, { a: 1 });
    const seen: unknown[] = [];
    const response = await sessions.run(
      requestWith(cookie),
      async (visit) => {
        await visit.deleteSession();
        visit.setSecureCookie("campaign", {});
        throw undefined;
      },
      {
        onError(error) {
          seen.push(error);
          return new Response("sorry", { status: 500 });
        },
      },
    );
    expect([seen, response.status, response.headers.getSetCookie().map((line) => line.split(";")[0])]).toEqual([
      [undefined],
      500,
      ["session="],
    ]);
    expect(await sessions.count()).toBe(0);
  });

  test("rejects with the error of onError, and puts messages back", async () => {
    const sessions = inMemory();
    const cookie = await begun(sessions, { a: 1 });
    await sessions.run(requestWith(cookie), async (visit) => {
      (await visit.getSession()).flash("hello");
      return new Response(null);
    });
    const running = sessions.run(
      requestWith(cookie),
      async (visit) => {
        await (await visit.getSession()).getFlashes();
        throw new Error("first");
      },
      { onError: () => Promise.reject(new Error("second")) },
    );
    await expect(running).rejects.toThrow("second");
    expect((await sessions.read(cookie)).peekFlashes()).toHaveLength(1);
  });

  test("saves for an HTTPError and a thrown Response, and answers with them", async () => {
    const sessions = inMemory();
    const cookie = await begun(sessions, { failures: 0 });
    const add = async (visit: Visit) => void (await visit.getSession<Data>()).increment("failures");
    const refused = await sessions.run(requestWith(cookie), async (visit) => {
      await add(visit);
      throw new HTTPError(403, "<b>no</b>", { headers: { "x-why": "1" } });
    });
    expect([refused.status, refused.headers.get("content-type"), refused.headers.get("x-why"), await refused.text()]).toEqual([
      403,
      "text/plain; charset=utf-8",
      "1",
      "<b>no</b>",
    ]);
    const redirected = await sessions.run(requestWith(cookie), async (visit) => {
      await add(visit);
      throw Response.redirect("http://localhost/next");
    });
    expect([redirected.status, redirected.headers.get("location")]).toEqual([302, "http://localhost/next"]);
    expect(await dataOf(sessions, cookie)).toEqual({ failures: 2 });
  });

  test("answers 503 when a session cannot be loaded, also to HEAD, without a body", async () => {
    const backend = new FailingBackend();
    const sessions = makeSessions({ backend });
    const cookie = await begun(sessions, { a: 1 });
    backend.isDown = true;
    const work = async (visit: Visit) => new Response(String((await visit.getSession<Data>()).get("a")));
    const got = await sessions.run(requestWith(cookie), work);
    expect([got.status, got.headers.get("retry-after"), got.headers.getSetCookie()]).toEqual([503, "1", []]);
    const head = await sessions.run(requestWith(cookie, { method: "HEAD" }), work);
    expect([head.status, head.body]).toEqual([503, null]);
  });

  test("does not end the process when nobody waits for it", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    void inMemory().run(new Request(url), () => Promise.reject(new Error("no")));
    void makeSessions().list("user:1");
    await new Promise((resolve) => setTimeout(resolve, 0));
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });
});

describe.each(serverSideMedia())("Sessions in $name, without a request", (medium) => {
  const open = () => makeSessions({ backend: medium.open(Date.now) as SessionBackend });

  test("lists the sessions of an owner, and ends one or all of them", async () => {
    const sessions = open();
    const cookies = [await begun(sessions, { n: 1 }, "user:1"), await begun(sessions, { n: 2 }, "user:1")];
    const other = await begun(sessions, { n: 3 }, "user:2");
    const listed = await sessions.list<{ n: number }>("user:1");
    expect(listed.map(({ data }) => data.n).toSorted((one, other) => one! - other!)).toEqual([1, 2]);
    expect(listed.map(({ current }) => current)).toEqual([false, false]);
    const first = listed.find(({ data }) => data.n === 1)!;
    expect([await sessions.revoke("user:2", first.handle), await sessions.revoke("user:1", first.handle)]).toEqual([false, true]);
    expect(await Promise.all(cookies.map(async (cookie) => (await sessions.read(cookie)).isNew))).toEqual([true, false]);
    expect(await sessions.revokeAll("user:1")).toBe(1);
    expect(await sessions.list("user:1")).toEqual([]);
    expect(await dataOf(sessions, other)).toEqual({ n: 3 });
  });

  test("counts and gives all sessions", async () => {
    const sessions = open();
    // Some media keep the sessions of earlier tests.
    const before = await sessions.count();
    await begun(sessions, { counted: 1 }, "user:3");
    const cookie = await begun(sessions, { counted: 2 });
    expect(await sessions.count()).toBe(before + 2);
    const found: unknown[] = [];
    for await (const { owner, data, handle, lastSeenAt, createdAt, expiresAt } of sessions.all<{ counted: number }>()) {
      if (data.counted !== undefined) found.push([data.counted, owner, typeof handle, lastSeenAt, expiresAt - createdAt]);
    }
    const life = 14 * 24 * 60 * 60 * 1000;
    expect(new Set(found)).toEqual(
      new Set([
        [1, "user:3", "string", undefined, life],
        [2, undefined, "string", undefined, life],
      ]),
    );
    await sessions.run(requestWith(cookie), async (visit) => {
      await visit.deleteSession();
      return new Response(null);
    });
    expect(await sessions.count()).toBe(before + 1);
  });

  test("looks at a session: it saves nothing, takes no message, and does not extend its time", async () => {
    let time = Date.now();
    const now = () => time;
    const sessions = makeSessions({ backend: medium.open(now) as SessionBackend, now, idleTimeout: 100 });
    const cookie = await begun(sessions, { a: { b: 1 } });
    time += 60_000;
    const session = await sessions.read<{ a: { b: number } }>(cookie);
    expect([session.isNew, session.size, session.has("a"), [...session.keys()], [...session.entries()]]).toEqual([
      false,
      1,
      true,
      ["a"],
      [["a", { b: 1 }]],
    ]);
    session.get("a")!.b = 2;
    await new Promise(setImmediate);
    expect(await dataOf(sessions, cookie)).toEqual({ a: { b: 1 } });
    time += 41_000;
    expect((await sessions.read(cookie)).isNew).toBe(true);
  });

  test.each([
    ["no header", undefined],
    ["null", null],
    ["an empty one", ""],
    ["garbage", 'session; =; session=%ZZ; session="'],
    [
      "a forged cookie",
      "session=v1.cDRIeWxJeVdMbFBrS2xaYnNQQXlPQ2xienBLb0l0NVRkVG02Z1V4Y2dvNA.1795900799.prLN1HI-ix2lrjEx_eywRPZNaBWar5zOBTh0xkOvkHQ",
    ],
    ["a long one", `session=${"x".repeat(100_000)}`],
  ])("of %s is a new one", async (_title, header) => {
    const session = await open().read(header);
    expect([session.isNew, session.size, session.handle]).toEqual([true, 0, undefined]);
  });
});

test("sessions in cookies are not known to the server", async () => {
  const sessions = makeSessions();
  const first = sessions.all().next();
  for (const asking of [sessions.list("a"), sessions.revoke("a", "b"), sessions.revokeAll("a"), sessions.count(), first]) {
    await expect(asking).rejects.toThrow(ConfigError);
  }
  expect(await dataOf(sessions, await begun(sessions, { a: 1 }))).toEqual({ a: 1 });
});

test("a failure of the backend while all sessions are counted or listed is logged, and is a SessionUnavailableError", async () => {
  const logged: string[] = [];
  const backend = new MemoryBackend();
  backend.count = () => Promise.reject(new Error("down\u001b[2J"));
  const down = { next: () => Promise.reject(new Error("down")) };
  backend.all = () => ({ [Symbol.asyncIterator]: () => down }) as unknown as ReturnType<MemoryBackend["all"]>;
  const sessions = makeSessions({ backend, logger: { ...silent, error: (line) => void logged.push(line) } });
  await expect(sessions.count()).rejects.toMatchObject({ code: "MINI_SESSION_UNAVAILABLE" });
  await expect(sessions.all().next()).rejects.toMatchObject({ code: "MINI_SESSION_UNAVAILABLE" });
  expect(logged).toEqual([String.raw`Cannot count all sessions: down\x1b[2J`, "Cannot list all sessions: down"]);
});

test("a visit without a request has an owner, cookies for https, and its own refusals", async () => {
  const sessions = inMemory();
  const visit = sessions.begin("user:42");
  await visit.commit();
  expect(visit.cookies).toEqual([expect.stringMatching(/^session=.*; Secure; SameSite=Lax$/)]);
  expect((await sessions.list("user:42")).map(({ data }) => data)).toEqual([{}]);
  const plain = sessions.begin(undefined, { secure: false });
  await setA(plain);
  await plain.commit();
  expect(plain.cookies[0]).not.toContain("Secure");
  await expect(sessions.begin("").commit()).rejects.toThrow("its owner must be a string that is not empty");
});

test("an App and other programs share one Sessions", async () => {
  class Page extends RequestHandler {
    static override middleware = [SessionMiddleware];
    async get() {
      return text(String((await local.sessionStore.getSession<Data>()).get("a")));
    }
  }
  const sessions = inMemory();
  const app = new App({ rules: [new Rule("/", { handler: Page })], config: { session: sessions } });
  const client = new TestClient(app);
  const visit = sessions.begin("user:1");
  await setA(visit);
  await visit.commit();
  for (const line of visit.cookies) client.cookies.store(line, client.baseUrl);
  expect(await (await client.get("/")).text()).toBe("1");
  expect(await sessions.revokeAll("user:1")).toBe(1);
  expect(await (await client.get("/")).text()).toBe("undefined");
});

test.each([{ logger: {} }, { logger: "console" }, { logger: { error() {} } }])("the setting %j is refused", (setting) => {
  expect(() => makeSessions(setting as never)).toThrow(
    'The session setting "logger" must be an object with the methods error, warn, info and debug',
  );
});

test("a program on node:http with middleware around its pages, as Hono has it, keeps sessions of parallel visits", async () => {
  const sessions = inMemory();
  const pages = async (visit: Visit) => new Response(String((await visit.getSession<Data>()).increment("count")));
  const server = createServer((incoming, outgoing) => {
    const request = new Request(`http://${incoming.headers.host}${incoming.url}`, { headers: incoming.headers as Record<string, string> });
    const visit = sessions.visit(request);
    void pages(visit)
      .then((response) => visit.finish(response))
      .then(async (response) => {
        outgoing.writeHead(response.status, [...response.headers].flat());
        outgoing.end(await response.text());
      });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  try {
    const first = await fetch(address);
    const cookie = cookieOf(first.headers.getSetCookie());
    await Promise.all(Array.from({ length: 20 }, () => fetch(address, { headers: { cookie } }).then((response) => response.text())));
    expect(await dataOf(sessions, cookie)).toEqual({ count: 21 });
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
