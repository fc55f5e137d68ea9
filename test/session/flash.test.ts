import { text } from "@mini/core";
import { describe, expect, test } from "vitest";
import { everyMedium } from "../support/media.ts";
import { throughEachDoor } from "../support/doors.ts";
import { sessionApp as makeApp, setCookies } from "../support/session-app.ts";

describe.each(throughEachDoor(await everyMedium()))("sessions in $name", (medium) => {
  const sessionApp = (options: Parameters<typeof makeApp>[0] = {}) => makeApp({ medium, ...options });

  type Harness = ReturnType<typeof makeApp>;

  const add = (app: Harness, message: unknown, level?: string) =>
    app.run(async (_store, session) => void (await session()).flash(message as string, level));

  const shown = async (app: Harness, levels?: readonly string[], options: Parameters<Harness["run"]>[1] = {}) => {
    const response = await app.run(async (_store, session) => text(JSON.stringify(await (await session()).getFlashes(levels))), options);
    return response.text();
  };

  describe("a flash message", () => {
    test("is shown once, by the next request that reads messages", async () => {
      const app = sessionApp();
      await add(app, "Saved.", "success");
      await app.run(async (_store, session) => void (await session()).get("other"));
      expect(await shown(app)).toBe('[{"message":"Saved.","level":"success"}]');
      expect(await shown(app)).toBe("[]");
    });

    test("has the level info when none is given, keeps its order, and may be any JSON", async () => {
      const app = sessionApp();
      await add(app, { a: [1, null] });
      await add(app, "two", "error");
      expect(await shown(app)).toBe('[{"message":{"a":[1,null]},"level":"info"},{"message":"two","level":"error"}]');
    });

    test("read twice at once is shown once", async () => {
      const app = sessionApp();
      await add(app, "one");
      const response = await app.run(async (_store, session) => {
        const all = await session();
        all.flash("two");
        return text(JSON.stringify((await Promise.all([all.getFlashes(), all.getFlashes()])).flat().map(({ message }) => message)));
      });
      expect(await response.text()).toBe('["one","two"]');
      expect(await shown(app)).toBe("[]");
    });

    test("with a level that is not a string is refused, and so is such an owner", async () => {
      const app = sessionApp();
      await app.run(async (_store, session) => (await session()).set("a", 1));
      await app.run(async (_store, session) => {
        const all = await session();
        expect(() => all.flash("x", null as never)).toThrow("its level must be a string, not null");
        expect(() => all.regenerate({ owner: 42 as never })).toThrow("its owner must be a string that is not empty");
        expect(() => all.regenerate({ owner: "" })).toThrow("its owner must be a string that is not empty");
      });
      expect(app.logged).toEqual([]);
    });

    test("of another level stays", async () => {
      const app = sessionApp();
      await add(app, "one", "info");
      await add(app, "two", "error");
      expect(await shown(app, ["error"])).toBe('[{"message":"two","level":"error"}]');
      expect(await shown(app)).toBe('[{"message":"one","level":"info"}]');
    });

    test("added and read in one request is shown there", async () => {
      const app = sessionApp();
      const response = await app.run(async (_store, session) => {
        const all = await session();
        all.flash("now");
        return text(JSON.stringify(await all.getFlashes()));
      });
      expect(await response.text()).toBe('[{"message":"now","level":"info"}]');
      expect(await shown(app)).toBe("[]");
    });

    test("is not taken by peekFlashes()", async () => {
      const app = sessionApp();
      await add(app, "one");
      const peek = async () => (await app.run(async (_store, session) => text(String((await session()).peekFlashes().length)))).text();
      expect([await peek(), await peek()]).toEqual(["1", "1"]);
      expect(await shown(app)).toContain("one");
    });

    test.each([
      ["a prefetch", { headers: { "sec-purpose": "prefetch" } }],
      ["a prefetch with more said of it", { headers: { "sec-purpose": "prefetch;prerender" } }],
      ["a prefetch of older browsers", { headers: { purpose: "prefetch" } }],
      ["a prefetch of a script", { headers: { "x-sec-purpose": "prefetch" } }],
      ["HEAD", { method: "HEAD" }],
    ])("is neither shown nor taken by %s", async (_title, options) => {
      const app = sessionApp();
      await add(app, "one");
      let found: unknown;
      const response = await app.run(async (_store, session) => void (found = await (await session()).getFlashes()), options);
      expect([found, response.headers.get("cache-control")]).toEqual([[], null]);
      expect(await shown(app)).toContain("one");
    });

    test.each(["public, max-age=60", "private, max-age=60", "no-cache"])(
      "makes a page with %j no-store, when it is shown",
      async (wanted) => {
        const app = sessionApp();
        const page = async () => {
          const work: Parameters<Harness["run"]>[0] = async (_store, session) => {
            await (await session()).getFlashes();
            return text("page", { headers: { "cache-control": wanted, "cdn-cache-control": "max-age=60" } });
          };
          const { headers } = await app.run(work);
          return [headers.get("cache-control"), headers.get("cdn-cache-control")];
        };
        await app.run(async (_store, session) => (await session()).set("a", 1));
        expect(await page()).toEqual([wanted, "max-age=60"]);
        await add(app, "one");
        expect(await page()).toEqual(["no-store", "no-store"]);
        expect(await page()).toEqual([wanted, "max-age=60"]);
      },
    );

    // Adapters answer on a socket; adapters/ways-to-answer.test.ts tests them.
    const inProcess = medium.adapter === undefined ? test : undefined;
    const inErrorHandler = medium.adapter?.commitsBeforeErrorHandlers === true ? undefined : test;
    inProcess?.("is put back when its client has disconnected, and other changes are saved", async () => {
      const app = sessionApp();
      await add(app, "one");
      await app.run(async (_store, session) => (await session()).set("a", 1));
      const leaving = new AbortController();
      const work = app.number(async (_store, session) => {
        const all = await session();
        expect(await all.getFlashes()).toHaveLength(1);
        all.set("a", 2);
        leaving.abort();
      });
      const headers = { "x-work": work, cookie: `session=${app.client.cookies.get("session")}` };
      await app.app.fetch(new Request("http://localhost/", { headers, signal: leaving.signal }));
      expect(await shown(app)).toContain("one");
      expect(await app.data()).toEqual({ a: medium.isServerSide ? 2 : 1 });
    });

    test("is put back by an unexpected error", async () => {
      const app = sessionApp();
      await add(app, "one");
      const response = await app.run(async (_store, session) => {
        await (await session()).getFlashes();
        throw new Error("no");
      });
      expect([response.status, setCookies(response)]).toEqual([500, []]);
      expect(await shown(app)).toContain("one");
    });

    inErrorHandler?.("of an error handler is kept, and all other changes of the failed request are dropped", async () => {
      const app = sessionApp({ onError: async (store) => void (await store.getSession()).flash("Nothing was changed.", "error") });
      await add(app, "one");
      const response = await app.run(async (_store, session) => {
        const all = await session();
        await all.getFlashes();
        all.set("a", 1);
        all.flash("Saved.");
        throw new Error("no");
      });
      expect([response.status, await app.data()]).toEqual([500, {}]);
      expect(await shown(app)).toBe('[{"message":"one","level":"info"},{"message":"Nothing was changed.","level":"error"}]');
    });

    inErrorHandler?.("of an error handler begins a session when there was none", async () => {
      const app = sessionApp({ onError: async (store) => void (await store.getSession()).flash("Sorry.") });
      await app.run(() => Promise.reject(new Error("no")));
      expect(await shown(app)).toContain("Sorry.");
    });

    inErrorHandler?.("of an error handler that is too long is logged, and the error response is still sent", async () => {
      const app = sessionApp({
        backend: "securecookie",
        onError: async (store) => void (await store.getSession()).flash("x".repeat(5000)),
      });
      const response = await app.run(() => Promise.reject(new Error("no")));
      expect([response.status, setCookies(response)]).toEqual([500, []]);
      expect(app.logged.join("\n")).toContain("Cannot save the flash messages of an error handler: ");
    });

    test("can be taken without saving pending changes", async () => {
      const app = sessionApp();
      await add(app, "one");
      const response = await app.run(async (_store, session) => {
        const all = await session();
        all.set("a", 1);
        await all.getFlashes();
        all.delete("a");
        return text(JSON.stringify(all));
      });
      expect(await response.text()).toBe("{}");
    });

    test("is shown until flashMaxAge, and not later", async () => {
      const app = sessionApp({ flashMaxAge: 10 });
      await add(app, "one");
      app.pass(10);
      expect(await shown(app, ["none"])).toBe("[]");
      app.pass(1);
      expect(await shown(app)).toBe("[]");
    });

    test("is dropped when there are twenty newer ones", async () => {
      const app = sessionApp();
      for (let i = 0; i < 22; i++) await add(app, i);
      expect(JSON.parse(await shown(app))).toEqual(Array.from({ length: 20 }, (_, i) => ({ message: i + 2, level: "info" })));
    });

    test("is not a key of the session", async () => {
      const app = sessionApp();
      await add(app, "one");
      const response = await app.run(async (_store, session) => {
        const all = await session();
        return text(JSON.stringify([all.size, all.has("flashes"), all]));
      });
      expect(await response.text()).toBe("[0,false,{}]");
    });

    test("that is not JSON is refused", async () => {
      const app = sessionApp();
      expect((await add(app, new Date(0))).status).toBe(500);
      expect(app.logged.join()).toContain("TypeError");
    });
  });
});
