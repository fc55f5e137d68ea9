import { json, text, type Response } from "@mini/core";
import { MemoryBackend, type OwnedSession, type SessionStore } from "@mini/session";
import { describe, expect, test } from "vitest";
import { serverSideMedia } from "../support/media.ts";
import { sessionApp as makeApp, setCookies, type SessionApp } from "../support/session-app.ts";
import { WatchedBackend } from "../support/watched-backend.ts";

type Client = ReturnType<SessionApp["browser"]>;

describe.each(await serverSideMedia())("an owner's sessions in $name", (medium) => {
  let count = 0;
  /** An application with an owner that nobody else has. */
  function begun(options: Parameters<typeof makeApp>[0] = {}) {
    const app = makeApp({ medium, ...options });
    const owner = `user:${count++}`;
    const logIn = async (data: Record<string, unknown> = {}, who = owner): Promise<Client> => {
      const client = app.browser();
      await app.run(
        async (_store, session) => {
          (await session()).assign(data);
          (await session()).regenerate({ owner: who });
        },
        { client },
      );
      return client;
    };
    const isIn = async (client: Client) => {
      const response = await app.run(async (_store, session) => text(String(!(await session()).isNew)), { client });
      return (await response.text()) === "true";
    };
    const list = async (client: Client) => {
      const response = await app.run(async (store) => json(await store.listSessions(owner)), { client });
      return (await response.json()) as OwnedSession[];
    };
    const ask = async (client: Client, work: (store: SessionStore) => unknown) => {
      const response = await app.run(async (store) => text(String(await work(store))), { client });
      return response.text();
    };
    return { ...app, owner, logIn, isIn, list, ask };
  }

  test("are listed, the newest first, with their contents and which one is the current one", async () => {
    const app = begun({ idleTimeout: 1000, maxAge: 5000 });
    const one = await app.logIn({ agent: "one" });
    app.pass(10);
    const two = await app.logIn({ agent: "two" });
    await app.logIn({ agent: "three" }, `${app.owner}0`);
    app.pass(200);
    await app.isIn(one);
    await app.settle();
    const listed = await app.list(two);
    const start = 1_700_000_000_000;
    expect(listed.map(({ handle: _handle, ...rest }) => rest)).toEqual([
      { createdAt: start + 10_000, lastSeenAt: start + 210_000, expiresAt: start + 5_010_000, current: true, data: { agent: "two" } },
      { createdAt: start, lastSeenAt: start + 210_000, expiresAt: start + 5_000_000, current: false, data: { agent: "one" } },
    ]);
    expect(new Set(listed.map(({ handle }) => handle)).size).toBe(2);
    expect((await app.list(one)).map(({ current }) => current)).toEqual([false, true]);
  });

  test("end one by one by their handles, and only those of the owner", async () => {
    const app = begun();
    const [one, two] = [await app.logIn(), await app.logIn()];
    const handle = (await app.list(two)).find(({ current }) => !current)!.handle;
    expect(await app.ask(two, (store) => store.revoke(`${app.owner}0`, handle))).toBe("false");
    expect(await app.isIn(one)).toBe(true);
    expect(await app.ask(two, (store) => store.revoke(app.owner, handle))).toBe("true");
    expect(await app.ask(two, (store) => store.revoke(app.owner, handle))).toBe("false");
    expect([await app.isIn(one), await app.isIn(two)]).toEqual([false, true]);
  });

  test("end all but the current one, or all", async () => {
    const app = begun();
    const clients = [await app.logIn(), await app.logIn(), await app.logIn()] as const;
    const other = await app.logIn({}, `${app.owner}0`);
    expect(await app.ask(clients[1], (store) => store.revokeOthers(app.owner))).toBe("2");
    expect(await Promise.all(clients.map(app.isIn))).toEqual([false, true, false]);
    expect(await app.ask(other, (store) => store.revokeAll(app.owner))).toBe("1");
    expect([await app.isIn(clients[1]), await app.isIn(other)]).toEqual([false, true]);
  });

  test("can be hundreds", async () => {
    const app = begun();
    for (let i = 0; i < 4; i++) await Promise.all(Array.from({ length: 25 }, () => app.logIn()));
    const last = await app.logIn();
    expect(await app.list(last)).toHaveLength(101);
    expect(await app.ask(last, (store) => store.revokeOthers(app.owner))).toBe("100");
    expect(await app.list(last)).toHaveLength(1);
  });

  test("no longer belong to an owner after a log-out, and belong to the next owner after the next log-in", async () => {
    const app = begun();
    const one = await app.logIn();
    await app.run(async (_store, session) => (await session()).regenerate({ owner: `${app.owner}0` }), { client: one });
    expect(await app.list(one)).toEqual([]);
    const two = await app.logIn();
    await app.run((store) => store.deleteSession(), { client: two });
    expect(await app.list(one)).toEqual([]);
  });

  test("keep their owner after a regenerate() without an owner", async () => {
    const app = begun();
    const one = await app.logIn({ a: 1 });
    await app.run(async (_store, session) => (await session()).regenerate(), { client: one });
    expect((await app.list(one)).map(({ data }) => data)).toEqual([{ a: 1 }]);
  });

  test("a running request of a revoked session is answered, and does not change anything", async () => {
    const app = begun();
    const one = await app.logIn();
    const slow = await app.begin(async (_store, session) => (await session()).set("a", 1), { client: one });
    await app.run(async (store) => void (await store.revokeAll(app.owner)), { client: app.browser() });
    const response = await slow.finish();
    expect([response.status, setCookies(response)]).toEqual([200, []]);
    expect(await app.isIn(one)).toBe(false);
  });

  test("are listed in a response that varies by cookie", async () => {
    const app = begun();
    const response: Response = await app.run(async (store) => json(await store.listSessions(app.owner)));
    expect(response.headers.get("vary")).toBe("Cookie");
  });
});

