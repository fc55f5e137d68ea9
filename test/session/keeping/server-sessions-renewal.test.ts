import { json, text } from "@mini/core";
import { MemoryBackend } from "@mini/session";
import { describe, expect, test } from "vitest";
import { idIn, keyOf, start } from "../../support/server-session-app.ts";
import { sessionApp, setCookies, type Work } from "../../support/session-app.ts";
import { WatchedBackend } from "../../support/watched-backend.ts";

const dropped = "A change to a session was dropped: the session had ended in the meantime.";

const logIn =
  (owner: string): Work =>
  async (_store, session) =>
    (await session()).regenerate({ owner });
const renew: Work = async (_store, session) => (await session()).regenerate();
const logOut: Work = (store) => store.deleteSession();
const set =
  (key: string, value: unknown): Work =>
  async (_store, session) =>
    (await session()).set(key, value);
const revokeAll =
  (owner: string): Work =>
  async (store) =>
    void (await store.revokeAll(owner));

/** An application whose session holds `{ a: 1 }` and is `owner`'s, if one is given. */
async function begun(owner?: string) {
  const now = () => start;
  const memory = new MemoryBackend({ now });
  const watched = new WatchedBackend(memory);
  const app = sessionApp({ backend: watched, now });
  await app.run(set("a", 1));
  if (owner !== undefined) await app.run(logIn(owner));
  await app.settle();
  watched.counted();
  /** Does something else once, in the midst of what is run next. */
  const once = (when: "before" | "after", call: string, work: () => Promise<unknown>) => {
    watched[when] = async (name) => {
      if (name !== call) return;
      watched[when] = () => undefined;
      await work();
    };
  };
  /** The same browser, which does something else meanwhile. */
  const cookie = `session=${app.client.cookies.get("session")}`;
  const elsewhere = (work: Work) => app.run(work, { client: app.browser(), headers: { cookie } });
  return { ...app, watched, memory, once, elsewhere };
}

const isNew = (app: Awaited<ReturnType<typeof begun>>) =>
  app.run(async (_store, session) => json((await session()).isNew)).then((response) => response.json());

