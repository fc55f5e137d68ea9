import { text } from "@mini/core";
import { MemoryBackend, type SessionStore } from "@mini/session";
import { CachedBackend } from "@mini/session/cached";
import { describe, expect, test } from "vitest";
import { MapCache } from "../support/map-cache.ts";
import { begun, watchRejections } from "../support/outage-app.ts";
import { sessionApp, type AnySession } from "../support/session-app.ts";
import { makeSessions, silent } from "../support/visits.ts";

// Backends and indexes of owners whose results are not of the types that `SessionBackend` names. What they return is never logged.

watchRejections();

describe("something else than a record", () => {
  const unreadable = "A session is treated as ended: ";
  const kinds: readonly (readonly [string, unknown, (call: string) => string])[] = [
    ["a string", "hunter2", (call) => `the record from the backend's ${call}() is a string instead of an object.`],
    ["an array", ["hunter2"], (call) => `the data of the record from the backend's ${call}() is undefined instead of a Uint8Array.`],
    [
      "data in text",
      { data: "hunter2" },
      (call) => `the data of the record from the backend's ${call}() is a string instead of a Uint8Array.`,
    ],
    [
      "data that was parsed",
      { data: { password: "hunter2" } },
      (call) => `the data of the record from the backend's ${call}() is an object instead of a Uint8Array.`,
    ],
    ["other bytes", { data: Buffer.from("hunter2") }, () => "this version of @mini/session cannot read its record."],
  ];

  test.each(kinds)("(%s) counts as none, and a warning says what it is", async (_title, given, problem) => {
    const app = await begun();
    const read = app.watched.read.bind(app.watched);
    app.watched.swap = () => Promise.resolve({ ok: false, current: given } as never);
    const change = await app.run(async (_store, session) => (await session()).set("a", 2));
    app.watched.read = () => Promise.resolve(given as never);
    const response = await app.run(async (_store, session) => text(String((await session()).isNew)));
    expect([change.status, response.status, await response.text()]).toEqual([200, 200, "true"]);
    app.watched.read = read;
    app.watched.take = () => Promise.resolve(given as never);
    expect((await app.run((store) => store.deleteSession())).status).toBe(200);
    const dropped = "A change to a session was dropped: the session had ended in the meantime.";
    expect(app.logged).toEqual([unreadable + problem("swap"), dropped, unreadable + problem("read"), unreadable + problem("take")]);
  });

  test("is no record without a warning if it is null, which many drivers return", async () => {
    const app = await begun();
    app.watched.swap = () => Promise.resolve({ ok: false, current: null } as never);
    expect((await app.run(async (_store, session) => (await session()).set("a", 2))).status).toBe(200);
    app.watched.read = () => Promise.resolve(null as never);
    app.watched.take = () => Promise.resolve(null as never);
    expect(await app.data()).toEqual({});
    expect((await app.run((store) => store.deleteSession())).status).toBe(200);
    expect(app.logged).toEqual(["A change to a session was dropped: the session had ended in the meantime."]);
  });
});

const wrong: readonly (readonly [string, unknown])[] = [
  ["undefined", undefined],
  ["null", null],
  ["a string", "hunter2"],
  ["an object", {}],
];

test.each<["epoch" | "bump" | "keys", string, string, (store: SessionStore, session: AnySession) => unknown]>([
  ["epoch", "a number", "commit a session", (_store, session) => session.regenerate({ owner: "user:1" })],
  ["bump", "a number", "revoke sessions", (store) => store.revokeOthers("user:1")],
  ["keys", "an array of strings", "list sessions", (store) => store.listSessions("user:1")],
])("an index of owners whose %s() does not return %s is answered 503, and no log-in is lost", async (method, wanted, doing, work) => {
  const app = await begun();
  const given = method === "keys" ? [...wrong, ["an array", [5]] as const] : wrong;
  for (const [, result] of given) {
    app.watched.owners[method] = () => Promise.resolve(result as never);
    const response = await app.run(async (store, session) => void (await work(store, await session())));
    expect(response.status).toBe(503);
  }
  expect(app.logged).toEqual(
    given.map(([what]) => `Cannot ${doing}: the backend's owners.${method}() has returned ${what} instead of ${wanted}`),
  );
  expect(await app.data()).toEqual({ a: 1 });
});

describe.each<[string, (backend: MemoryBackend) => MemoryBackend | CachedBackend]>([
  ["a backend", (backend) => backend],
  ["a backend behind a cache", (backend) => new CachedBackend({ backend, cache: new MapCache() })],
])("%s", (_title, behind) => {
  const set = async (_store: SessionStore, session: () => Promise<AnySession>) => (await session()).set("a", 1);

  test.each<[string, unknown]>([
    ["a boolean", true],
    ["a number", 5],
    ["an object", {}],
  ])("whose create() returns %s has not created a session", async (what, given) => {
    const backend = new MemoryBackend();
    backend.create = () => Promise.resolve(given as never);
    const app = sessionApp({ backend: behind(backend), now: Date.now });
    expect((await app.run(set)).status).toBe(503);
    await app.settle();
    expect(app.logged).toEqual([`Cannot commit a session: the backend's create() has returned ${what} instead of a version`]);
  });

  test.each(wrong)("whose swap() returns %s has not saved a change", async (what, given) => {
    const backend = new MemoryBackend();
    const app = sessionApp({ backend: behind(backend), now: Date.now });
    await app.run(set);
    backend.swap = () => Promise.resolve(given as never);
    expect((await app.run(async (_store, session) => void (await session()).increment("a"))).status).toBe(503);
    expect(app.logged).toEqual([
      `Cannot commit a session: the backend's swap() has returned ${what} instead of { ok: true, version: string } or { ok: false, current }`,
    ]);
    expect(await app.data()).toEqual({ a: 1 });
  });

  test("whose count() returns text cannot count", async () => {
    const logged: string[] = [];
    const backend = new MemoryBackend();
    backend.count = () => Promise.resolve("5" as never);
    const sessions = makeSessions({ backend: behind(backend), logger: { ...silent, error: (line: string) => void logged.push(line) } });
    await expect(sessions.count()).rejects.toMatchObject({ code: "MINI_SESSION_UNAVAILABLE" });
    expect(logged).toEqual(["Cannot count all sessions: the backend's count() has returned a string instead of a number"]);
  });
});
