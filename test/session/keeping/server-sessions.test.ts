import { text } from "@mini/core";
import { MemoryBackend } from "@mini/session";
import { describe, expect, test } from "vitest";
import { begun, start } from "../../support/server-session-app.ts";
import { sessionApp, type Work } from "../../support/session-app.ts";
import { WatchedBackend } from "../../support/watched-backend.ts";

describe("the calls to the backend", () => {
  const calls: readonly (readonly [string, Work, readonly string[]])[] = [
    ["a session that is not touched", () => undefined, []],
    ["one that is read", async (_store, session) => void (await session()).get("a"), ["read"]],
    [
      "one that is asked for three times",
      async (store, session) => void (await Promise.all([session(), session(), store.getSession()])),
      ["read"],
    ],
    ["a set to what was there", async (_store, session) => (await session()).set("a", 1), ["read"]],
    ["a change that is undone", async (_store, session) => void [(await session()).set("b", 1), (await session()).delete("b")], ["read"]],
    ["a change", async (_store, session) => (await session()).set("a", 2), ["read", "swap"]],
    ["a change inside a value", async (_store, session) => void ((await session()).get("list") as number[]).push(2), ["read", "swap"]],
    ["a message", async (_store, session) => (await session()).flash("x"), ["read", "swap"]],
    ["no messages to take", async (_store, session) => void (await (await session()).getFlashes()), ["read"]],
    ["a log-out", (store) => store.deleteSession(), ["take"]],
    ["a log-out of a session that was read", async (store, session) => [await session(), await store.deleteSession()], ["read", "take"]],
    ["a new id", async (_store, session) => (await session()).regenerate(), ["read", "create", "swap"]],
    [
      "a log-in",
      async (_store, session) => (await session()).regenerate({ owner: "user:1" }),
      ["read", "owners.epoch", "owners.add", "create", "owners.epoch", "swap"],
    ],
  ];
  test.each(calls)("for %s", async (_title, work, expected) => {
    const app = await begun();
    await app.run(async (...all) => void (await work(...all)));
    expect(app.watched.counted()).toEqual(expected);
  });

  test("for a new session that is committed and set to the same again: one", async () => {
    const app = await begun();
    const work: Work = async (_store, session) => {
      (await session()).set("a", 1);
      await (await session()).commit();
      (await session()).set("a", 1);
    };
    await app.run(work, { client: app.browser() });
    expect(app.watched.counted()).toEqual(["create"]);
  });

  test("for a request without a cookie: none, and one when it creates a session", async () => {
    const app = await begun();
    await app.run(async (_store, session) => void (await session()).get("a"), { client: app.browser() });
    const undone: Work = async (_store, session) => void [(await session()).set("a", 1), (await session()).delete("a")];
    await app.run(undone, { client: app.browser() });
    expect(app.watched.counted()).toEqual([]);
    await app.run(async (_store, session) => (await session()).set("a", 1), { client: app.browser() });
    expect(app.watched.counted()).toEqual(["create"]);
  });

  test("for taking messages and another change: two swaps, and no second one without the change", async () => {
    const app = await begun();
    await app.run(async (_store, session) => (await session()).flash("x"));
    app.watched.counted();
    await app.run(async (_store, session) => void (await (await session()).getFlashes()));
    expect(app.watched.counted()).toEqual(["read", "swap"]);
  });

  test("for many changes at once to one session: few, because those that wait are made together", async () => {
    const app = await begun();
    const all = await Promise.all(
      Array.from({ length: 50 }, () => app.begin(async (_store, session) => void (await session()).increment("a"))),
    );
    app.watched.counted();
    await Promise.all(all.map((each) => each.finish()));
    expect(app.watched.counted().length).toBeLessThanOrEqual(3);
    expect((await app.data())["a"]).toBe(51);
  });

  test("a touch is made after the response, once for parallel requests, and not before a tenth of idleTimeout", async () => {
    const app = await begun({ idleTimeout: 1000 });
    app.pass(99);
    await app.run(async (_store, session) => void (await session()));
    await app.settle();
    expect(app.watched.counted()).toEqual(["read"]);
    app.pass(1);
    const order: string[] = [];
    app.watched.before = (name) => void order.push(name);
    const headers = {
      cookie: `session=${app.client.cookies.get("session")}`,
      "x-work": app.number(async (_store, session) => void (await session())),
    };
    const answers = [1, 2, 3].map(async () => {
      await app.app.fetch(new Request("http://localhost/", { headers }));
      order.push("answer");
    });
    await Promise.all(answers);
    await app.settle();
    expect(order).toEqual(["read", "read", "read", "answer", "answer", "answer", "touch"]);
  });

  test("requests that create sessions remove expired records, once a minute", async () => {
    const pruned: number[] = [];
    let time = start;
    const backend = new MemoryBackend({ now: () => time });
    const prune = backend.prune.bind(backend);
    backend.prune = async (limit) => {
      const count = await prune(limit);
      pruned.push(count);
      return count;
    };
    const app = sessionApp({ backend, maxAge: 50, now: () => time });
    const make = () => app.run(async (_store, session) => (await session()).set("a", 1), { client: app.browser() });
    await make();
    await make();
    time += 61_000;
    await make();
    await make();
    await app.settle();
    expect(pruned).toEqual([2]);
  });

  test("when there are more expired records than one removal takes, each request that creates a session goes on", async () => {
    const backend = new MemoryBackend({ now: () => start });
    let left = 2500;
    backend.prune = async (limit) => {
      const removed = Math.min(limit, left);
      left -= removed;
      return removed;
    };
    let time = start;
    const app = sessionApp({ backend, now: () => time });
    const counts: number[] = [];
    time += 61_000;
    for (let request = 0; request < 5; request++) {
      await app.run(async (_store, session) => (await session()).set("a", 1), { client: app.browser() });
      await app.settle();
      counts.push(left);
      if (left === 0) left = 7;
    }
    expect(counts).toEqual([1500, 500, 0, 7, 7]);
  });
});

describe("several backends", () => {
  test("keep the sessions that name them, and an error names one that is missing", async () => {
    const carts = new WatchedBackend(new MemoryBackend({ now: () => start }));
    const app = await begun({ backends: { carts } });
    await app.run(async (store) => (await store.getSession("cart", { backend: "carts" })).set("x" as never, 1 as never));
    await app.run(async (store) => (await store.getSession("note", { backend: "securecookie" })).set("y" as never, 2 as never));
    expect([carts.counted(), app.watched.counted()]).toEqual([["create"], []]);
    const read = await app.run(async (store) =>
      text(
        JSON.stringify([await store.getSession("cart", { backend: "carts" }), await store.getSession("note", { backend: "securecookie" })]),
      ),
    );
    expect(await read.text()).toBe('[{"x":1},{"y":2}]');
    await app.run((store) => store.deleteSession("cart", { backend: "carts" }));
    expect(carts.counted()).toEqual(["read", "take"]);
    expect((await app.run((store) => store.getSession("cart", { backend: "cats" }))).status).toBe(500);
    expect(app.logged.join()).toContain(
      'Cannot keep the session "cart" in the backend "cats": add it to the session setting "backends", or use one of "securecookie", "carts".',
    );
  });

  test("cannot be changed once a session is in use", async () => {
    const app = await begun();
    await app.run(async (store, session) => {
      await session();
      expect(() => store.updateSessionOptions(undefined, { backend: "securecookie" })).toThrow(
        "to another backend: name the backend where the request first uses the session",
      );
    });
    expect(app.logged).toEqual([]);
  });
});
