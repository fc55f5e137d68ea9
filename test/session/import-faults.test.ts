import { createHmac } from "node:crypto";
import { MemoryBackend, type SessionConfig, type Visit } from "@mini/session";
import { importExpressSession, importSessions, type ExpressStoreLike, type OldSession } from "@mini/session/import";
import { describe, expect, test } from "vitest";
import { gate } from "../support/session-app.ts";
import { watchRejections } from "../support/outage-app.ts";
import { cookieOf, dataOf, makeSessions, requestWith, type Data } from "../support/visits.ts";

const importing = (old: OldSession, settings: Partial<SessionConfig> = {}) =>
  makeSessions({ import: importSessions({ cookieNames: ["old"], read: () => old }), ...settings });

describe("a log-out whose old session cannot be removed is answered 503 and clears the cookies", () => {
  test.each<[string, () => Promise<void>]>([
    ["fails", () => Promise.reject(new Error("down"))],
    ["does not answer", () => new Promise(() => undefined)],
    [
      "throws",
      () => {
        throw new Error("down");
      },
    ],
  ])("when the store %s, whether the session was loaded or not", async (_title, forget) => {
    const sessions = importing({ data: { a: 1 }, forget }, { backend: new MemoryBackend(), deadline: 20 });
    const logOut = async (visit: Visit) => {
      await visit.deleteSession();
      return new Response(null);
    };
    const cleared = ["session", "old"].map((name) => expect.stringMatching(new RegExp(`^${name}=; Max-Age=0;`)));
    for (const work of [logOut, async (visit: Visit) => visit.getSession().then(() => logOut(visit))]) {
      const response = await sessions.run(requestWith("old=1"), work);
      expect([response.status, response.headers.getSetCookie()]).toEqual([503, cleared]);
    }
  });

  test("and its old session is removed once", async () => {
    const calls: boolean[] = [];
    const sessions = importing({ data: { a: 1 }, forget: async (hasEnded) => void calls.push(hasEnded) });
    await sessions.run(requestWith("old=1"), async (visit) => {
      await visit.getSession();
      await visit.deleteSession();
      return new Response(null);
    });
    expect(calls).toEqual([true]);
  });
});

describe("an imported session", () => {
  test("shows messages and forms of the same request", async () => {
    const response = await importing({ data: {} }).run(requestWith("old=1"), async (visit) => {
      const session = await visit.getSession();
      session.flash("hello");
      session.keepForm({ toJSON: () => ({ fields: [["name", "Ada"]], problems: [] }) });
      const messages = await session.getFlashes();
      const { fields } = (await session.keptForm()).toJSON();
      return Response.json([messages, fields, session.peekFlashes()]);
    });
    expect(await response.json()).toEqual([[{ message: "hello", level: "info" }], [["name", "Ada"]], []]);
  });

  test("has values of JSON, and none of the store's own objects", async () => {
    const data = { when: new Date(0), none: undefined, list: [1] };
    const sessions = importing({ data });
    const response = await sessions.run(requestWith("old=1"), async (visit) => {
      const session = await visit.getSession<Data>();
      data.list.push(2);
      return Response.json([session.size, session.toJSON()]);
    });
    const wanted = { when: "1970-01-01T00:00:00.000Z", list: [1] };
    expect(await response.json()).toEqual([2, wanted]);
    expect(await dataOf(sessions, cookieOf(response.headers.getSetCookie().slice(0, 1)))).toEqual(wanted);
  });

  test.each<[string, unknown]>([
    ["an array", [1]],
    ["a string", "a"],
    ["nothing", undefined],
    ["a Map", new Map([["a", 1]])],
    ["a bigint inside", { a: 1n }],
  ])("whose values are %s is refused", async (_title, data) => {
    const logged: string[] = [];
    const logger = { error: (line: string) => void logged.push(line), warn() {}, info() {}, debug() {} };
    const response = await importing({ data } as OldSession, { logger }).run(requestWith("old=1"), async (visit) => {
      return Response.json((await visit.getSession()).toJSON());
    });
    expect([response.status, logged]).toEqual([503, [expect.stringMatching(/^Cannot import a session: .*(plain object|BigInt)/)]]);
  });
});

describe("a log-out from a session in the store of another library", () => {
  const secret = "an old secret";
  const cookie = `connect.sid=s%3Aid.${encodeURIComponent(createHmac("sha256", secret).update("id").digest("base64").replace(/=+$/, ""))}`;

  /** Sessions that are imported from a store with one session. `held`: called before each change of the store. */
  function site(held: () => Promise<void> = async () => undefined, changed: Partial<ExpressStoreLike> = {}) {
    const stored = new Map<string, unknown>([["id", { a: 1, cookie: {} }]]);
    const store: ExpressStoreLike = {
      get: (id, done) => void done(null, stored.get(id)),
      set: (id, session, done) => void held().then(() => done(stored.set(id, session) && null)),
      destroy: (id, done) => void done(stored.delete(id) && null),
      ...changed,
    };
    return { stored, sessions: makeSessions({ backend: new MemoryBackend(), import: importExpressSession({ secret, store }) }) };
  }
  const answer = () => new Response(null);

  test("is not undone by a request that loaded the session before", async () => {
    const { stored, sessions } = site();
    const slow = sessions.visit(requestWith(cookie));
    (await slow.getSession<Data>()).set("b", 2);
    const end = sessions.visit(requestWith(cookie));
    await end.deleteSession();
    await end.finish(answer());
    expect((await slow.finish(answer())).headers.getSetCookie()).toEqual([]);
    expect([[...stored.keys()], await sessions.count()]).toEqual([[], 0]);
  });

  test("is not undone by the slow write that an import leaves behind", async () => {
    const written = gate();
    const { stored, sessions } = site(() => written.opened);
    const first = sessions.visit(requestWith(cookie));
    await first.getSession();
    const own = cookieOf((await first.finish(answer())).headers.getSetCookie().slice(0, 1));
    const end = sessions.visit(requestWith(`${own}; ${cookie}`));
    const ending = end.deleteSession();
    await new Promise(setImmediate);
    written.open();
    await ending;
    expect([...stored.keys()]).toEqual([]);
  });

  test("does not keep a log-in of a slow request from a session of its own, without the old values", async () => {
    const { sessions, stored } = site();
    const slow = sessions.visit(requestWith(cookie));
    const session = await slow.getSession<Data>();
    session.set("b", 2);
    session.regenerate({ owner: "user:1" });
    stored.clear();
    const own = cookieOf((await slow.finish(answer())).headers.getSetCookie().slice(0, 1));
    expect(await dataOf(sessions, own)).toEqual({ b: 2 });
  });

  describe("or any use, when an asynchronous method of the store fails without calling back,", () => {
    watchRejections();

    test("is answered 503", async () => {
      const { sessions } = site(undefined, { get: () => Promise.reject(new Error("down")) });
      const response = await sessions.run(requestWith(cookie), async (visit) => Response.json((await visit.getSession()).size));
      expect(response.status).toBe(503);
    });
  });
});
