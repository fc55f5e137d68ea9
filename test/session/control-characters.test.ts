import { ConfigError, html, text } from "@mini/core";
import { MemoryBackend } from "@mini/session";
import { beforeEach, describe, expect, test } from "vitest";
import { readSettings } from "../../packages/session/src/settings/settings.ts";
import { hostileNames, hostileValues } from "../support/control-characters.ts";
import { FormHook, nameForms, valueForms } from "../support/header-forms.ts";
import { secretKey, sessionApp, setCookies, type Work } from "../support/session-app.ts";
import { WatchedBackend } from "../support/watched-backend.ts";

const backend = new WatchedBackend(new MemoryBackend());
const appOptions = { errorHandlers: { 418: () => html`<p>a page</p>` } };
const { run, logged } = sessionApp({ backend, middleware: [FormHook], appOptions });

/** The status, what was logged, the cookies, and the calls of the backend: a failure leaves nothing of the session. */
async function outcome(work: Work): Promise<readonly unknown[]> {
  const before = logged.length;
  const response = await run(work);
  return [response.status, logged.length - before, setCookies(response), backend.counted()];
}

const failed = [500, 1, [], []];

beforeEach(() => void backend.counted());

describe("a head that cannot be sent commits no session:", () => {
  const forms = [
    ...Object.entries(valueForms).map(([title, form]) => [title, form, hostileValues] as const),
    ...Object.entries(nameForms).map(([title, form]) => [`the name in ${title}`, form, hostileNames] as const),
  ];
  test.each(forms)("%s", async (_title, form, payloads) => {
    // One of each kind: the characters themselves are gone through where no session is in the way.
    for (const payload of payloads.filter((_payload, i) => i % 8 === 1)) {
      const work: Work = async (store, session) => {
        (await session()).set("a", 1);
        store.setSecureCookie("b", { c: 1 });
        return form(payload);
      };
      expect(await outcome(work), JSON.stringify(payload)).toEqual(failed);
    }
  });

  test("a head that can be sent commits it", async () => {
    expect(await outcome(async (_store, session) => void (await session()).set("a", 1))).toEqual([
      200,
      0,
      [expect.stringMatching(/^session=v1\.[\w.-]+; Path=\/; HttpOnly; SameSite=Lax$/)],
      ["create"],
    ]);
  });
});

describe(`none of ${hostileNames.length} hostile names can be the name of a session's cookie:`, () => {
  test("config.session.cookieName", () => {
    for (const cookieName of hostileNames) {
      for (const prefix of [undefined, "host", "secure"] as const) {
        const read = () => readSettings({ secretKey, cookieName, cookie: { prefix } });
        expect(read, JSON.stringify(cookieName)).toThrow(ConfigError);
      }
    }
  });

  test("config.session.cookie", () => {
    for (const value of hostileValues) {
      for (const cookie of [{ domain: value }, { path: `/${value}` }, { sameSite: value as "lax" }, { prefix: value as "host" }]) {
        expect(() => readSettings({ secretKey, cookie }), JSON.stringify(cookie)).toThrow(ConfigError);
      }
    }
  });

  test.each<readonly [string, (name: string) => Work]>([
    ["getSession", (name) => async (store) => void (await store.getSession<{ a: number }>(name)).set("a", 1)],
    ["setSession", (name) => async (store) => store.setSession(name, { a: 1 })],
    ["setSession with a path", (name) => async (store) => store.setSession("cart", { a: 1 }, { cookie: { path: `/${name}\r` } })],
    ["deleteSession", (name) => async (store) => store.deleteSession(name)],
    ["setSecureCookie", (name) => (store) => (store.setSecureCookie(name, { a: 1 }), text(""))],
    ["setSecureCookie with a domain", (name) => (store) => (store.setSecureCookie("a", { a: 1 }, { domain: `${name}\n` }), text(""))],
  ])("%s: a logged 500, and nothing is committed", async (_title, make) => {
    for (const name of hostileNames) expect(await outcome(make(name)), JSON.stringify(name)).toEqual(failed);
  });
});
