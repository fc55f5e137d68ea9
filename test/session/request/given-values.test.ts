import { runInNewContext } from "node:vm";
import type { SessionStore } from "@mini/session";
import { describe, expect, test } from "vitest";
import { watchRejections } from "../../support/outage-app.ts";
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
  ])("by %s are refused, and nothing is changed", async (_title, give) => {
    const app = sessionApp();
    await app.run(async (_store, session) => (await session()).set("cart", 1));
    const response = await app.run(async (store, session) => void (await give(store, await session())));
    expect(response.status).toBe(500);
    expect(app.logged.join()).toMatch(/TypeError: Cannot (?:keep these values in|regenerate) the session/);
    expect(await app.data()).toEqual({ cart: 1 });
  });
});
