import { text } from "@mini/core";
import { MemoryBackend } from "@mini/session";
import { describe, expect, test } from "vitest";
import { everyMedium, ioredisMedia, serverSideMedia } from "../support/media.ts";
import { throughEachDoor, throughEachRace } from "../support/doors.ts";
import { gate, sessionApp as makeApp, setCookies, type AnySession } from "../support/session-app.ts";
import { WatchedBackend } from "../support/watched-backend.ts";

const raced = [...throughEachRace(await serverSideMedia()), ...(await ioredisMedia())];

describe.each(raced)("commit() in the middle of a request in $name", (medium) => {
  const sessionApp = (options: Parameters<typeof makeApp>[0] = {}) => makeApp({ medium, ...options });

  async function begun(data: Record<string, unknown>) {
    const app = sessionApp();
    return app.run(async (_store, session) => (await session()).assign(data)).then(() => app);
  }

  test("saves what has changed; changes during the commit are applied afterwards, also inside objects", async () => {
    const app = await begun({ list: [1] });
    await app.run(async (_store, session) => {
      const all = await session();
      const list = all.get("list") as number[];
      list.push(2);
      all.increment("n");
      const saving = all.commit();
      list.push(3);
      all.increment("n");
      all.set("b", 1);
      await saving;
      expect([all.get("list"), all.get("n"), all.get("b")]).toEqual([[1, 2, 3], 2, 1]);
    });
    expect(await app.data()).toEqual({ list: [1, 2, 3], n: 2, b: 1 });
  });

  test("shows the changes of others, and an object from before does not undo them", async () => {
    const app = await begun({ a: { x: 1 } });
    const slow = await app.begin(async (_store, session) => {
      const all = await session();
      all.get("a");
      all.set("b", 1);
      await all.commit();
      all.set("c", 1);
      return text(JSON.stringify(all.get("d")));
    });
    await app.run(async (_store, session) => (await session()).assign({ a: { x: 2 }, d: [4] }));
    expect(await (await slow.finish()).text()).toBe("[4]");
    expect(await app.data()).toEqual({ a: { x: 2 }, b: 1, c: 1, d: [4] });
  });

  test("twice at once creates one session, and each resolves when it is saved", async () => {
    const app = sessionApp();
    const response = await app.run(async (_store, session) => {
      const all = await session();
      all.set("a", 1);
      const first = all.commit();
      all.set("b", 2);
      await all.commit();
      const { handle } = all;
      await first;
      expect([typeof handle, all.handle]).toEqual(["string", handle]);
    });
    expect([response.status, setCookies(response).length]).toEqual([200, 1]);
    expect(await app.data()).toEqual({ a: 1, b: 2 });
  });

  test("is kept when an error comes later", async () => {
    const app = await begun({});
    await app.run(async (_store, session) => (await session()).set("z", 0));
    await app.run(async (_store, session) => {
      (await session()).set("a", 1);
      await (await session()).commit();
      (await session()).set("b", 1);
      throw new Error("no");
    });
    expect(await app.data()).toEqual({ z: 0, a: 1 });
  });

  test("and an increment during it: both add to what another request has saved", async () => {
    const app = await begun({ n: 0 });
    const slow = await app.begin(async (_store, session) => {
      const all = await session();
      all.increment("n");
      const saving = all.commit();
      all.increment("n");
      await saving;
      return text(String(all.get("n")));
    });
    await app.run(async (_store, session) => void (await session()).increment("n"));
    expect(await (await slow.finish()).text()).toBe("3");
    expect(await app.data()).toEqual({ n: 3 });
  });

  test.each(["read before", "updated before"])(
    "and an update of a list that was %s: the entry of another request is kept",
    async (title) => {
      const app = await begun({ list: ["x"] });
      const add = (entry: string) => (list: unknown) => [...(list as string[]), entry];
      const slow = await app.begin(async (_store, session) => {
        const all = await session();
        if (title === "read before") all.get("list");
        else all.update("list", add("first"));
        all.set("other", 1);
        await all.commit();
        all.update("list", add("last"));
      });
      await app.run(async (_store, session) => void (await session()).update("list", add("another's")));
      await slow.finish();
      const { list } = await app.data();
      expect(list).toEqual(title === "read before" ? ["x", "another's", "last"] : ["x", "another's", "first", "last"]);
    },
  );

  test("and an object that update() returned during it: later changes inside it are saved", async () => {
    const app = await begun({ list: [1] });
    await app.run(async (_store, session) => {
      const all = await session();
      all.set("other", 1);
      const saving = all.commit();
      const list = all.update("list", (found) => [...(found as number[]), 2]) as number[];
      await saving;
      list.push(3);
    });
    expect(await app.data()).toEqual({ list: [1, 2, 3], other: 1 });
  });

  test("and a second one: changes that the first has read are kept, although an older object is still in use", async () => {
    const app = await begun({ list: [] });
    const slow = await app.begin(async (_store, session) => {
      const all = await session();
      all.update("list", (list) => [...(list as string[]), "mine"]);
      await all.commit();
      all.set("other", 1);
      await all.commit();
    });
    await app.run(async (_store, session) => void (await session()).update("list", (list) => [...(list as string[]), "another's"]));
    await slow.finish();
    expect(await app.data()).toEqual({ list: ["another's", "mine"], other: 1 });
  });

  test("and regenerate({ keep }) during it keeps those keys only", async () => {
    const app = await begun({ secret: 1, lang: "en" });
    await app.run(async (_store, session) => {
      const all = await session();
      all.set("seen", 1);
      const saving = all.commit();
      all.regenerate({ keep: ["lang"] });
      await saving;
    });
    expect(await app.data()).toEqual({ lang: "en" });
  });

  test("and deleteSession() at once: the session is gone, and its cookie is cleared", async () => {
    const app = await begun({ a: 1 });
    const response = await app.run(async (store, session) => {
      const all = await session();
      all.regenerate();
      await Promise.all([all.commit(), store.deleteSession()]);
    });
    expect(setCookies(response)).toEqual([expect.stringContaining("Max-Age=0")]);
    expect(await app.data()).toEqual({});
  });

  test("of a new id: the client gets the id, also when the request fails later", async () => {
    const app = await begun({ cart: 1 });
    const failed = await app.run(async (_store, session) => {
      (await session()).regenerate();
      await (await session()).commit();
      throw new Error("no");
    });
    expect([failed.status, failed.headers.get("cache-control")]).toEqual([500, "no-store"]);
    expect(await app.data()).toEqual({ cart: 1 });
  });

  test("of several sessions: the first is kept when the second cannot be saved", async () => {
    const app = await begun({ cart: 1 });
    const failed = await app.run(async (store, session) => {
      (await session()).regenerate();
      (await store.getSession<Record<string, unknown>>("second")).set("big", "x".repeat(70_000));
    });
    expect([failed.status, failed.headers.get("cache-control")]).toEqual([500, "no-store"]);
    expect(await app.data()).toEqual({ cart: 1 });
  });
});

