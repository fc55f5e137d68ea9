import { text } from "@mini/core";
import { describe, expect, test } from "vitest";
import { ioredisMedia, serverSideMedia } from "../support/media.ts";
import { throughEachRace } from "../support/doors.ts";
import { sessionApp as makeApp, setCookies } from "../support/session-app.ts";

describe.each([...throughEachRace(await serverSideMedia()), ...(await ioredisMedia())])("regenerate() in $name", (medium) => {
  async function begun(data: Record<string, unknown>, options: Parameters<typeof makeApp>[0] = {}) {
    const app = makeApp({ medium, ...options });
    await app.run(async (_store, session) => (await session()).assign(data));
    const cookie = `session=${app.client.cookies.get("session")}`;
    const withOldId = () => ({ client: app.browser(), headers: { cookie } });
    return { ...app, withOldId };
  }

  test("gives the session a new id, and the old one is refused at once", async () => {
    const app = await begun({ cart: [1] });
    const response = await app.run(async (_store, session) => (await session()).regenerate({ owner: "user:1" }));
    expect(setCookies(response)).toHaveLength(1);
    expect(await app.data()).toEqual({ cart: [1] });
    expect(await app.data(app.withOldId())).toEqual({});
  });

  test.each([
    [undefined, { a: 1, b: 2, own: 3 }],
    [["b"], { b: 2, own: 3 }],
    [[], { own: 3 }],
  ])("with keep: %j keeps %j", async (keep, expected) => {
    const app = await begun({ a: 1, b: 2 });
    await app.run(async (_store, session) => {
      (await session()).set("own", 3);
      (await session()).regenerate({ keep });
    });
    expect(await app.data()).toEqual(expected);
  });

  test("starts its maxAge again, with a new handle", async () => {
    const app = await begun({ a: 1 }, { maxAge: 100 });
    const times = () =>
      app.run(async (_store, session) => {
        const { handle, createdAt, expiresAt } = await session();
        return text(JSON.stringify([handle, createdAt, expiresAt]));
      });
    const [first, , ends] = JSON.parse(await (await times()).text()) as [string, number, number];
    app.pass(60);
    await app.run(async (_store, session) => (await session()).regenerate());
    const [second, began, endsNow] = JSON.parse(await (await times()).text()) as [string, number, number];
    expect(first).toMatch(/^[\w-]{16}$/);
    expect(second).toMatch(/^[\w-]{16}$/);
    expect(second).not.toBe(first);
    expect([began, endsNow]).toEqual([ends - 40_000, ends + 60_000]);
    app.pass(99);
    expect(await app.data()).toEqual({ a: 1 });
    app.pass(2);
    expect(await app.data()).toEqual({});
  });

  test("a running request with the old id changes nothing, and does not log the browser out", async () => {
    const app = await begun({ a: 1 });
    const slow = await app.begin(async (_store, session) => {
      (await session()).set("late", 1);
      await (await session()).commit();
      (await session()).set("later", 1);
    });
    await app.run(async (_store, session) => {
      (await session()).set("user", 5);
      (await session()).regenerate({ owner: "user:5" });
    });
    const response = await slow.finish();
    expect([response.status, setCookies(response)]).toEqual([200, []]);
    expect(await app.data()).toEqual({ a: 1, user: 5 });
    expect(await app.data(app.withOldId())).toEqual({});
  });

  test("a change that was saved before the old id was removed is copied, if its key is kept", async () => {
    const app = await begun({ a: 1, b: 1, count: 1 });
    const login = await app.begin(async (_store, session) => {
      const all = await session();
      all.increment("count");
      all.flash("own");
      all.regenerate({ owner: "user:5", keep: ["a", "count"] });
    });
    await app.run(async (_store, session) => {
      (await session()).assign({ a: 2, b: 2, c: 2 });
      (await session()).increment("count", 10);
      (await session()).flash("meanwhile");
    });
    await login.finish();
    expect(await app.data()).toEqual({ a: 2, count: 12 });
    const shown = await app.run(async (_store, session) => text(JSON.stringify(await (await session()).getFlashes())));
    expect(await shown.text()).toBe('[{"message":"own","level":"info"}]');
  });

  test("after a log-out in between only the request's own changes are kept, and the owner only if it names one", async () => {
    for (const [owner, sessions] of [
      ["user:out", 1],
      [undefined, 0],
    ] as const) {
      const app = await begun({ secret: 1 });
      await app.run(async (_store, session) => (await session()).regenerate({ owner: "user:out" }));
      const slow = await app.begin(async (_store, session) => {
        (await session()).set("own", 1);
        (await session()).regenerate({ owner });
      });
      await app.run((store) => store.deleteSession());
      await slow.finish();
      expect(await app.data()).toEqual({ own: 1 });
      await app.settle();
      const listed = await app.run(async (store) => text(String((await store.listSessions("user:out")).length)));
      expect(await listed.text()).toBe(String(sessions));
      await app.run(async (store) => void (await store.revokeAll("user:out")));
    }
  });

  test.each([
    [undefined, ["before", "own"]],
    [["a"], ["own"]],
    [[], ["own"]],
  ])("with keep: %j shows the messages %j", async (keep, expected) => {
    const app = await begun({ a: 1 });
    await app.run(async (_store, session) => (await session()).flash("before"));
    const flashes = await app.run(async (_store, session) => {
      const all = await session();
      all.flash("own");
      all.regenerate({ keep });
      return text(JSON.stringify(all.peekFlashes().map(({ message }) => message)));
    });
    expect(await flashes.json()).toEqual(expected);
    const shown = await app.run(async (_store, session) =>
      text(JSON.stringify((await (await session()).getFlashes()).map(({ message }) => message))),
    );
    expect(await shown.json()).toEqual(expected);
  });

  test("is dropped by an unexpected error", async () => {
    const app = await begun({ a: 1 });
    const response = await app.run(async (_store, session) => {
      (await session()).regenerate({ keep: [] });
      throw new Error("no");
    });
    expect([response.status, setCookies(response)]).toEqual([500, []]);
    expect(await app.data(app.withOldId())).toEqual({ a: 1 });
  });

  test("twice in parallel leaves the browser one session, with the loaded values", async () => {
    const app = await begun({ a: 1 });
    const one = await app.begin(async (_store, session) => {
      (await session()).set("one", 1);
      (await session()).regenerate();
    });
    await app.run(async (_store, session) => {
      (await session()).set("two", 1);
      (await session()).regenerate();
    });
    expect(await app.data()).toEqual({ a: 1, two: 1 });
    // The one that came second changes nothing, and sends no cookie: the browser has that of the first.
    expect(setCookies(await one.finish())).toEqual([]);
    expect(await app.data()).toEqual({ a: 1, two: 1 });
  });

  test("without a session creates one", async () => {
    const app = makeApp({ medium });
    const response = await app.run(async (_store, session) => (await session()).regenerate({ owner: "user:9" }));
    expect(setCookies(response)).toHaveLength(1);
    const read = await app.run(async (_store, session) => text(String((await session()).isNew)));
    expect(await read.text()).toBe("false");
  });

  test("after commit() in one request leaves only the last id", async () => {
    const app = await begun({ a: 1 });
    const response = await app.run(async (_store, session) => {
      const all = await session();
      all.regenerate();
      await all.commit();
      all.set("b", 2);
      all.regenerate();
    });
    expect(setCookies(response)).toHaveLength(1);
    expect(await app.data()).toEqual({ a: 1, b: 2 });
    expect(await app.data(app.withOldId())).toEqual({});
  });
});