describe("a new id", () => {
  test("of an owner's session looks once for revocations, at the end", async () => {
    const app = await begun("user:1");
    await app.run(renew);
    expect(app.watched.counted()).toEqual(["read", "owners.add", "create", "swap", "owners.epoch", "owners.remove"]);
  });

  test("of a session without an owner looks for no owner, also when the session has ended in the meantime", async () => {
    const app = await begun();
    const slow = await app.begin(renew);
    await app.run(logOut);
    app.watched.counted();
    await slow.finish();
    await app.settle();
    expect(app.watched.counted()).toEqual(["create", "swap", "swap"]);
  });

  test("of a session that its owner has ended in the meantime has no owner, and is in no list", async () => {
    const app = await begun("user:1");
    const slow = await app.begin(renew);
    await app.run(logOut);
    await slow.finish();
    await app.settle();
    expect(await app.memory.owners.keys("user:1")).toEqual([]);
    expect(await isNew(app)).toBe(false);
  });

  test("for a session that its owner has ended in the meantime belongs to the owner that is named, and is listed", async () => {
    const app = await begun("user:1");
    const slow = await app.begin(logIn("user:1"));
    await app.run(logOut);
    await slow.finish();
    await app.settle();
    expect(await app.memory.owners.keys("user:1")).toHaveLength(1);
  });

  test("for a new owner looks at the revocations of the new owner, not of the former one", async () => {
    const app = await begun();
    await app.run(revokeAll("user:2"), { client: app.browser() });
    await app.run(logIn("user:1"));
    await app.run(logIn("user:2"));
    await app.run(renew);
    expect(await app.data()).toEqual({ a: 1 });
  });

  test("for an owner who logs in again while other sessions are revoked is kept", async () => {
    const app = await begun("user:1");
    app.once("before", "owners.epoch", () => app.run(revokeAll("user:1"), { client: app.browser() }));
    expect((await app.run(logIn("user:1"))).status).toBe(200);
    expect(await isNew(app)).toBe(false);
    expect(await app.memory.owners.keys("user:1")).toHaveLength(1);
  });

  test("whose old id cannot be ended is answered 503 and removed later; the old id goes on", async () => {
    const app = await begun("user:1");
    let swaps = 0;
    app.watched.before = (name) => {
      if (name === "swap" && ++swaps === 1) throw new Error("connection refused");
    };
    const response = await app.run(renew);
    expect([response.status, setCookies(response)]).toEqual([503, []]);
    await app.settle();
    await app.settle();
    expect(await app.data()).toEqual({ a: 1 });
    expect(await app.memory.owners.keys("user:1")).toHaveLength(1);
    expect(app.logged).toEqual(["Cannot commit a session: connection refused"]);
  });

  test("that was revoked as it was created, and whose old id cannot be ended, is answered 503 for the second reason", async () => {
    const app = await begun();
    app.once("after", "create", () => app.run(revokeAll("user:1"), { client: app.browser() }));
    const old = keyOf(idIn(app));
    app.watched.before = (name, key) => {
      if (name === "take" && key === old) throw new Error("connection refused");
    };
    expect((await app.run(logIn("user:1"))).status).toBe(503);
    expect(app.logged).toEqual(["Cannot commit a session: connection refused"]);
  });

  test.each(["before", "after"] as const)(
    "that is revoked as it is made does not exist, even if the session was changed %s that",
    async (when) => {
      const app = await begun();
      const slow = await app.begin(logIn("user:1"));
      if (when === "before") await app.run(set("b", 1));
      app.once("after", "create", async () => {
        await app.run(revokeAll("user:1"), { client: app.browser() });
        if (when === "after") await app.elsewhere(set("b", 1));
      });
      const response = await slow.finish();
      expect([response.status, setCookies(response)]).toEqual([200, []]);
      expect(app.logged).toEqual([dropped]);
    },
  );

  test("that ends before the changes of others are copied is not sent", async () => {
    for (const change of [logOut, set("b", 1)]) {
      const app = await begun();
      const slow = await app.begin(logIn("user:1"));
      await app.run(change);
      app.once("after", "swap", () => app.run(revokeAll("user:1"), { client: app.browser() }));
      const response = await slow.finish();
      expect([response.status, setCookies(response)]).toEqual([200, []]);
      expect(app.logged).toEqual([dropped]);
    }
  });

  test("with keep: shows the request none of the messages that were added in the meantime", async () => {
    const app = await begun();
    const slow = await app.begin(async (_store, session) => {
      const all = await session();
      all.flash("own");
      all.regenerate({ keep: ["a"] });
      await all.commit();
      return text(JSON.stringify([all.get("a"), all.peekFlashes().map(({ message }) => message)]));
    });
    await app.run(async (_store, session) => (await session()).flash("meanwhile"));
    expect(await (await slow.finish()).json()).toEqual([1, ["own"]]);
  });
});

describe("revokeOthers", () => {
  test("keeps the session of the request that calls it, without another call", async () => {
    const app = await begun("user:1");
    await app.run(async (store, session) => {
      await store.revokeOthers("user:1");
      (await session()).set("a", 2);
    });
    expect(app.watched.counted().filter((name) => name === "swap")).toHaveLength(2);
    expect(await app.data()).toEqual({ a: 2 });
  });

  test("for the sessions of another owner leaves those of the request alone", async () => {
    const app = await begun("user:1");
    expect((await app.run(async (store) => json(await store.revokeOthers("user:2")))).status).toBe(200);
    expect(app.watched.counted()).toEqual(["read", "owners.bump", "owners.keys"]);
    await app.run(renew);
    expect(await app.data()).toEqual({ a: 1 });
  });

  test("by a visitor without a session ends all of them", async () => {
    const app = await begun("user:1");
    const response = await app.run(async (store) => json(await store.revokeOthers("user:1")), { client: app.browser() });
    expect([response.status, await response.json()]).toEqual([200, 1]);
    expect(await app.data()).toEqual({});
  });

  test.each(["on the way", "as a commit has told"])(
    "by a session that ends %s drops its changes, and does not read it again",
    async (when) => {
      const app = await begun("user:1");
      const slow = await app.begin(async (store, session) => {
        const all = await session();
        if (when === "as a commit has told") {
          all.set("b", 1);
          await all.commit();
        }
        await store.revokeOthers("user:1");
        all.set("a", 2);
      });
      await app.run(logOut);
      app.watched.counted();
      const response = await slow.finish();
      expect(response.status).toBe(200);
      expect(app.watched.counted().filter((name) => name === "swap")).toHaveLength(1);
      expect(app.logged).toEqual([dropped]);
    },
  );
});
