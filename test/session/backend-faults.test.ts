import { local, text } from "@mini/core";
import type { SessionStore } from "@mini/session";
import { describe, expect, test, vi } from "vitest";
import { begun, look, refuse, unavailable, watchRejections } from "../support/outage-app.ts";
import { gate } from "../support/session-app.ts";

watchRejections();

describe("an operation that could not be tried is answered with an error:", () => {
  const works: readonly (readonly [string, (store: SessionStore) => unknown, status: number])[] = [
    ["a log-out after a load that failed", async (store) => [await store.getSession().catch(() => {}), await store.deleteSession()], 503],
    [
      "a log-out that the handler does not await",
      async (store) => [await store.getSession().catch(() => {}), void store.deleteSession()],
      503,
    ],
    ["a revocation", (store) => void store.revokeOthers("user:1"), 503],
    ["a revocation of one session", (store) => void store.revoke("user:1", "handle"), 503],
    ["a session that is replaced", (store) => void store.setSession(undefined, {}), 503],
    ["a log-out from a backend that does not exist", (store) => void store.deleteSession("session", { backend: "typo" }), 500],
  ];
  test.each(works)("%s", async (_title, work, status) => {
    const app = await begun();
    app.fail("read", refuse);
    const response = await app.run(async (store) => {
      await work(store);
      return text("done");
    });
    expect(response.status).toBe(status);
    expect(app.logged.length).toBeGreaterThan(0);
  });
});

test("a new id that is created after the deadline leaves no record", async () => {
  const app = await begun();
  const held = gate();
  app.watched.after = (name) => (name === "create" ? held.opened : undefined);
  expect(await look(await app.run(async (_store, session) => (await session()).regenerate({ owner: "user:1" })))).toEqual(unavailable);
  held.open();
  const listed = () => app.run(async (store) => text(String((await store.listSessions("user:1")).length)));
  await expect.poll(async () => (await listed()).text()).toBe("0");
  expect(await app.data()).toEqual({ a: 1 });
});

test("when a connection fails at every address of a host name, the log has the reason for each address", async () => {
  const app = await begun();
  // As Node.js rejects where localhost is 127.0.0.1 and ::1: it has no message of its own.
  const refused = ["127.0.0.1", "::1"].map((address) => new Error(`connect ECONNREFUSED ${address}:5432`));
  app.fail("read", () => Promise.reject(new AggregateError(refused)));
  await app.run(async (_store, session) => void (await session()));
  expect(app.logged).toEqual(["Cannot load a session: connect ECONNREFUSED 127.0.0.1:5432; connect ECONNREFUSED ::1:5432"]);
});

test("an index of owners that throws does not end the process", async () => {
  const app = await begun();
  await app.run(async (_store, session) => (await session()).regenerate({ owner: "user:1" }));
  app.watched.owners.remove = () => {
    throw new TypeError("a bug of the driver");
  };
  expect((await app.run((store) => store.deleteSession())).status).toBe(200);
  await expect.poll(() => app.logged.join()).toContain("Cannot remove a session from the list of its owner: a bug of the driver");
});

test("a call to a backend does not keep its request in memory", async () => {
  const app = await begun({ idleTimeout: 60 });
  const called = new Map<string, boolean>();
  app.watched.before = (name) => void called.set(name, called.get(name) === true || "request" in local);
  await app.run(async (store, session) => {
    (await session()).regenerate({ owner: "user:1" });
    await (await session()).commit();
    (await session()).increment("a");
    await store.listSessions("user:1");
    return text("done");
  });
  await app.run(async (store) => {
    await store.deleteSession();
    return text("done");
  });
  await expect.poll(() => [...called.keys()]).toContain("owners.remove");
  expect(Object.fromEntries(called)).toEqual({
    read: false,
    create: false,
    swap: false,
    take: false,
    "owners.epoch": false,
    "owners.add": false,
    "owners.keys": false,
    "owners.remove": false,
  });
});

test("a finished load or commit leaves no timer of its deadline", async () => {
  const app = await begun();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    await app.run(async (_store, session) => void (await session()).increment("a"));
    expect(app.watched.counted()).toEqual(["read", "swap"]);
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});