describe.each(throughEachDoor(await everyMedium()))("deleteSession() in $name, before an error", (medium) => {
  const cleared = expect.stringMatching(/^session=; .*Max-Age=0/) as string;

  test("clears the cookie, although another session was begun afterwards", async () => {
    const app = makeApp({
      medium,
      appOptions: { errorHandlers: { 500: () => text("no", { status: 500, headers: { "cache-control": "public" } }) } },
    });
    await app.run(async (_store, session) => (await session()).set("user", "ann"));
    const response = await app.run(async (store, session) => {
      await store.deleteSession();
      (await session()).set("notice", () => {});
    });
    expect([response.status, setCookies(response), response.headers.get("cache-control")]).toEqual([500, [cleared], "no-store"]);
    const other = await app.run(async (store, session) => {
      await store.deleteSession();
      (await session()).set("notice", "bye");
      (await store.getSession<Record<string, unknown>>("second")).set("big", "x".repeat(medium.tooMuch));
    });
    expect(other.status).toBe(500);
    expect((await app.data())["user"]).toBeUndefined();
  });

  test("and with a commit() afterwards, the client has the committed session", async () => {
    const app = makeApp({ medium });
    await app.run(async (_store, session) => (await session()).set("user", "ann"));
    await app.run(async (store, session) => {
      await store.deleteSession();
      (await session()).set("notice", "bye");
      await (await session()).commit();
      throw new Error("no");
    });
    expect(await app.data()).toEqual({ notice: "bye" });
  });
});

