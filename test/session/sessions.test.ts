import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { App, ConfigError, local, RequestHandler, Rule, text } from "@mini/core";
import { runInRequest, TestClient } from "@mini/core/testing";
import { MemoryBackend, SessionMiddleware, type SessionBackend, type Visit } from "@mini/session";
import { describe, expect, test } from "vitest";
import { serverSideMedia } from "../support/media.ts";
import { begun, cookieOf, dataOf, inMemory, makeSessions, requestWith, setA, silent, type Data } from "../support/visits.ts";

describe.each(await serverSideMedia())("Sessions in $name, without a request", (medium) => {
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

  test("counts and yields all sessions", async () => {
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

  test("reads a session: it does not save anything, take a message or extend the session", async () => {
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

test("the server does not know sessions in cookies", async () => {
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

test("an App and other programs share one Sessions object", async () => {
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

test("runInRequest() has the session store of an application that lists SessionMiddleware, and keeps what is committed", async () => {
  const sessions = inMemory();
  const cookie = await begun(sessions, { a: 1 }, "user:1");
  const app = new App({ rules: [], middleware: [SessionMiddleware], config: { session: sessions } });
  await runInRequest(app, requestWith(cookie), async () => {
    const session = await local.sessionStore.getSession<Data>();
    session.set("a", 2);
    await session.commit();
    session.set("a", 3);
  });
  expect(await dataOf(sessions, cookie)).toEqual({ a: 2 });
  expect(await runInRequest(app, "/", () => local.sessionStore.revokeAll("user:1"))).toBe(1);
  expect(await sessions.count()).toBe(0);
});
