import { json, text, type Response } from "@mini/core";
import { MemoryBackend, type SessionBackend } from "@mini/session";
import { describe, expect, test } from "vitest";
import { begun, idIn, keyOf, start } from "../../support/server-session-app.ts";
import { sessionApp, type AnySession, type Work } from "../../support/session-app.ts";
import { PlainBackend } from "../../support/wrong-backends.ts";

const refuse = () => Promise.reject(new Error("connection refused"));
const logIn: Work = async (_store, session) => (await session()).regenerate({ owner: "user:1" });
const set: Work = async (_store, session) => (await session()).set("a", 2);

describe("a failure is logged once, with what could not be done:", () => {
  const works: readonly (readonly [call: string, work: Work, line: string])[] = [
    ["read", async (_store, session) => void (await session()), "Cannot load a session"],
    ["swap", set, "Cannot commit a session"],
    ["create", logIn, "Cannot commit a session"],
    ["take", async (store, session) => [await session(), await store.deleteSession()], "Cannot end a session"],
    ["take", (store) => store.deleteSession(), "Cannot end a session"],
    ["swap", async (_store, session) => void (await (await session()).getFlashes()), "Cannot take out messages"],
    ["swap", async (store) => void (await store.revokeOthers("user:0")), "Cannot keep a session"],
    ["owners.bump", async (store) => void (await store.revokeOthers("user:0")), "Cannot revoke sessions"],
  ];
  test.each(works)("%s, in %s: %s", async (call, work, line) => {
    const app = await begun();
    await app.run(async (_store, session) => {
      (await session()).flash("hello");
      (await session()).regenerate({ owner: "user:0" });
    });
    app.watched.before = (name) => (name === call ? refuse() : undefined);
    expect((await app.run(work)).status).toBe(503);
    expect(app.logged).toEqual([`${line}: connection refused`]);
  });

  test("the creation of a session", async () => {
    const app = await begun();
    app.watched.before = refuse;
    expect((await app.run(set, { client: app.browser() })).status).toBe(503);
    await app.settle();
    // It may have been made all the same, so its end is tried, too.
    expect(app.logged).toEqual([
      "Cannot commit a session: connection refused",
      "Cannot remove a session that was not finished: connection refused",
    ]);
  });

  test("a touch, which is tried again with the next request", async () => {
    const app = await begun({ idleTimeout: 1000 });
    app.pass(100);
    app.watched.before = (name) => (name === "touch" ? refuse() : undefined);
    await app.run(async (_store, session) => void (await session()));
    await app.settle();
    await app.settle();
    expect(app.logged).toEqual(["Cannot move the idle time of a session: connection refused"]);
    app.watched.before = () => undefined;
    app.watched.counted();
    await app.run(async (_store, session) => void (await session()));
    await app.settle();
    expect(app.watched.counted()).toEqual(["read", "touch"]);
  });

  test.each([
    ["a text", "connection refused", "connection refused"],
    ["an error without a message", new Error(""), ""],
    ["several errors that have one message", new AggregateError([new Error("one"), new Error("two")], "none answers"), "none answers"],
    ["several errors without one", new AggregateError([new Error("one"), "two"]), "one; two"],
  ])("%s", async (_title, reason, told) => {
    const app = await begun();
    app.watched.before = () => Promise.reject(reason);
    await app.run(async (_store, session) => void (await session()));
    expect(app.logged).toEqual([`Cannot load a session: ${told}`]);
  });
});

describe("an error that is not a failure of the backend is not logged as one:", () => {
  test("a new session that is too long", async () => {
    const app = await begun();
    const work: Work = async (_store, session) => (await session()).set("a", "x".repeat(70_000));
    expect((await app.run(work, { client: app.browser() })).status).toBe(500);
    expect(app.logged).toEqual([expect.stringContaining("SessionTooLargeError: ")]);
  });

  test("an id that exists already", async () => {
    const app = await begun();
    app.watched.create = () => Promise.resolve(undefined);
    expect((await app.run(set, { client: app.browser() })).status).toBe(500);
    expect(app.logged).toEqual([
      expect.stringContaining("Error: Cannot create a session: its random id exists already. The source of random bytes repeats itself."),
    ]);
  });
});

