import { abort, html, local, setCookie, text } from "@mini/core";
import { SessionUnavailableError, type SessionStore } from "@mini/session";
import { describe, expect, test } from "vitest";
import { begun, failures, look, never, refuse, unavailable, watchRejections } from "../support/outage-app.ts";
import { startOtherThread } from "../support/other-thread.ts";
import { gate, setCookies, type AnySession } from "../support/session-app.ts";

watchRejections();

describe.each(failures)("a backend that %s", (_how, failure) => {
  test("does not affect requests that do not use the session", async () => {
    const app = await begun();
    app.fail("read", failure);
    expect((await app.run(() => undefined)).status).toBe(200);
  });

  test("while a session is loaded is answered 503: the cookie is kept, and headers of the handler are dropped", async () => {
    const app = await begun();
    app.fail("read", failure);
    const response = await app.run(async (_store, session) => {
      setCookie("other", "1");
      await session();
    });
    expect(await look(response)).toEqual(unavailable);
    expect(app.watched.counted()).toEqual(["read"]);
    expect(app.logged).toEqual([expect.stringMatching(/^Cannot load a session: /)]);
    app.repair();
    expect(await app.data()).toEqual({ a: 1 });
  });

  test("while a session is committed is answered 503: it is not tried again, and the cookie is kept", async () => {
    const app = await begun();
    app.fail("swap", failure);
    const response = await app.run(async (_store, session) => {
      setCookie("other", "1");
      (await session()).increment("a");
    });
    expect(await look(response)).toEqual(unavailable);
    expect(app.watched.counted()).toEqual(["read", "swap"]);
    app.repair();
    expect(await app.data()).toEqual({ a: 1 });
  });

  test("while a session is created is answered 503 without a cookie", async () => {
    const app = await begun();
    app.fail("create", failure);
    const response = await app.run(async (_store, session) => (await session()).set("b", 1), { client: app.browser() });
    expect(await look(response)).toEqual(unavailable);
  });

  test("at a log-out is answered 503, and the cookie is cleared", async () => {
    const app = await begun();
    app.fail("take", failure);
    const cleared = expect.stringMatching(/^session=; .*Max-Age=0/) as string;
    expect(await look(await app.run((store) => store.deleteSession()))).toEqual({ ...unavailable, cookies: [cleared] });
  });

  const unawaited: readonly (readonly [name: string, work: (store: SessionStore, session: AnySession) => unknown, status: number])[] = [
    ["take", (store) => store.deleteSession(), 503],
    ["owners.bump", (store) => store.revokeAll("user:1"), 503],
    ["swap", (_store, session) => [session.set("a", 2), session.commit()], 503],
    ["swap", (_store, session) => session.getFlashes(), 503],
    ["read", (store) => store.getSession("second"), 200],
    ["owners.keys", (store) => store.listSessions("user:1"), 200],
  ];
  test.each(unawaited)(
    "at %s: the response says so, and the process goes on, when no code awaits the promise",
    async (name, work, status) => {
      const app = await begun();
      await app.run(async (store, session) => {
        (await session()).flash("hello");
        (await store.getSession("second")).set("a" as never, 1 as never);
      });
      app.fail(name, failure);
      const response = await app.run(async (store, session) => {
        const main = name === "read" ? undefined : await session();
        void work(store, main!);
        return html`done`;
      });
      expect(response.status).toBe(status);
    },
  );

  test("at a load whose error the handler catches does not replace the response, unless a change would be lost", async () => {
    const app = await begun();
    app.fail("read", failure);
    const answer = (change: boolean) =>
      app.run(async (store, session) => {
        const second = await store.getSession("second");
        if (change) second.set("a" as never, 1 as never);
        await expect(session()).rejects.toThrow(SessionUnavailableError);
        return text("without you");
      });
    const kept = await answer(false);
    expect([kept.status, await kept.text(), setCookies(kept)]).toEqual([200, "without you", []]);
    expect(await look(await answer(true))).toEqual(unavailable);
  });

  test("at a commit() is answered 503, even when the handler catches the error", async () => {
    const app = await begun();
    app.fail("swap", failure);
    const response = await app.run(async (_store, session) => {
      (await session()).set("a", 2);
      await (await session()).commit().catch(() => {});
      return text("saved");
    });
    expect(await look(response)).toEqual(unavailable);
  });

  test("at the touch after the response is logged, and has no other effect", async () => {
    let now = Date.now();
    const app = await begun({ idleTimeout: 1000, now: () => now });
    now += 200_000;
    const called = gate();
    app.fail("touch", () => {
      called.open();
      return failure();
    });
    expect((await app.run(async (_store, session) => void (await session()))).status).toBe(200);
    await called.opened;
    await expect.poll(() => app.logged.join()).toContain("Cannot move the idle time of a session: ");
  });

  test("while messages are taken out is answered 503, and the messages are shown later", async () => {
    const app = await begun();
    await app.run(async (_store, session) => (await session()).flash("hello"));
    app.fail("swap", failure);
    expect(await look(await app.run(async (_store, session) => void (await (await session()).getFlashes())))).toEqual(unavailable);
    app.repair();
    const shown = await app.run(async (_store, session) => text(String((await (await session()).getFlashes()).length)));
    expect(await shown.text()).toBe("1");
  });

  test("at a log-in is answered 503, and the old session stays valid", async () => {
    for (const name of ["owners.epoch", "owners.add", "create"]) {
      const app = await begun();
      app.fail(name, failure);
      expect(await look(await app.run(async (_store, session) => (await session()).regenerate({ owner: "user:1" })))).toEqual(unavailable);
      app.repair();
      expect(await app.data(), name).toEqual({ a: 1 });
    }
  });

  test("is answered by an error page of the application, even one that uses the session itself", async () => {
    const app = await begun({}, { errorHandlers: { 503: () => html`come back later` } });
    app.fail("read", failure);
    const response = await app.run(async (_store, session) => void (await session()));
    expect([response.status, response.headers.get("retry-after"), await response.text()]).toEqual([503, "1", "come back later"]);
  });
});

