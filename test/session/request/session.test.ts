import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sessionApp as makeApp, setCookies, type AnySession } from "../../support/session-app.ts";
import { everyMedium } from "../../support/media.ts";

describe.each(await everyMedium())("sessions in $name", (medium) => {
  const sessionApp = (options: Parameters<typeof makeApp>[0] = {}) => makeApp({ medium, ...options });

  /** Runs work on a session that holds `before`; gives what it holds in the next request. */
  async function after(before: Record<string, unknown>, work: (session: AnySession) => unknown): Promise<Record<string, unknown>> {
    const { run } = sessionApp();
    await run(async (_store, session) => (await session()).assign(before));
    const response = await run(async (_store, session) => void (await work(await session())));
    expect(response.status).toBe(200);
    let found: Record<string, unknown> = {};
    await run(async (_store, session) => void (found = (await session()).toJSON()));
    return found;
  }

  /** The same in one request, for what is only looked at. */
  const look = (work: (session: AnySession) => unknown) => after({ a: 1, b: [1], c: null }, work);

  describe("a session is a dictionary", () => {
    test("that can be read", async () => {
      await look((session) => {
        expect([session.get("a"), session.get("none"), session.get("toString")]).toEqual([1, undefined, undefined]);
        expect([session.has("c"), session.has("none"), session.has("constructor")]).toEqual([true, false, false]);
        expect([session.size, [...session.keys()], [...session.values()]]).toEqual([3, ["a", "b", "c"], [1, [1], null]]);
        expect([[...session.entries()], [...session]]).toEqual([
          Object.entries({ a: 1, b: [1], c: null }),
          Object.entries({ a: 1, b: [1], c: null }),
        ]);
        expect(JSON.stringify(session)).toBe('{"a":1,"b":[1],"c":null}');
      });
    });

    test("that can be changed", async () => {
      expect(await look((session) => session.set("a", 2))).toEqual({ a: 2, b: [1], c: null });
      expect(await look((session) => expect([session.delete("a"), session.delete("none")]).toEqual([true, false]))).toEqual({
        b: [1],
        c: null,
      });
      expect(await look((session) => session.clear())).toEqual({});
      expect(await look((session) => expect([session.pop("a"), session.pop("none")]).toEqual([1, undefined]))).toEqual({ b: [1], c: null });
      expect(await look((session) => session.assign({ a: 3, d: 4 }))).toEqual({ a: 3, b: [1], c: null, d: 4 });
      expect(await look((session) => expect([session.setDefault("a", 9), session.setDefault("d", 4)]).toEqual([1, 4]))).toEqual({
        a: 1,
        b: [1],
        c: null,
        d: 4,
      });
      expect(
        await look((session) =>
          expect([session.increment("a"), session.increment("a", 5), session.increment("n", -1)]).toEqual([2, 7, -1]),
        ),
      ).toMatchObject({ a: 7, n: -1 });
      expect(await look((session) => session.update("a", (value) => (value as number) * 10))).toMatchObject({ a: 10 });
      expect(await look((session) => session.update("new", (value) => [value === undefined]))).toMatchObject({ new: [true] });
    });

    test("whose values may be changed in place until the commit", async () => {
      expect(await look((session) => void (session.get("b") as number[]).push(2))).toMatchObject({ b: [1, 2] });
      const own = { deep: { list: [0] } };
      expect(await look((session) => (session.set("d", own), void own.deep.list.push(1)))).toMatchObject({ d: { deep: { list: [0, 1] } } });
      expect(await look((session) => void [...session.values()].forEach((value) => Array.isArray(value) && value.push("x")))).toMatchObject(
        {
          b: [1, "x"],
        },
      );
    });

    test("with any key", async () => {
      const odd = Object.fromEntries([
        ["__proto__", { a: 1 }],
        ["constructor", 2],
        ["", 3],
        ["é\0", 4],
      ]);
      expect(Object.entries(await after({}, (session) => session.assign(odd)))).toEqual(Object.entries(odd));
    });

    test("that returns any JSON unchanged", async () => {
      const { run } = sessionApp();
      await fc.assert(
        fc.asyncProperty(fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 }), async (values) => {
          const text = JSON.stringify(values);
          fc.pre(text.length < 1500);
          await run(
            async (store) => void (await store.setSession<Record<string, unknown>>(undefined, JSON.parse(text) as Record<string, unknown>)),
          );
          let found: unknown;
          await run(async (_store, session) => void (found = await session()));
          expect(JSON.parse(JSON.stringify(found))).toEqual(JSON.parse(text));
        }),
        { seed: 5, numRuns: 200 },
      );
    });
  });

  describe("modified and isNew", () => {
    test("give the current state", async () => {
      const { run } = sessionApp();
      await run(async (_store, session) => {
        const all = await session();
        expect([all.isNew, all.modified]).toEqual([true, false]);
        all.set("a", [1]);
        expect(all.modified).toBe(true);
        all.delete("a");
        expect(all.modified).toBe(false);
        all.set("a", [1]);
      });
      await run(async (_store, session) => {
        const all = await session();
        expect([all.isNew, all.modified]).toEqual([false, false]);
        (all.get("a") as number[]).push(2);
        expect(all.modified).toBe(true);
        (all.get("a") as number[]).pop();
        expect(all.modified).toBe(false);
        all.set("a", [1]);
        expect(all.modified).toBe(false);
      });
    });

    test("createdAt and expiresAt are milliseconds, with maxAge between them", async () => {
      const { run, pass } = sessionApp({ maxAge: 100 });
      await run(async (_store, session) => void (await session()).set("a", 1));
      pass(10);
      await run(async (_store, session) => {
        const { createdAt, expiresAt } = await session();
        expect([createdAt, expiresAt]).toEqual([1_700_000_000_000, 1_700_000_100_000]);
      });
    });
  });

  describe("a value that JSON cannot represent", () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    test.each([
      ["undefined", undefined],
      ["a Date", new Date(0)],
      ["a function", () => 1],
      ["a symbol", Symbol("x")],
      ["a bigint", 1n],
      ["NaN", Number.NaN],
      ["Infinity", Infinity],
      ["undefined in an array", [undefined]],
      ["a hole in an array", [1, , 2]], // oxlint-disable-line no-sparse-arrays
      ["undefined in an object", { a: undefined }],
      ["a Map", new Map()],
      ["a class's instance", new (class Custom {})()],
      ["a cycle", cycle],
    ])("%s is refused at set, and the key is named", async (_title, value) => {
      await look((session) => {
        expect(() => session.set("the key", value)).toThrow(TypeError);
        expect(() => session.set("the key", value)).toThrow('"the key"');
        expect(session.has("the key")).toBe(false);
        expect(() => session.assign({ fine: 1, "the key": value })).toThrow('"the key"');
        expect(session.has("fine")).toBe(false);
        expect(() => session.update("the key", () => value)).toThrow('"the key"');
      });
    });

    test("put inside a value is refused at the commit: nothing is saved, nothing is sent", async () => {
      const { run, logged } = sessionApp();
      const response = await run(async (_store, session) => {
        const all = await session();
        all.set("other", 1);
        all.setDefault("list", [] as unknown[]);
        (all.get("list") as unknown[]).push(new Date(0));
      });
      expect([response.status, setCookies(response)]).toEqual([500, []]);
      expect(logged.join()).toContain('"list"');
    });

    test.each([["text"], [null], [[1]]])("incrementing %j is refused", async (value) => {
      await look((session) => {
        session.set("n", value);
        expect(() => session.increment("n")).toThrow(TypeError);
        expect(session.get("n")).toEqual(value);
      });
    });
  });

  describe("commit", () => {
    test("saves at once, and later changes are saved too", async () => {
      const found = await after({}, async (session) => {
        session.set("a", 1);
        await session.commit();
        expect(session.modified).toBe(false);
        session.set("b", 2);
      });
      expect(found).toEqual({ a: 1, b: 2 });
    });
  });

  describe("regenerate", () => {
    test("starts the session's time again, and keeps the named keys and this request's changes", async () => {
      const { run, pass } = sessionApp({ maxAge: 100 });
      await run(async (_store, session) => (await session()).assign({ a: 1, b: 2 }));
      pass(50);
      await run(async (_store, session) => {
        const all = await session();
        all.set("c", 3);
        all.regenerate({ keep: ["a"] });
      });
      pass(60);
      let found: unknown;
      await run(async (_store, session) => void (found = (await session()).toJSON()));
      expect(found).toEqual({ a: 1, c: 3 });
    });

    test("with keep: [] keeps only this request's changes", async () => {
      expect(await after({ a: 1 }, (session) => (session.set("b", 2), session.regenerate({ keep: [] })))).toEqual({ b: 2 });
    });

    test("is dropped by an unexpected error", async () => {
      const { run } = sessionApp();
      await run(async (_store, session) => void (await session()).set("a", 1));
      const response = await run(async (_store, session) => {
        (await session()).regenerate();
        throw new Error("no");
      });
      expect(setCookies(response)).toEqual([]);
    });
  });
});
