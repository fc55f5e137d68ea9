import { text } from "@mini/core";
import { describe, expect, test } from "vitest";
import { SessionIds, Signer } from "../../../packages/session/src/signing/signing.ts";
import { begun, idIn, keyOf, sign, start } from "../../support/server-session-app.ts";
import { secretKey, setCookies, type Work } from "../../support/session-app.ts";

describe("an id", () => {
  const hostile: readonly (readonly [string, string])[] = [
    ["a path", "../x"],
    ["an encoded path", "%2e%2e%2f"],
    ["a NUL", "\0".repeat(43)],
    ["other characters", "é".repeat(43)],
    ["none", ""],
    ["42 characters", "A".repeat(42)],
    ["44 characters", "A".repeat(44)],
    ["2900 characters", "A".repeat(2900)],
    ["bits to spare in the last character", `${"A".repeat(42)}B`],
    ["JSON", '{"user":1}'],
  ];
  test.each(hostile)("that is %s is refused before any call, although it is signed", async (_title, id) => {
    const app = await begun();
    const cookie = `session=${sign("session", id)}`;
    const response = await app.run(async (_store, session) => text(String((await session()).isNew)), {
      client: app.browser(),
      headers: { cookie },
    });
    expect([await response.text(), setCookies(response), app.watched.counted()]).toEqual(["true", [], []]);
  });

  test.each([
    ["unsigned", (id: string) => id],
    ["signed for another cookie", (id: string) => sign("other", id)],
    ["as plain JSON", (id: string) => JSON.stringify({ id })],
    ["signed with another key", (id: string) => new Signer({ secretKeys: ["x".repeat(32)], purpose: "session-id" }).sign("session", id)],
    [
      "signed as a secure cookie",
      (id: string) => new Signer({ secretKeys: [secretKey], purpose: "secure-cookie", now: () => start }).sign("session", id),
    ],
    [
      "signed as a session's data",
      (id: string) => new Signer({ secretKeys: [secretKey], purpose: "session-data", now: () => start }).sign("session", id),
    ],
    ["that is the key it is kept under", (id: string) => sign("session", keyOf(id))],
  ] as const)("%s is not accepted as an id", async (title, forge) => {
    const app = await begun();
    const cookie = `session=${forge(idIn(app))}`;
    const response = await app.run(async (_store, session) => text(String((await session()).isNew)), {
      client: app.browser(),
      headers: { cookie },
    });
    const called = title.startsWith("that is the key") ? ["read"] : [];
    expect([await response.text(), setCookies(response), app.watched.counted()]).toEqual(["true", [], called]);
  });

  test("that is unknown is never adopted: a saved session gets a new id", async () => {
    const app = await begun();
    const id = "A".repeat(43);
    const client = app.browser();
    client.cookies.set("session", sign("session", id), new URL("http://localhost"));
    await app.run(async (_store, session) => (await session()).set("a", 1), { client });
    expect(idIn({ client })).toMatch(/^[\w-]{43}$/);
    expect(idIn({ client })).not.toBe(id);
    expect(app.watched.seen.filter((seen) => seen === keyOf(id))).toEqual([keyOf(id)]);
  });

  test("is accepted only in its cookie", async () => {
    const app = await begun();
    const id = idIn(app);
    const value = app.client.cookies.get("session")!;
    const isNew: Work = async (_store, session) => text(String((await session()).isNew));
    for (const given of [id, value]) {
      const query = `session=${given}&sid=${given}&JSESSIONID=${given}`;
      const headers = { authorization: `Bearer ${given}`, session: given, "x-session-id": given, "set-cookie": `session=${given}` };
      for (const method of ["GET", "POST"]) {
        const asked = { method, path: `/?${query}`, headers, client: app.browser() };
        expect(await (await app.run(isNew, asked)).text()).toBe("true");
      }
    }
    expect(app.watched.counted()).toEqual([]);
    expect(await (await app.run(isNew)).text()).toBe("false");
  });

  test("has 256 random bits from Node, and never repeats", () => {
    const ids = new SessionIds({ secretKeys: [secretKey] });
    const drawn = Array.from({ length: 4000 }, () => ids.draw());
    expect(new Set(drawn.map(({ id }) => id)).size).toBe(4000);
    const bytes = drawn.map(({ id }) => Buffer.from(id, "base64url"));
    expect(new Set(bytes.map(({ length }) => length))).toEqual(new Set([32]));
    expect(drawn.every(({ id, key }) => key === keyOf(id))).toBe(true);
    // Each bit is set in half of them; 1700 and 2300 are more than nine standard deviations away.
    for (let bit = 0; bit < 256; bit++) {
      const set = bytes.filter((id) => (id[bit >> 3]! >> (bit & 7)) & 1).length;
      expect(set).toBeGreaterThan(1700);
      expect(set).toBeLessThan(2300);
    }
  });

  test("of a live session is used even after one of an ended session with the same name", async () => {
    const app = await begun();
    const cookie = `session=${sign("session", "A".repeat(43))}; session=${app.client.cookies.get("session")}`;
    expect(await app.data({ client: app.browser(), headers: { cookie } })).toEqual({ a: 1, list: [1] });
  });

  test("is stored only in its cookie", async () => {
    const app = await begun({ idleTimeout: 100 });
    const ids = new Set([idIn(app)]);
    const works: Work[] = [
      async (_store, session) => text(JSON.stringify([await session(), (await session()).handle])),
      async (_store, session) => (await session()).regenerate({ owner: "user:1" }),
      async (store) => text(JSON.stringify(await store.listSessions("user:1"))),
      async (_store, session) => void ((await session()).get("list") as unknown[]).push(() => {}),
      () => Promise.reject(new Error("no")),
      async (_store, session) => (await session()).set("big", "x".repeat(70_000)),
      (store) => store.deleteSession(),
    ];
    for (const work of works) {
      const response = await app.run(work);
      app.bodies.push(await response.text(), JSON.stringify([...response.headers].filter(([name]) => name !== "set-cookie")));
      if (app.client.cookies.get("session") !== undefined) ids.add(idIn(app));
    }
    await app.settle();
    expect(ids.size).toBe(2);
    const everything = [...app.watched.seen, ...app.logged, ...app.bodies].join("\n");
    expect(everything).toContain(keyOf([...ids][1]!));
    for (const id of ids) {
      expect(everything).not.toContain(id);
      expect(everything).not.toContain(Buffer.from(id).toString("base64url"));
    }
  });
});