describe.each(raced)("deleteSession() in $name", (medium) => {
  test.each([true, false])("ends every session that the client has under the name (loaded before: %s)", async (isLoaded) => {
    const one = makeApp({ medium });
    const two = makeApp({ backend: one.backend });
    for (const app of [one, two]) await app.run(async (_store, session) => (await session()).set("a", 1));
    const cookie = [one, two].map(({ client }) => `session=${client.cookies.get("session")}`).join("; ");
    const both = { client: one.browser(), headers: { cookie } };
    expect(await one.data(both)).toEqual({ a: 1 });
    await one.run(async (store, session) => {
      if (isLoaded) await session();
      await store.deleteSession();
    }, both);
    expect(await one.data(both)).toEqual({});
  });
});

test("a change that was answered with an error is not made by a later try of the swap", async () => {
  const backend = new WatchedBackend(new MemoryBackend({ now: () => 1_700_000_000_000 }));
  const [one, two] = [makeApp({ backend }), makeApp({ backend })];
  await one.run(async (_store, session) => (await session()).set("stock", 1));
  const headers = { cookie: `session=${one.client.cookies.get("session")}` };
  const take = (stock: unknown) => {
    if ((stock as number) < 1) throw new RangeError("sold out");
    return (stock as number) - 1;
  };
  const first = await one.begin(async (_store, session) => void (await session()).update("stock", take), { headers });
  const late = await one.begin(async (_store, session) => void (await session()).update("stock", take), { headers });
  const other = await one.begin(async (_store, session) => (await session()).set("other", 1), { headers });
  let once = true;
  backend.before = async (name) => {
    if (name !== "swap" || !once) return;
    once = false;
    // While the first takes the last one, two more come; before their swap another process restocks.
    const waiting = [late.finish(), other.finish()];
    backend.before = async (again) => {
      if (again !== "swap") return;
      backend.before = () => undefined;
      await two.run(async (_store, session) => (await session()).set("stock", 5), { headers });
    };
    answers = Promise.all(waiting);
  };
  let answers: Promise<readonly { readonly status: number }[]> = Promise.resolve([]);
  expect((await first.finish()).status).toBe(200);
  expect((await answers).map(({ status }) => status)).toEqual([500, 200]);
  expect(await one.data({ headers })).toEqual({ stock: 5, other: 1 });
});

test.each<readonly [string, Record<string, unknown>, (session: AnySession) => unknown]>([
  ["a key that it deletes", { a: 1, b: 2 }, (session) => session.delete("b")],
  ["a value that it sets back", { a: 2 }, (session) => session.set("a", 1)],
  ["a message that it takes", { flash: true }, (session) => session.getFlashes()],
])(
  "a change is saved when its request has loaded the record between a swap and the reply of the swap: %s",
  async (_title, added, change) => {
    const kept = new MemoryBackend();
    const late = new WatchedBackend(kept);
    const [one, other] = [late, kept].map((backend) => makeApp({ backend, now: Date.now }));
    await one!.run(async (_store, session) => (await session()).set("a", 1));
    const headers = { cookie: `session=${one!.client.cookies.get("session")}` };
    const [held, swapped] = [gate(), gate()];
    late.after = (name) => (name === "swap" ? (swapped.open(), held.opened) : undefined);
    const first = one!.run(async (_store, session) => (await session()).set("c", 3));
    await swapped.opened;
    // In another process.
    await other!.run(async (_store, session) => ("flash" in added ? (await session()).flash("hello") : (await session()).assign(added)), {
      headers,
    });
    const second = await one!.begin(async (_store, session) => void (await change(await session())));
    const answered = second.finish();
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    held.open();
    expect([(await first).status, (await answered).status]).toEqual([200, 200]);
    expect(await other!.data({ headers })).toEqual({ a: 1, c: 3 });
    const left = await other!.run(async (_store, session) => text(String((await session()).peekFlashes().length)), { headers });
    expect(await left.text()).toBe("0");
  },
);
