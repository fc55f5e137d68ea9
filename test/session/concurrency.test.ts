import { text } from "@mini/core";
import { describe, expect, test } from "vitest";
import { ioredisMedia, serverSideMedia } from "../support/media.ts";
import { throughEachRace } from "../support/doors.ts";
import { gate, sessionApp as makeApp, setCookies, type AnySession } from "../support/session-app.ts";

const flashes = async (session: AnySession) => text(JSON.stringify((await session.getFlashes()).map(({ message }) => message)));

describe.each([...throughEachRace(await serverSideMedia()), ...(await ioredisMedia())])(
  "parallel requests on one session in $name",
  (medium) => {
    const sessionApp = (options: Parameters<typeof makeApp>[0] = {}) => makeApp({ medium, ...options });

    async function begun(data: Record<string, unknown>, options: Parameters<typeof makeApp>[0] = {}) {
      const app = sessionApp(options);
      await app.run(async (_store, session) => (await session()).assign(data));
      return app;
    }

    test("that set different keys are both saved, nested changes too", async () => {
      const app = await begun({ list: [1] });
      const one = await app.begin(async (_store, session) => void ((await session()).get("list") as number[]).push(2));
      const two = await app.begin(async (_store, session) => (await session()).set("b", 1));
      await two.finish();
      await one.finish();
      expect(await app.data()).toEqual({ list: [1, 2], b: 1 });
    });

    test("a reader that finishes late undoes no change", async () => {
      const app = await begun({ a: 1 });
      const reader = await app.begin(async (_store, session) => text(String((await session()).get("a"))));
      await app.run(async (_store, session) => (await session()).set("a", 2));
      const response = await reader.finish();
      expect([await response.text(), setCookies(response)]).toEqual(["1", []]);
      expect(await app.data()).toEqual({ a: 2 });
    });

    test("ten increments are all counted, and each update has the result of the ones before it", async () => {
      const app = await begun({});
      await app.run(async (_store, session) => (await session()).set("list", []));
      const all = await Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          app.begin(async (_store, session) => {
            const mine = await session();
            mine.increment("count");
            mine.update("list", (list) => [...(list as number[]), i]);
          }),
        ),
      );
      await Promise.all(all.map((each) => each.finish()));
      const { count, list } = await app.data();
      expect([count, (list as number[]).toSorted((a, b) => a - b)]).toEqual([10, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]);
    });

    test("a deletion and a set of different keys are both saved; for one key, the last commit wins with its whole value", async () => {
      const app = await begun({ a: 1, b: { x: 1 } });
      const one = await app.begin(async (_store, session) => {
        (await session()).delete("a");
        ((await session()).get("b") as Record<string, number>)["y"] = 2;
      });
      await app.run(async (_store, session) => (await session()).assign({ b: { z: 3 }, c: 4 }));
      await one.finish();
      expect(await app.data()).toEqual({ b: { x: 1, y: 2 }, c: 4 });
    });

    test("setting the loaded value again does not undo the change of another request", async () => {
      const app = await begun({ theme: "dark" });
      const one = await app.begin(async (_store, session) => (await session()).assign({ theme: "dark", b: 1 }));
      await app.run(async (_store, session) => (await session()).set("theme", "light"));
      await one.finish();
      // What a cache has may not be what is kept, so there it counts as set.
      expect(await app.data()).toEqual({ theme: medium.isCached ? "dark" : "light", b: 1 });
    });

    test("clear removes the keys of the newest record, and keeps what was set after it", async () => {
      const app = await begun({ a: 1 });
      const one = await app.begin(async (_store, session) => {
        (await session()).clear();
        (await session()).set("c", 3);
      });
      await app.run(async (_store, session) => (await session()).set("b", 2));
      await one.finish();
      expect(await app.data()).toEqual({ c: 3 });
    });

    test("an increment of a value that is no longer a number is an error, and nothing of that request is saved", async () => {
      const app = await begun({ count: 1 });
      const one = await app.begin(async (_store, session) => {
        (await session()).set("b", 1);
        (await session()).increment("count");
      });
      await app.run(async (_store, session) => (await session()).set("count", "many"));
      expect((await one.finish()).status).toBe(500);
      expect(app.logged.join()).toContain('Cannot increment "count" in the session: its value is of type string');
      expect(await app.data()).toEqual({ count: "many" });
    });

    describe("a log-out", () => {
      test.each([
        ["writer", async (session: AnySession) => void session.set("late", 1)],
        ["reader", async (session: AnySession) => void session.get("user")],
        ["reader of messages", async (session: AnySession) => void (await session.getFlashes())],
        ["request that regenerates", async (session: AnySession) => session.regenerate()],
      ])("while a slow %s runs: the session stays ended, and the browser is logged out", async (title, work) => {
        const app = await begun({ user: 5 });
        await app.run(async (_store, session) => (await session()).flash("hello"));
        const cookie = `session=${app.client.cookies.get("session")}`;
        const slow = await app.begin(async (_store, session) => work(await session()));
        const out = await app.run((store) => store.deleteSession());
        expect(setCookies(out)).toEqual([expect.stringContaining("Max-Age=0")]);
        const response = await slow.finish();
        expect(response.status).toBe(200);
        // What regenerates goes on with what it did itself, which is nothing here.
        if (title !== "request that regenerates") expect(setCookies(response)).toEqual([]);
        const other = app.browser();
        const late = await app.run(async (_store, session) => text(String([(await session()).isNew, (await session()).size])), {
          client: other,
          headers: { cookie },
        });
        expect(await late.text()).toBe("true,0");
        expect(await app.data()).toEqual({});
      });

      test("ends the session without loading it, and its old cookie is no longer accepted", async () => {
        const app = await begun({ user: 5 });
        const cookie = `session=${app.client.cookies.get("session")}`;
        await app.run((store) => store.deleteSession());
        expect(await app.data({ client: app.browser(), headers: { cookie } })).toEqual({});
      });

      test("a change that is dropped is logged, without the session's name", async () => {
        const app = await begun({ user: 5 });
        const slow = await app.begin(async (_store, session) => (await session()).set("a", 1));
        await app.run((store) => store.deleteSession());
        await slow.finish();
        expect(app.logged).toEqual(["A change to a session was dropped: the session had ended in the meantime."]);
      });

      test("ends a session that the same request has created by an earlier commit", async () => {
        const app = sessionApp();
        const response = await app.run(async (store, session) => {
          (await session()).set("a", 1);
          await (await session()).commit();
          await store.deleteSession();
        });
        expect(setCookies(response)).toEqual([expect.stringContaining("Max-Age=0")]);
      });
    });

    describe("messages", () => {
      test("are shown by one of two requests that read them at once", async () => {
        const app = await begun({ a: 1 });
        await app.run(async (_store, session) => (await session()).flash("once"));
        const readers = await Promise.all([1, 2, 3].map(() => app.begin(async (_store, session) => flashes(await session()))));
        const answers = await Promise.all(readers.map(async (reader) => (await reader.finish()).text()));
        expect(answers.toSorted()).toEqual(['["once"]', "[]", "[]"]);
      });

      test("that are added while others are read are kept", async () => {
        const app = await begun({ a: 1 });
        await app.run(async (_store, session) => (await session()).flash("one"));
        const reader = await app.begin(async (_store, session) => flashes(await session()));
        await app.run(async (_store, session) => (await session()).flash("two"));
        expect(await (await reader.finish()).text()).toBe('["one"]');
        expect(await (await app.run(async (_store, session) => flashes(await session()))).text()).toBe('["two"]');
      });

      test("are put back when an error comes later, and the other changes of that request are dropped", async () => {
        const app = await begun({ a: 1 });
        await app.run(async (_store, session) => (await session()).flash("one"));
        const failed = await app.run(async (_store, session) => {
          (await session()).set("a", 2);
          await (await session()).getFlashes();
          throw new Error("no");
        });
        expect(failed.status).toBe(500);
        expect(await app.data()).toEqual({ a: 1 });
        expect(await (await app.run(async (_store, session) => flashes(await session()))).text()).toBe('["one"]');
      });
    });

    test("two first requests without a cookie create two complete sessions, and the browser has one of them", async () => {
      const app = sessionApp();
      const one = await app.begin(async (_store, session) => (await session()).assign({ a: 1, b: 1 }));
      const two = await app.begin(async (_store, session) => (await session()).assign({ a: 2, b: 2 }));
      await two.finish();
      await one.finish();
      expect(await app.data()).toEqual({ a: 1, b: 1 });
    });

    test("the response waits for work that the handler does not await", async () => {
      const app = await begun({ user: 5 });
      const cookie = `session=${app.client.cookies.get("session")}`;
      const held = gate();
      const response = app.run((store) => {
        void store.deleteSession().then(held.open);
        return undefined;
      });
      await response;
      await held.opened;
      expect(await app.data({ client: app.browser(), headers: { cookie } })).toEqual({});
    });
  },
);
