import { MemoryBackend, type SessionConfig, type Visit } from "@mini/session";
import { importSessions, type OldSession } from "@mini/session/import";
import { describe, expect, test } from "vitest";
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