describe("a commit with an unknown outcome", () => {
  test("is answered 503, and an increment is not made twice", async () => {
    const app = await begun();
    app.watched.after = (name) => (name === "swap" ? never() : undefined);
    expect(await look(await app.run(async (_store, session) => void (await session()).increment("a")))).toEqual(unavailable);
    app.watched.after = () => undefined;
    expect(await app.data()).toEqual({ a: 2 });
  });

  test("is answered 503 for the requests that waited for it, and their changes are not made later", async () => {
    const app = await begun();
    const held = gate();
    const swapping = gate();
    app.watched.before = async (name) => {
      if (name !== "swap") return;
      swapping.open();
      await held.opened;
    };
    const first = app.run(async (_store, session) => void (await session()).set("first", 1));
    await swapping.opened;
    const second = app.run(async (_store, session) => void (await session()).set("second", 1));
    expect(await look(await first)).toEqual(unavailable);
    expect(await look(await second)).toEqual(unavailable);
    held.open();
    app.watched.before = () => undefined;
    await app.run(async (_store, session) => (await session()).set("third", 1));
    const { second: late, third } = await app.data();
    expect([late, third]).toEqual([undefined, 1]);
  });

  test("of a load does not change anything when the backend answers later", async () => {
    const app = await begun();
    const held = gate();
    app.watched.before = (name) => (name === "read" ? held.opened : undefined);
    expect(await look(await app.run(async (_store, session) => (await session()).set("late", 1)))).toEqual(unavailable);
    held.open();
    await new Promise(setImmediate);
    expect(app.watched.counted()).toEqual(["read"]);
    expect(await app.data()).toEqual({ a: 1 });
  });
});

test("an error page that uses a session while the backend is down is answered 503, not 500", async () => {
  const page = async () => html`${(await local.sessionStore.getSession()).size} things in the cart`;
  const app = await begun({}, { errorHandlers: { 403: page } });
  app.fail("read", refuse);
  const response = await app.run(() => abort(403));
  expect(await look(response)).toEqual(unavailable);
});

test("a process that was busy for longer than the deadline reads the answers that have arrived before it gives up", async () => {
  const app = await begun({ deadline: 100 });
  const other = await startOtherThread();
  app.watched.before = async (name) => {
    if (name !== "read") return;
    setImmediate(() => other.beBusy(250));
    // It has answered by then, and is looked at after the timers.
    await other.ask();
  };
  expect(await app.data()).toEqual({ a: 1 });
});