describe("a log-in beside revokeAll", () => {
  // Where a log-in stands when all sessions are revoked. Before its first look at the count it comes after.
  test.each([
    ["before it has counted", "owners.epoch", "before", true],
    ["before its entry is there", "owners.add", "before", false],
    ["before it is made", "create", "before", false],
    ["when it is made", "create", "after", false],
  ] as const)(
    "when all sessions are revoked %s, the new session ends too, unless its log-in counts as later",
    async (_title, name, when, survives) => {
      let now = 0;
      const memory = new MemoryBackend({ now: () => now });
      const backend = new WatchedBackend(memory);
      const app = makeApp({ backend, now: () => now++ });
      let once = true;
      backend[when] = async (called) => {
        if (called !== name || !once) return;
        once = false;
        const response = await app.run(async (store) => text(String(await store.revokeAll("user:1"))), { client: app.browser() });
        expect(response.status).toBe(200);
      };
      const client = app.browser();
      const response = await app.run(async (_store, session) => (await session()).regenerate({ owner: "user:1" }), { client });
      // Its record was taken before it was found out, or else it found out itself: either way the answer stays.
      expect(response.status).toBe(200);
      const read = await app.run(async (_store, session) => text(String((await session()).isNew)), { client });
      expect(await read.text()).toBe(String(!survives));
      expect(await memory.owners.keys("user:1")).toHaveLength(survives ? 1 : 0);
    },
  );
});

describe("a renewal beside revokeAll", () => {
  // A session that is given a new id all the time must not slip through between the look at the list and the end.
  test.each([
    ["owners.add", "before"],
    ["create", "before"],
    ["create", "after"],
    ["owners.epoch", "before"],
    ["swap", "before"],
  ] as const)("at %s, %s it: the session has ended", async (name, when) => {
    let now = 0;
    const memory = new MemoryBackend({ now: () => now });
    const backend = new WatchedBackend(memory);
    const app = makeApp({ backend, now: () => now++ });
    await app.run(async (_store, session) => (await session()).regenerate({ owner: "user:1" }));
    let once = true;
    backend[when] = async (called) => {
      if (called !== name || !once) return;
      once = false;
      const revoked = await app.run(async (store) => text(String(await store.revokeAll("user:1"))), { client: app.browser() });
      expect(revoked.status).toBe(200);
    };
    expect((await app.run(async (_store, session) => (await session()).regenerate())).status).toBe(200);
    expect(once).toBe(false);
    const read = await app.run(async (_store, session) => text(String((await session()).isNew)));
    expect(await read.text()).toBe("true");
    await app.settle();
    expect(await memory.owners.keys("user:1")).toEqual([]);
  });

  test("between the list and the end: the session has ended too", async () => {
    let now = 0;
    const memory = new MemoryBackend({ now: () => now });
    const backend = new WatchedBackend(memory);
    const app = makeApp({ backend, now: () => now++ });
    await app.run(async (_store, session) => (await session()).regenerate({ owner: "user:1" }));
    backend.after = async (called) => {
      if (called !== "owners.keys") return;
      backend.after = () => undefined;
      await app.run(async (_store, session) => (await session()).regenerate());
    };
    await app.run(async (store) => void (await store.revokeAll("user:1")), { client: app.browser() });
    const read = await app.run(async (_store, session) => text(String((await session()).isNew)));
    expect(await read.text()).toBe("true");
  });

  test("revokeOthers keeps the current session, which can be regenerated at the same time", async () => {
    const app = makeApp({ backend: new MemoryBackend({ now: () => 1_700_000_000_000 }) });
    await app.run(async (_store, session) => (await session()).assign({ a: 1 }));
    await app.run(async (store, session) => {
      (await session()).regenerate({ owner: "user:1" });
      await Promise.all([(await session()).commit(), store.revokeOthers("user:1")]);
    });
    expect(await app.data()).toEqual({ a: 1 });
    await app.run(async (store) => void (await store.revokeOthers("user:1")));
    await app.run(async (_store, session) => (await session()).regenerate());
    expect(await app.data()).toEqual({ a: 1 });
    await app.run(async (store, session) => {
      (await session()).regenerate();
      await store.revokeOthers("user:1");
    });
    expect(await app.data()).toEqual({ a: 1 });
    const slow = await app.begin(async (_store, session) => (await session()).regenerate());
    await app.run(async (store) => void (await store.revokeOthers("user:1")));
    await slow.finish();
    expect(await app.data()).toEqual({ a: 1 });
  });
});

describe("a backend without owners", () => {
  test("the methods throw an error that says which backends have owners", async () => {
    const app = makeApp();
    for (const work of [
      (store: SessionStore) => store.listSessions("user:1"),
      (store: SessionStore) => store.revoke("user:1", "x"),
      (store: SessionStore) => store.revokeOthers("user:1"),
      (store: SessionStore) => store.revokeAll("user:1"),
    ]) {
      expect((await app.run(async (store) => void (await work(store)))).status).toBe(500);
      expect(app.logged.at(-1)).toContain('ConfigError: Cannot look for the sessions of an owner: the setting "backend" must be one');
    }
  });
});