test("a record that has become unreadable when a change is made counts as ended, and the log says so", async () => {
  const app = await begun();
  const key = keyOf(idIn(app));
  const slow = await app.begin(set);
  const { version, ...record } = (await app.watched.read(key))!;
  await app.watched.swap(key, version, { ...record, data: Buffer.from("PHP") });
  expect((await slow.finish()).status).toBe(200);
  expect(app.logged).toEqual([
    "A session is treated as ended: this version of @mini/session cannot read its record.",
    "A change to a session was dropped: the session had ended in the meantime.",
  ]);
});

test.each<readonly [string, (session: AnySession) => void]>([
  ["a change", () => undefined],
  ["a new id", (session) => session.regenerate()],
])("the function of update() runs once when nobody else changes the session, with %s", async (_title, and) => {
  const app = await begun();
  let runs = 0;
  await app.run(async (_store, session) => {
    (await session()).update("a", (value) => (value as number) + ++runs);
    and(await session());
  });
  expect([runs, await app.data()]).toEqual([1, { a: 2, list: [1] }]);
});

describe("a backend with the required methods only", () => {
  test("keeps an owner's session, which gets new ids and ends, and removes nothing by itself", async () => {
    let time = start;
    const backend = Object.assign(new PlainBackend(() => time), { prune: undefined });
    const app = sessionApp({ backend: backend as SessionBackend, now: () => time });
    await app.run(set);
    await app.run(logIn);
    await app.run(async (_store, session) => (await session()).regenerate());
    expect(await app.data()).toEqual({ a: 2 });
    // A backend that can is asked to remove what has expired then.
    time += 61_000;
    await app.run(set, { client: app.browser() });
    await app.run((store) => store.deleteSession());
    expect(await app.data()).toEqual({});
    await app.settle();
    expect(app.logged).toEqual([]);
  });
});

describe("the removal of expired records", () => {
  /** An application on a backend that writes down when it is asked to remove them. */
  function pruning(prune: (limit: number) => Promise<number>) {
    let time = start;
    const backend = new MemoryBackend({ now: () => time });
    const asked: number[] = [];
    backend.prune = (limit) => {
      asked.push(time - start);
      return prune(limit);
    };
    const app = sessionApp({ backend, now: () => time });
    const make = async (at: number) => {
      time = start + at;
      await app.run(set, { client: app.browser() });
      await app.settle();
    };
    return { ...app, asked, make };
  }

  test("is due after a minute, and once a minute after that", async () => {
    const { asked, make } = pruning(async () => 999);
    for (const at of [1, 59_999, 60_000, 60_001, 119_999, 120_000]) await make(at);
    expect(asked).toEqual([60_000, 120_000]);
  });

  test("goes on with the next session that is created, when there was more to remove", async () => {
    const { asked, make } = pruning(async (limit) => limit);
    for (const at of [60_000, 60_001, 60_002]) await make(at);
    expect(asked).toEqual([60_000, 60_001, 60_002]);
  });

  test("is due also when the clock was set back by more than a minute", async () => {
    const { asked, make } = pruning(async () => 0);
    for (const at of [-59_999, -60_000]) await make(at);
    expect(asked).toEqual([-60_000]);
  });

  test("that fails is logged, and no response fails", async () => {
    const { logged, make } = pruning(refuse);
    await make(60_000);
    expect(logged).toEqual(["Cannot remove expired sessions: connection refused"]);
  });
});

describe("the last moment of a session", () => {
  /** Knows no time, so that what it gives is there for ever; and moves none. */
  const timeless = () => {
    const backend = new MemoryBackend({ now: () => 0 });
    backend.touch = () => Promise.resolve(true);
    return backend;
  };
  const isNew = async (session: AnySession) => text(String(session.isNew));

  test.each([
    ["maxAge", { maxAge: 100 }],
    ["maxAge, though used just now,", { maxAge: 100, idleTimeout: 1000 }],
    ["idleTimeout", { idleTimeout: 100 }],
  ])("by %s is the same for its visitor and in the list of its owner", async (_name, config) => {
    let time = start;
    const app = sessionApp({ backend: timeless(), ...config, now: () => time });
    await app.run(logIn);
    const cookie = `session=${app.client.cookies.get("session")}`;
    const ask = async () => {
      const found = await app.run(async (_store, session) => isNew(await session()), { client: app.browser(), headers: { cookie } });
      const listed: Response = await app.run(async (store) => json((await store.listSessions("user:1")).length), { client: app.browser() });
      return [await found.text(), await listed.json()];
    };
    time = start + 100_000;
    expect(await ask()).toEqual(["false", 1]);
    time = start + 100_001;
    expect(await ask()).toEqual(["true", 0]);
  });
});
