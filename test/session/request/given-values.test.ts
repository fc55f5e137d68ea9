import { runInNewContext } from "node:vm";
import { text } from "@mini/core";
import { MemoryBackend, type SessionStore } from "@mini/session";
import { describe, expect, test } from "vitest";
import { begun, watchRejections } from "../../support/outage-app.ts";
import { sessionApp, type AnyData, type AnySession } from "../../support/session-app.ts";

describe("values that are put into a session", () => {
  watchRejections();

  type Give = (store: SessionStore, session: AnySession, value: unknown) => unknown;
  const doors: readonly (readonly [string, Give])[] = [
    ["set()", (_store, session, value) => session.set("a", value)],
    ["assign()", (_store, session, value) => session.assign({ a: value })],
    ["update()", (_store, session, value) => session.update("a", () => value)],
    ["setDefault()", (_store, session, value) => session.setDefault("a", value)],
    ["setSession()", (store, _session, value) => store.setSession<AnyData, AnyData>("session", { a: value })],
    ["a flash message", (_store, session, value) => session.flash(value)],
    ["setSecureCookie()", (store, _session, value) => store.setSecureCookie("pass", { a: value })],
  ];
  test.each(doors)("by %s may be plain objects and arrays of another realm, and no others", async (_title, give) => {
    const app = sessionApp();
    const refused: string[] = [];
    const codes = ["({ a: 1 })", "[1, [2]]", "new Date(0)", "new (class A { a = 1 })()", "new (class B extends Array {})()", "new Map()"];
    await app.run(async (store, session) => {
      for (const code of codes) {
        try {
          await give(store, await session(), runInNewContext(code));
        } catch (error) {
          if (!(error instanceof TypeError)) throw error;
          refused.push(code);
        }
        (await session()).clear();
      }
    });
    expect(refused).toEqual(codes.slice(2));
  });

  test.each(doors)("by %s are refused if they are promises, whose rejections do not end the process", async (_title, give) => {
    const app = sessionApp();
    for (const wrap of [(value: unknown) => value, (value: unknown) => ({ list: [value] })]) {
      const response = await app.run(async (store, session) => {
        await give(store, await session(), wrap(Promise.reject(new Error("nobody awaits it"))));
      });
      expect(response.status).toBe(500);
    }
    expect(app.logged.join()).toContain("an object of the class Promise, which JSON cannot represent");
    expect(await app.data()).toEqual({});
  });

  const cycle: Record<string, unknown> = {};
  cycle["again"] = cycle;
  const refused = [1n, () => 1, cycle, new Date(0), new Map(), Symbol("a")];
  const inside: (typeof doors)[number] = [
    "a change inside a value",
    (_store, session, value) => ((session.get("b") as AnyData)["c"] = value),
  ];
  const committed: (typeof doors)[number] = ["commit()", (...given) => [inside[1](...given), given[1].commit()]];
  test.each([...doors, inside, committed])("by %s are answered with a logged 500 when no code awaits them", async (_title, give) => {
    for (const backend of ["securecookie", new MemoryBackend()] as const) {
      const app = sessionApp({ backend, now: Date.now });
      await app.run(async (_store, session) => (await session()).set("b", {}));
      for (const value of refused) {
        const response = await app.run(async (store, session) => void give(store, await session(), value));
        expect(response.status).toBe(500);
      }
      expect(app.logged.filter((line) => line.includes("TypeError: Cannot keep"))).toHaveLength(refused.length);
      expect(await app.data()).toEqual({ b: {} });
    }
  });

  test.each(doors)("by %s do not end a request whose handler catches the error", async (_title, give) => {
    const app = sessionApp();
    const response = await app.run(async (store, session) => {
      try {
        await give(store, await session(), 1n);
        return text("nothing was caught");
      } catch (error) {
        return text(`${(error as Error).name} was caught`);
      }
    });
    expect([response.status, await response.text(), app.logged]).toEqual([200, "TypeError was caught", []]);
  });

  test.each<[string, object]>([
    ["an object", { a: 1 }],
    ["an array", [1]],
  ])("are refused if %s has a hidden method toJSON, which could write something else", async (_title, value) => {
    const app = sessionApp();
    Object.defineProperty(value, "toJSON", { value: () => undefined });
    const refused = app.run(async (_store, session) => (await session()).set("a", value));
    expect((await refused).status).toBe(500);
    expect(app.logged.join()).toMatch(/Cannot keep "a" in the session: it is or contains an (object|array) with a method toJSON/);
  });

  test.each<[string, (store: SessionStore, session: AnySession) => unknown]>([
    ["assign(a Map)", (_store, session) => session.assign(new Map([["a", 1]]) as never)],
    ["assign(an array)", (_store, session) => session.assign([1])],
    ["assign(a string)", (_store, session) => session.assign("abc" as never)],
    ["setSession(a Map)", (store) => store.setSession("session", new Map([["a", 1]]) as never)],
    ["setSession(null)", (store) => store.setSession("session", null as never)],
    ["regenerate({ keep: a string })", (_store, session) => session.regenerate({ keep: "cart" as never })],
    ["regenerate(a string)", (_store, session) => session.regenerate("user:1" as never)],
    ["regenerate(null)", (_store, session) => session.regenerate(null as never)],
    ["regenerate({ another option })", (_store, session) => session.regenerate({ onwer: "user:1" } as never)],
  ])("by %s are refused, and nothing is changed", async (_title, give) => {
    const app = sessionApp();
    await app.run(async (_store, session) => (await session()).set("cart", 1));
    const response = await app.run(async (store, session) => void (await give(store, await session())));
    expect(response.status).toBe(500);
    expect(app.logged.join()).toMatch(/TypeError: Cannot (?:keep these values:|regenerate the session)/);
    expect(await app.data()).toEqual({ cart: 1 });
  });

  test.each<[string, unknown, string]>([
    ["a bigint", 1n, "of type bigint"],
    ["text", "1", "of type string"],
    ["null", null, "null"],
    ["true", true, "of type boolean"],
  ])("by increment() are refused if they are %s", async (_title, by, what) => {
    const app = sessionApp();
    expect((await app.run(async (_store, session) => void (await session()).increment("n", by as never))).status).toBe(500);
    expect(app.logged.join()).toContain(`TypeError: Cannot increment "n" in the session: what is added is ${what}, not a number.`);
  });

  const one = 1 as never;
  test.each<[string, (session: AnySession, key: never) => unknown]>([
    ["set()", (session, key) => session.set(key, one)],
    ["setDefault()", (session, key) => session.setDefault(key, one)],
    ["update()", (session, key) => session.update(key, () => one)],
    ["increment()", (session, key) => session.increment(key)],
    ["delete()", (session, key) => session.delete(key)],
  ])("by %s under a key that is not a string are refused", async (_title, give) => {
    const app = sessionApp();
    const keys: readonly unknown[] = [Symbol("a"), 5, undefined, { a: 1 }];
    for (const key of keys) expect((await app.run(async (_store, session) => void give(await session(), key as never))).status).toBe(500);
    const lines = app.logged.filter((line) => line.includes("TypeError: Cannot change the session: a key is of type "));
    expect(lines).toHaveLength(keys.length);
  });
});

