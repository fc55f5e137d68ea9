import { text } from "@mini/core";
import { TestClient } from "@mini/core/testing";
import type { SessionConfig } from "@mini/session";
import { describe, expect, test } from "vitest";
import { everyMedium, type Medium } from "../support/media.ts";
import { sessionApp, setCookies, type Work } from "../support/session-app.ts";

const url = new URL("https://www.example.org");
const logIn: Work = async (_store, session) => (await session()).set("user", "ann");
const look: Work = async (_store, session) => text(String((await session()).get("user")));
const change: Work = async (_store, session) => (await session()).set("seen", true);
const logOut: Work = (store) => store.deleteSession();
const none = { sameSite: "none", secure: true } as const;

/** A site whose settings are changed while a browser has its cookie. */
function siteOf(medium: Medium | undefined, before: Partial<SessionConfig>, after: Partial<SessionConfig>) {
  const old = sessionApp({ ...(medium && { medium }), baseUrl: url.href, ...before });
  const app = sessionApp({ baseUrl: url.href, ...after, backend: old.backend });
  const { cookies } = old.client;
  const has = () => cookies.header(url);
  return {
    old,
    app,
    cookies,
    has,
    /** A request of the browser to the site as it is configured now. */
    async run(work: Work, { method = "GET", cookie = has() } = {}) {
      const response = await app.run(work, {
        method,
        client: new TestClient(app.app, { baseUrl: url.href }),
        headers: { cookie, host: url.host },
      });
      for (const line of setCookies(response)) cookies.store(line, url);
      return response;
    },
  };
}

const changes: readonly (readonly [string, Partial<SessionConfig>, Partial<SessionConfig>, RegExp])[] = [
  ["encrypt is turned on", {}, { encrypt: true }, /^session=e1\.[^;]*$/],
  ["encrypt is turned off", { encrypt: true }, {}, /^session=v1\.[^;]*$/],
  ["the prefix __Host- is turned on", {}, { cookie: { prefix: "host" } }, /^__Host-session=v1\.[^;]*$/],
  ["the prefix __Secure- is turned on", {}, { cookie: { prefix: "secure" } }, /^__Secure-session=v1\.[^;]*$/],
  ["the prefix __Host- is turned off", { cookie: { prefix: "host" } }, {}, /^session=v1\.[^;]*$/],
  ["__Host- takes the place of __Secure-", { cookie: { prefix: "secure" } }, { cookie: { prefix: "host" } }, /^__Host-session=v1\.[^;]*$/],
  [
    "__Host- takes the place of a domain",
    { cookie: { domain: "example.org" } },
    { cookie: { prefix: "host" } },
    /^__Host-session=v1\.[^;]*$/,
  ],
  ["encrypt and a prefix are turned on", {}, { encrypt: true, cookie: { prefix: "host" } }, /^__Host-session=e1\.[^;]*$/],
  ["it gets a domain", {}, { cookie: { domain: "example.org" } }, /^session=v1\.[^;]*$/],
  ["it loses its domain", { cookie: { domain: "example.org" } }, {}, /^session=v1\.[^;]*$/],
  ["it is partitioned", { cookie: none }, { cookie: { ...none, partitioned: true } }, /^session=v1\.[^;]*$/],
  ["it is not partitioned any more", { cookie: { ...none, partitioned: true } }, { cookie: none }, /^session=v1\.[^;]*$/],
];

describe.each(await everyMedium())("a session in $name", (medium) => {
  describe.each(changes)("when %s", (_title, before, after, form) => {
    test("is still read, and the first response replaces its cookie", async () => {
      const site = siteOf(medium, before, after);
      await site.old.run(logIn);
      const first = await site.run(look);
      expect([await first.text(), setCookies(first).length > 0]).toEqual(["ann", true]);
      expect(site.has()).toMatch(form);
      const again = await site.run(look);
      expect([await again.text(), setCookies(again)]).toEqual(["ann", []]);
    });

    test("is replaced by a change and by a new id too", async () => {
      for (const work of [change, (async (_store, session) => (await session()).regenerate()) satisfies Work]) {
        const site = siteOf(medium, before, after);
        await site.old.run(logIn);
        await site.run(work);
        expect(site.has()).toMatch(form);
        expect(await (await site.run(look)).text()).toBe("ann");
      }
    });

    test("ends with a log-out: the browser has no cookie left", async () => {
      for (const work of [logOut, (async (store, session) => (await session(), store.deleteSession())) satisfies Work]) {
        const site = siteOf(medium, before, after);
        await site.old.run(logIn);
        await site.run(work);
        expect(site.has()).toBe("");
      }
    });
  });

  test("that was replaced in the meantime is not sent again by a late response", async () => {
    const site = siteOf(medium, {}, { cookie: { prefix: "host" } });
    await site.old.run(logIn);
    const cookie = site.has();
    const client = new TestClient(site.app.app, { baseUrl: url.href });
    const late = await site.app.begin(look, { client, headers: { cookie } });
    await site.run(async (_store, session) => (await session()).regenerate({ owner: "user:1" }), { cookie });
    const response = await late.finish();
    // Without a record on the server, nothing knows of the log-in.
    expect([await response.text(), setCookies(response).length]).toEqual(["ann", medium.isServerSide ? 0 : 3]);
  });
});

