import { abort, text, type Response } from "@mini/core";
import { describe, expect, test } from "vitest";
import { everyMedium } from "../../support/media.ts";
import type { SessionStore } from "@mini/session";
import { sessionApp as makeApp, setCookies, type AnyData, type AnySession, type Work } from "../../support/session-app.ts";

describe.each(await everyMedium())("sessions in $name", (medium) => {
  const sessionApp = (options: Parameters<typeof makeApp>[0] = {}) => makeApp({ medium, ...options });

  const data = async (response: Promise<Response>) => JSON.parse(await (await response).text()) as unknown;

  describe("named sessions", () => {
    test("are independent, each in a cookie of its name", async () => {
      const { run } = sessionApp();
      const response = await run(async (store) => {
        (await store.getSession<AnyData>()).set("a", 1);
        (await store.getSession<AnyData>("cart")).set("a", 2);
      });
      expect(setCookies(response).map((line) => line.split("=")[0])).toEqual(["session", "cart"]);
      const read = run(async (store) => text(JSON.stringify([await store.getSession(), await store.getSession("cart")])));
      expect(await data(read)).toEqual([{ a: 1 }, { a: 2 }]);
    });

    test("give one object for all calls in a request", async () => {
      const { run } = sessionApp();
      await run(async (store, session) => {
        const [one, two, three] = await Promise.all([session(), session(), store.getSession("session")]);
        expect(one).toBe(two);
        expect(one).toBe(three);
      });
    });

    test.each(["a b", "", "a;b", "ü", "a=b"])("%j cannot be a name", async (name) => {
      const { run, logged } = sessionApp();
      expect((await run((store) => store.getSession(name))).status).toBe(500);
      expect(logged.join()).toContain("ConfigError");
    });
  });

  describe("options of one session", () => {
    test("take precedence over the configured ones, and can be changed later", async () => {
      const { run } = sessionApp({ cookie: { httpOnly: false } });
      const response = await run(async (store) => {
        expect(store.updateSessionOptions("cart", { maxAge: 5 })).toBe(false);
        const cart = await store.getSession<AnyData>("cart", { cookie: { path: "/cart" } });
        cart.set("a", 1);
        expect(store.updateSessionOptions("cart", { cookie: { sameSite: "strict", maxAge: 60 } })).toBe(true);
      });
      const [line] = setCookies(response);
      expect(line).toContain("Path=/cart");
      expect(line).toContain("SameSite=Strict");
      expect(line).toContain("Max-Age=60");
      expect(line).not.toContain("HttpOnly");
    });

    test("that contradict each other are refused", async () => {
      const { run, logged } = sessionApp();
      expect((await run((store) => store.getSession("x", { cookie: { sameSite: "none" } }))).status).toBe(500);
      expect(logged.join()).toContain("ConfigError");
    });
  });

  describe("setSession", () => {
    test("replaces all values", async () => {
      const { run } = sessionApp();
      await run(async (store) => void (await store.setSession<AnyData>(undefined, { a: 1, b: 2 })));
      await run(async (store) => void (await store.setSession<AnyData>(undefined, { c: 3 })));
      expect(await data(run(async (_store, session) => text(JSON.stringify(await session()))))).toEqual({ c: 3 });
    });

    test("changes nothing when a value is refused", async () => {
      const { run } = sessionApp();
      await run(async (store) => void (await store.setSession<AnyData>(undefined, { a: 1 })));
      await run((store) => {
        expect(() => store.setSession<AnyData>(undefined, { b: 1, c: Number.NaN })).toThrow('"c"');
      });
      expect(await data(run(async (_store, session) => text(JSON.stringify(await session()))))).toEqual({ a: 1 });
    });
  });

  describe("deleteSession", () => {
    const cleared = /^session=; .*Max-Age=0/;

    test("clears the cookie with its attributes, and objects of the session are empty", async () => {
      const { run, client } = sessionApp({ cookie: { path: "/", domain: "localhost" } });
      await run(async (_store, session) => void (await session()).set("a", 1));
      const response = await run(async (store, session) => {
        const all = await session();
        await store.deleteSession();
        return text(String([all.get("a"), all.size, all.isNew]));
      });
      expect(await response.text()).toBe(",0,true");
      expect(setCookies(response)[0]).toMatch(cleared);
      expect(setCookies(response)[0]).toContain("Domain=localhost");
      expect(client.cookies.get("session")).toBeUndefined();
    });

    test.each([
      ["an unexpected error", () => Promise.reject(new Error("no")), 500],
      ["an HTTPError", () => abort(403), 403],
    ])("clears it even when %s follows", async (_title, end, status) => {
      const { run } = sessionApp();
      await run(async (_store, session) => void (await session()).set("a", 1));
      const response = await run(async (store) => {
        await store.deleteSession();
        return end();
      });
      expect(response.status).toBe(status);
      expect(setCookies(response)).toEqual([expect.stringMatching(cleared)]);
    });

    test("may be followed by a new session", async () => {
      const { run } = sessionApp();
      await run(async (_store, session) => void (await session()).set("a", 1));
      const response = await run(async (store, session) => {
        await store.deleteSession();
        (await session()).set("b", 2);
      });
      expect(setCookies(response)).toHaveLength(1);
      expect(await data(run(async (_store, session) => text(JSON.stringify(await session()))))).toEqual({ b: 2 });
    });

    test("twice, or of a session that does not exist, is not an error", async () => {
      const { run } = sessionApp();
      const response = await run(async (store) => {
        await store.deleteSession();
        await store.deleteSession();
      });
      expect(response.status).toBe(200);
    });

    test("of one session leaves the others", async () => {
      const { run, client } = sessionApp();
      await run(async (store, session) => {
        (await session()).set("a", 1);
        (await store.getSession<AnyData>("cart")).set("a", 1);
      });
      await run((store) => store.deleteSession("cart"));
      expect([client.cookies.get("cart"), client.cookies.get("session") !== undefined]).toEqual([undefined, true]);
    });
  });

  describe("a request from another site without the cookie", () => {
    const cross = { "sec-fetch-site": "cross-site" };
    const post = { method: "POST", headers: cross };
    const appOptions = { crossOrigin: false };
    const begin = (work: (session: AnySession) => void): Work => {
      return async (_store, session) => work(await session());
    };
    const flashing = begin((session) => session.flash("Paid."));

    test("does not begin a session by a POST, and logs this", async () => {
      const { run, logged } = sessionApp({ appOptions });
      const response = await run(flashing, post);
      expect([response.status, setCookies(response)]).toEqual([200, []]);
      expect(logged.join()).toContain("the browser does not send the cookie session");
    });

    test.each([
      ["regenerate()", begin((session) => session.regenerate()), {}, post],
      ["a log-in", begin((session) => session.regenerate({ owner: "user:1" })), {}, post],
      ["a GET", flashing, {}, { headers: cross }],
      ["a request of the same site", flashing, {}, { method: "POST", headers: { "sec-fetch-site": "same-site" } }],
      ["a client that is not a browser", flashing, {}, { method: "POST" }],
      ["a POST with a cookie that is not valid", flashing, {}, { method: "POST", headers: { ...cross, cookie: "session=old" } }],
      ["a POST with SameSite=None", flashing, { cookie: { sameSite: "none", secure: true } }, post],
      [
        "a POST after the session was deleted",
        async (store: SessionStore) => {
          await store.deleteSession();
          (await store.getSession()).flash("Bye.");
        },
        {},
        post,
      ],
    ] as const)("begins a session by %s", async (_title, work, config, options) => {
      const { run } = sessionApp({ appOptions, ...config });
      expect(setCookies(await run(work, options)).join()).toMatch(/^session=[ve]1/);
    });

    test("does not begin one by a GET with SameSite=Strict", async () => {
      const { run } = sessionApp({ appOptions, cookie: { sameSite: "strict" } });
      expect(setCookies(await run(flashing, { headers: cross }))).toEqual([]);
    });
  });

  describe("clear", () => {
    test("keeps an empty session and its cookie", async () => {
      const { run } = sessionApp();
      await run(async (_store, session) => void (await session()).set("a", 1));
      const response = await run(async (_store, session) => (await session()).clear());
      expect(setCookies(response).join()).not.toContain("Max-Age=0");
      const read = run(async (_store, session) => text(JSON.stringify([await session(), (await session()).isNew])));
      expect(await data(read)).toEqual([{}, false]);
    });
  });

  describe("secure cookies", () => {
    test("come back, and only under their name", async () => {
      const { run } = sessionApp();
      await run((store) => store.setSecureCookie("one", { a: "é", list: [1] }));
      const read = run((store) => text(JSON.stringify([store.getSecureCookie("one"), store.getSecureCookie("two") ?? null])));
      expect(await data(read)).toEqual([{ a: "é", list: [1] }, null]);
    });

    test("are accepted up to the maxAge of the call", async () => {
      const { run, pass } = sessionApp();
      await run((store) => store.setSecureCookie("one", { a: 1 }));
      pass(61);
      const read = run((store) =>
        text(JSON.stringify([store.getSecureCookie("one", { maxAge: 60 }) ?? null, store.getSecureCookie("one", { maxAge: 61 })])),
      );
      expect(await data(read)).toEqual([null, { a: 1 }]);
    });

    test.each([["text"], [[1]], [null], [{ a: undefined }], [{ a: new Date(0) }]])("refuse %j as data", async (value) => {
      const { run } = sessionApp();
      await run((store) => {
        expect(() => store.setSecureCookie("one", value as object)).toThrow(TypeError);
      });
    });

    test.each([
      [{ prefix: "host" }, undefined],
      [{ prefix: "secure" }, undefined],
      [{ domain: "example.org" }, undefined],
      [{}, { path: "/other", domain: "example.org" }],
    ] as const)("are deleted with the configured attributes %j and those of the call %j", async (cookie, options) => {
      const { run } = sessionApp({ cookie, baseUrl: "https://www.example.org" });
      await run((store) => store.setSecureCookie("one", { a: 1 }, options));
      const read = () => data(run((store) => text(JSON.stringify(store.getSecureCookie("one") ?? null)), { path: "/other" }));
      expect(await read()).toEqual({ a: 1 });
      await run((store) => store.deleteSecureCookie("one", options));
      expect(await read()).toBeNull();
    });

    test("are deleted even when an unexpected error follows, and may be set again", async () => {
      const { run, client } = sessionApp();
      await run((store) => store.setSecureCookie("one", { a: 1 }));
      await run((store) => {
        store.deleteSecureCookie("one");
        throw new Error("no");
      });
      expect(client.cookies.get("one")).toBeUndefined();
      const response = await run((store) => {
        store.deleteSecureCookie("one");
        store.setSecureCookie("one", { a: 2 });
      });
      expect(setCookies(response)).toHaveLength(1);
    });

    test("are not deleted under a name that no cookie can have", async () => {
      const { run } = sessionApp();
      await run((store) => expect(() => store.deleteSecureCookie("a b")).toThrow("cookie"));
    });

    test("are dropped by an unexpected error", async () => {
      const { run } = sessionApp();
      const response = await run((store) => {
        store.setSecureCookie("one", { a: 1 });
        throw new Error("no");
      });
      expect(setCookies(response)).toEqual([]);
    });
  });
});
