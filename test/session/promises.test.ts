import { abort, html, Response, text } from "@mini/core";
import { describe, expect, test } from "vitest";
import { CookieTooLargeError, SessionCommittedError } from "@mini/session";
import { everyMedium } from "../support/media.ts";
import { throughEachDoor } from "../support/doors.ts";
import { Rescue, sessionApp as makeApp, setCookies, type AnySession } from "../support/session-app.ts";

describe.each(throughEachDoor(await everyMedium()))("sessions in $name", (medium) => {
  const sessionApp = (options: Parameters<typeof makeApp>[0] = {}) => makeApp({ medium, ...options });
  /** Some frameworks do not report errors to middleware, so a status of 500 counts as one. */
  const tellsErrors = medium.adapter?.tellsErrors ?? true;
  const inApp = medium.withoutApp === true ? undefined : test;

  describe("1: a session that is not touched costs nothing", () => {
    test("it adds no header, whatever cookie the request has", async () => {
      const { run } = sessionApp();
      const fresh = await run(() => undefined);
      expect([...fresh.headers.keys()]).toEqual(["content-type"]);
      await run(async (_store, session) => void (await session()).set("a", 1));
      const again = await run(() => undefined);
      expect([...again.headers.keys()]).toEqual(["content-type"]);
    });

    test("no decoding: a store that is not used reads no cookie", async () => {
      const { run } = sessionApp();
      const response = await run((store) => void store, { headers: { cookie: "session=garbage" } });
      expect(response.headers.has("vary")).toBe(false);
    });
  });

  describe("2: a session is saved only when it changed, once, before the head", () => {
    const stays = async (app: ReturnType<typeof sessionApp>) =>
      (await app.run(async (_store, session) => text(String((await session()).get("a"))))).text();

    test("a change inside a value counts, the same value does not", async () => {
      const { run } = sessionApp();
      await run(async (_store, session) => void (await session()).set("a", { list: [1] }));
      const nested = await run(async (_store, session) => void ((await session()).get("a") as { list: number[] }).list.push(2));
      expect(setCookies(nested)).toHaveLength(medium.isServerSide ? 0 : 1);
      const saved = await run(async (_store, session) => text(JSON.stringify((await session()).get("a"))));
      expect(await saved.text()).toBe('{"list":[1,2]}');
      const same = await run(async (_store, session) => void (await session()).set("a", { list: [1, 2] }));
      expect(setCookies(same)).toHaveLength(0);
      const undone = await run(async (_store, session) => {
        const all = await session();
        all.set("b", 1);
        all.delete("b");
      });
      expect(setCookies(undone)).toHaveLength(0);
    });

    test.each([
      ["an HTTPError", () => abort(403), 403, true],
      ["any other error", () => Promise.reject(new Error("secret detail")), 500, false],
      ["a response with an error status", () => new Response("no", { status: 500 }), 500, tellsErrors],
    ])("%s decides whether changes are saved", async (_title, end, status, saved) => {
      const app = sessionApp();
      const response = await app.run(async (_store, session) => {
        (await session()).set("a", 1);
        return end();
      });
      expect(response.status).toBe(status);
      expect(await response.text()).not.toContain("secret detail");
      expect(await stays(app)).toBe(saved ? "1" : "undefined");
    });

    inApp?.("errorHandlers render an error and do not make it an answer", async () => {
      const app = sessionApp({ appOptions: { errorHandlers: { 500: () => html`rendered` } } });
      const response = await app.run(async (_store, session) => {
        (await session()).set("a", 1);
        throw new Error("no");
      });
      expect(await response.text()).toBe("rendered");
      expect(await stays(app)).toBe("undefined");
    });

    inApp?.("a response from handleException is an answer and commits", async () => {
      const app = sessionApp({ middleware: [Rescue] });
      const response = await app.run(async (_store, session) => {
        (await session()).set("a", 1);
        throw new Error("no");
      });
      expect(await response.text()).toBe("rescued");
      expect(await stays(app)).toBe("1");
    });

    test("after the head a change and a first access are refused", async () => {
      const { run } = sessionApp();
      let kept: AnySession | undefined;
      let store: { getSession(): Promise<unknown> } | undefined;
      await run(async (_store, session) => void (kept = await session()));
      expect(() => kept!.set("a", 1)).toThrow(SessionCommittedError);
      expect(kept!.get("a")).toBeUndefined();
      await run((given) => void (store = given));
      await expect(store!.getSession()).rejects.toThrow();
    });

    test("a stream cannot change its session", async () => {
      const { run } = sessionApp();
      const response = await run(async (_store, session) => {
        const all = await session();
        // Without a buffer nothing is pulled before the head has left.
        const source: UnderlyingDefaultSource<Uint8Array> = {
          pull(controller) {
            try {
              all.set("late", 1);
              controller.enqueue(new TextEncoder().encode("changed"));
            } catch (error) {
              controller.enqueue(new TextEncoder().encode((error as Error).name));
            }
            controller.close();
          },
        };
        return new Response(new ReadableStream(source, { highWaterMark: 0 }));
      });
      expect(await response.text()).toBe("SessionCommittedError");
    });
  });

  describe("3: nothing is created by reading", () => {
    test.each(["session=unknown", "session=", "session=v1.e30.1.AAAA", "session=a; session=b"])(
      "%s is not answered with a cookie",
      async (cookie) => {
        const { run } = sessionApp();
        const response = await run(
          async (_store, session) => {
            const all = await session();
            return text(`${all.isNew} ${all.size} ${all.get("a")}`);
          },
          { headers: { cookie } },
        );
        expect(await response.text()).toBe("true 0 undefined");
        expect(setCookies(response)).toEqual([]);
      },
    );

    test("a cookie signed with an old key is read, and signed with the new key only when the session changes", async () => {
      const old = sessionApp();
      await old.run(async (_store, session) => void (await session()).set("a", 1));
      const cookie = `session=${old.client.cookies.get("session")}`;
      const rotated = sessionApp({
        backend: old.backend,
        secretKey: ["a new key that is long enough to be one", "a key that is long enough to be one"],
      });
      const read = await rotated.run(async (_store, session) => text(String((await session()).get("a"))), { headers: { cookie } });
      expect([await read.text(), setCookies(read)]).toEqual(["1", []]);
    });
  });

  describe("4: caches are told", () => {
    const accesses: readonly (readonly [string, (session: AnySession) => unknown])[] = [
      ["get", (all) => all.get("a")],
      ["has", (all) => all.has("a")],
      ["size", (all) => all.size],
      ["keys", (all) => [...all.keys()]],
      ["iteration", (all) => [...all]],
      ["toJSON", (all) => JSON.stringify(all)],
      ["peekFlashes", (all) => all.peekFlashes()],
      ["isNew", (all) => all.isNew],
    ];
    test.each(accesses)("%s makes the response vary by cookie", async (_name, access) => {
      const { run } = sessionApp();
      const response = await run(async (_store, session) => void access(await session()));
      expect(response.headers.get("vary")).toBe("Cookie");
    });

    test("by a secure cookie too", async () => {
      const { run } = sessionApp();
      expect((await run((store) => void store.getSecureCookie("x"))).headers.get("vary")).toBe("Cookie");
    });

    test.each([
      [undefined, "no-store"],
      ["public, max-age=60", "no-store"],
      ["private, max-age=60", "private, max-age=60"],
      ["no-store", "no-store"],
    ])("with a session's cookie, Cache-Control %s becomes %s", async (given, sent) => {
      const { run } = sessionApp();
      const response = await run(async (_store, session) => {
        (await session()).set("a", 1);
        return new Response("", { headers: given === undefined ? {} : { "cache-control": given } });
      });
      expect(response.headers.get("cache-control")).toBe(sent);
    });

    test("a response without one keeps its Cache-Control", async () => {
      const { run } = sessionApp();
      const response = await run(async (_store, session) => {
        (await session()).get("a");
        return new Response("", { headers: { "cache-control": "public" } });
      });
      expect(response.headers.get("cache-control")).toBe("public");
    });
  });

  describe("5: a value is accepted only for the purpose it was made for", () => {
    test("a session's cookie is refused under another name and as a secure cookie, with the same response", async () => {
      const { run, client, backend } = sessionApp();
      await run(async (store, session) => {
        (await session()).set("admin", true);
        store.setSecureCookie("pass", { admin: true });
      });
      const session = client.cookies.get("session")!;
      const pass = client.cookies.get("pass")!;
      const bare = sessionApp({ backend });
      const ask = async (cookie: string) => {
        const response = await bare.run(
          async (store) => {
            const [own, user] = [await store.getSession<{ admin?: boolean }>(), await store.getSession<{ admin?: boolean }>("user")];
            return text(
              JSON.stringify([own.get("admin"), user.get("admin"), store.getSecureCookie("pass"), store.getSecureCookie("session")]),
            );
          },
          { headers: { cookie } },
        );
        return JSON.stringify([response.status, [...response.headers], await response.text()]);
      };
      const anonymous = await ask("");
      expect(await ask(`user=${session}; pass=${session}`)).toBe(anonymous);
      expect(await ask(`session=${pass}; user=${pass}`)).toBe(anonymous);
      for (let at = 0; at < session.length; at += 7) {
        expect(await ask(`session=${session.slice(0, at)}${session[at] === "A" ? "B" : "A"}${session.slice(at + 1)}`)).toBe(anonymous);
      }
      expect(await ask(`session=${session}`)).not.toBe(anonymous);
    });
  });

  describe("11: a session ends on the server", () => {
    const read = async (app: ReturnType<typeof sessionApp>, cookie: string) =>
      app.run(async (_store, session) => text(String((await session()).get("a"))), { headers: { cookie } });

    test("after maxAge, whatever happened since", async () => {
      const app = sessionApp({ maxAge: 100 });
      await app.run(async (_store, session) => void (await session()).set("a", 1));
      app.pass(60);
      await app.run(async (_store, session) => void (await session()).set("a", 2));
      const cookie = `session=${app.client.cookies.get("session")}`;
      app.pass(39);
      expect(await (await read(app, cookie)).text()).toBe("2");
      app.pass(2);
      expect(await (await read(app, cookie)).text()).toBe("undefined");
    });

    test("after idleTimeout without use; a use within a tenth of it does not extend it, a later one does", async () => {
      const app = sessionApp({ idleTimeout: 1000 });
      const use = async (seconds: number) => {
        app.pass(seconds);
        const answer = await (await read(app, "")).text();
        await app.settle();
        return answer;
      };
      const begin = () => app.run(async (_store, session) => void (await session()).set("a", 1));
      await begin();
      expect([await use(99), await use(902)]).toEqual(["1", "undefined"]);
      await begin();
      expect([await use(100), await use(999), await use(999), await use(1001)]).toEqual(["1", "1", "1", "undefined"]);
    });
  });

  test("the session layer's own errors never commit another session", async () => {
    const { run } = sessionApp();
    const response = await run(async (store, session) => {
      (await session()).set("a", "x".repeat(medium.tooMuch));
      (await store.getSession("second")).set("b" as never, 1 as never);
    });
    expect([response.status, setCookies(response)]).toEqual([500, []]);
  });
});

describe("13: a cookie that browsers would drop is refused before anything is sent", () => {
  test("and the biggest keys are named", async () => {
    const { run, logged } = makeApp();
    const response = await run(async (_store, session) => {
      const all = await session();
      all.set("small", 1);
      all.set("big", "x".repeat(4000));
    });
    expect([response.status, setCookies(response)]).toEqual([500, []]);
    expect(logged.join("\n")).toContain('the biggest keys are "big" (4002 bytes), "small" (1 bytes)');
  });

  test("a secure cookie at once", async () => {
    const { run } = makeApp();
    let thrown: unknown;
    await run((store) => {
      try {
        store.setSecureCookie("big", { text: "x".repeat(4000) });
      } catch (error) {
        thrown = error;
      }
    });
    expect(thrown).toBeInstanceOf(CookieTooLargeError);
  });
});