describe("options that are refused", () => {
  watchRejections();

  test.each<[string, (store: SessionStore) => unknown]>([
    ["getSession() of another session", (store) => store.getSession("other", { maxAge: -1 })],
    ["getSession() of a session in use", (store) => store.getSession(undefined, { maxAge: -1 })],
    ["getSession() with another backend", (store) => store.getSession(undefined, { backend: "securecookie" })],
    ["setSession()", (store) => store.setSession(undefined, { a: 1 }, { maxAge: -1 })],
    ["updateSessionOptions()", (store) => store.updateSessionOptions(undefined, { maxAge: -1 })],
    ["getSession() whose name is a number", (store) => store.getSession(5 as never)],
  ])("by %s are answered with a logged 500 when no code awaits them, and not if the handler catches the error", async (_title, give) => {
    const app = sessionApp({ backend: new MemoryBackend(), now: Date.now });
    expect((await app.run(async (store, session) => (await session(), void give(store)))).status).toBe(500);
    expect(app.logged.join()).toContain("ConfigError");
    const caught = await app.run(async (store, session) => {
      await session();
      try {
        await give(store);
        return text("no error");
      } catch (error) {
        return text((error as Error).name);
      }
    });
    expect([caught.status, await caught.text()]).toEqual([200, "ConfigError"]);
  });
});

test.each<[string, (store: SessionStore, owner: never) => Promise<unknown>]>([
  ["listSessions", (store, owner) => store.listSessions(owner)],
  ["revoke", (store, owner) => store.revoke(owner, "handle")],
  ["revokeOthers", (store, owner) => store.revokeOthers(owner)],
  ["revokeAll", (store, owner) => store.revokeAll(owner)],
])("%s refuses what cannot be an owner, whose sessions would stay", async (_title, ask) => {
  const app = await begun();
  const owners: readonly unknown[] = [42, undefined, null, ""];
  for (const owner of owners) expect((await app.run(async (store) => void (await ask(store, owner as never)))).status).toBe(500);
  // The session of the request is loaded, because a list tells which session it is.
  expect(new Set(app.watched.counted())).toEqual(new Set(["read"]));
  expect(app.logged.filter((line) => line.includes("TypeError: Cannot look for the sessions of an owner: "))).toHaveLength(owners.length);
});