describe("an old cookie", () => {
  const toHost = [{}, { cookie: { prefix: "host" } }] as const;

  test("is never used beside one with the configured prefix, however new it is", async () => {
    const site = siteOf(undefined, ...toHost);
    await site.run(async (_store, session) => (await session()).set("user", "victim"));
    const own = site.has();
    site.old.pass(60);
    await site.old.run(async (_store, session) => (await session()).set("user", "attacker"));
    const planted = `session=${site.cookies.get("session")}`;
    for (const cookie of [`${planted}; ${own}`, `${own}; ${planted}`]) {
      expect(await (await site.run(look, { cookie })).text()).toBe("victim");
    }
  });

  test("is accepted until maxAge after its session began, and not later", async () => {
    for (const encrypt of [false, true]) {
      const site = siteOf(undefined, { maxAge: 100 }, { maxAge: 100, encrypt, cookie: { prefix: "host" } });
      await site.old.run(logIn);
      const cookie = site.has();
      site.app.pass(100);
      expect(await (await site.run(look, { cookie })).text()).toBe("ann");
      site.app.pass(1);
      expect(await (await site.run(look, { cookie })).text()).toBe("undefined");
    }
  });

  test("is refused when another key has made it, or when it was made for another name", async () => {
    const site = siteOf(undefined, { secretKey: "another key that is long enough too" }, { encrypt: true, cookie: { prefix: "host" } });
    await site.old.run(logIn);
    expect(await (await site.run(look)).text()).toBe("undefined");
    const own = siteOf(undefined, {}, { cookie: { prefix: "host" } });
    await own.old.run(logIn);
    const value = own.cookies.get("session");
    for (const name of ["__Host-session", "__Secure-session"]) {
      expect(await (await own.run(look, { cookie: `${name}=${value}` })).text()).toBe("undefined");
    }
  });

  test("of another program is not cleared", async () => {
    const site = siteOf(undefined, ...toHost);
    const response = await site.run(logIn, { cookie: "session=of another program; __Secure-session=too" });
    expect(setCookies(response).map((line) => line.split("=")[0])).toEqual(["__Host-session"]);
    const end = await site.run(logOut, { cookie: "session=of another program; __Secure-session=too" });
    expect(setCookies(end).map((line) => line.split("=")[0])).toEqual(["__Host-session"]);
  });

  test("stays if the response is not shown, and if an unexpected error drops the new cookie", async () => {
    const site = siteOf(undefined, ...toHost);
    await site.old.run(logIn);
    expect(setCookies(await site.run(look, { method: "HEAD" }))).toEqual([]);
    const failed = await site.run(async (_store, session) => {
      (await session()).set("user", "changed");
      throw new Error("oh");
    });
    expect([failed.status, setCookies(failed)]).toEqual([500, []]);
    const refused = await site.run(async (store, session) => {
      (await session()).set("user", "changed");
      (await store.getSession("second")).set("much", "x".repeat(5000));
    });
    expect([refused.status, setCookies(refused)]).toEqual([500, []]);
    expect(await (await site.run(look)).text()).toBe("ann");
  });

  test("stays when the new one is saved by an explicit commit, which an error cannot undo: both lines are sent", async () => {
    const site = siteOf(undefined, ...toHost);
    await site.old.run(logIn);
    await site.run(async (_store, session) => {
      (await session()).set("user", "changed");
      await (await session()).commit();
      throw new Error("oh");
    });
    expect(site.has()).toMatch(/^__Host-session=[^;]*$/);
    expect(await (await site.run(look)).text()).toBe("changed");
  });

  test("is cleared with each domain and path that it may have", async () => {
    const site = siteOf(undefined, ...toHost);
    await site.old.run(logIn);
    const lines = setCookies(await site.run(look)).filter((line) => line.startsWith("session="));
    const places = lines.map((line) => [/Domain=([^;]*)/.exec(line)?.[1] ?? "", line.includes("Partitioned"), line.includes("Max-Age=0")]);
    expect(places).toEqual([
      ["", false, true],
      ["www.example.org", false, true],
      ["example.org", false, true],
      ["", true, true],
      ["www.example.org", true, true],
      ["example.org", true, true],
    ]);
  });
});

describe("a secure cookie", () => {
  test.each(changes.slice(0, 8))(
    "when %s is still read, and replaced and cleared with the new one",
    async (_title, before, after, form) => {
      const site = siteOf(undefined, before, after);
      await site.old.run((store) => store.setSecureCookie("pass", { who: "ann" }));
      const read: Work = (store) => text(JSON.stringify(store.getSecureCookie("pass") ?? null));
      expect(await (await site.run(read)).text()).toBe('{"who":"ann"}');
      await site.run((store) => store.setSecureCookie("pass", { who: "bob" }));
      expect(site.has().replace("pass=", "session=")).toMatch(form);
      expect(await (await site.run(read)).text()).toBe('{"who":"bob"}');
      await site.old.run((store) => store.setSecureCookie("pass", { who: "ann" }));
      await site.run((store) => store.deleteSecureCookie("pass"));
      expect(site.has()).toBe("");
    },
  );

  test("of an old name or form is accepted as long as a session, unless the call has a maxAge", async () => {
    for (const after of [{ encrypt: true }, { cookie: { prefix: "host" } }] as const) {
      const site = siteOf(undefined, {}, { maxAge: 100, ...after });
      await site.old.run((store) => store.setSecureCookie("pass", { who: "ann" }));
      const read = (maxAge?: number) => site.run((store) => text(String(store.getSecureCookie("pass", { maxAge })?.["who"])));
      site.app.pass(101);
      expect([await (await read()).text(), await (await read(1000)).text()]).toEqual(["undefined", "ann"]);
    }
  });
});
