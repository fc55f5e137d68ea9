import { ConfigError } from "@mini/core";
import { MemoryBackend, SessionCommittedError, type SessionStore } from "@mini/session";
import { describe, expect, test } from "vitest";
import { watchRejections } from "../support/outage-app.ts";
import { sessionApp, type AnyData } from "../support/session-app.ts";
import { begun, dataOf, makeSessions, silent } from "../support/visits.ts";

// Changes that come too late for a response to report their failure, and those of programs without a response. Their promises do not
// end the process when no code awaits them, so their failures are logged.

watchRejections();

/** Sessions in memory, and the errors that they have logged. */
function logging(config: Parameters<typeof makeSessions>[0] = {}) {
  const logged: string[] = [];
  const sessions = makeSessions({
    backend: new MemoryBackend(),
    ...config,
    logger: { ...silent, error: (line: string) => void logged.push(line) },
  });
  return { sessions, logged };
}

describe("after the head of the response, a change whose promise no code awaits is logged:", () => {
  test.each<[string, (store: SessionStore) => unknown, string]>([
    ["setSession()", (store) => store.setSession(undefined, { b: 1 }), "Cannot clear the session"],
    ["setSession() of another session", (store) => store.setSession("other", { b: 1 }), 'Cannot load the session "other"'],
    ["deleteSession()", (store) => store.deleteSession(), 'Cannot delete the session "session"'],
    ["revoke()", (store) => store.revoke("user:1", "handle"), "Cannot look for the sessions of an owner"],
    ["revokeOthers()", (store) => store.revokeOthers("user:1"), "Cannot look for the sessions of an owner"],
    ["revokeAll()", (store) => store.revokeAll("user:1"), "Cannot look for the sessions of an owner"],
    [
      "new options of getSession()",
      (store) => store.getSession(undefined, { maxAge: 60 }),
      'Cannot change the options of the session "session"',
    ],
  ])("%s", async (_title, change, line) => {
    const app = sessionApp({ backend: new MemoryBackend(), now: Date.now });
    await app.run(async (_store, session) => (await session()).set("a", 1));
    let late: SessionStore | undefined;
    await app.run(async (store, session) => {
      await session();
      late = store;
    });
    void change(late!);
    await app.settle();
    expect(app.logged).toEqual([expect.stringContaining(`${line}: the response has begun`)]);
    expect(await app.data()).toEqual({ a: 1 });
  });
});

test("after the head of the response, options of a session are refused unless it has them already", async () => {
  const app = sessionApp({ backend: new MemoryBackend(), now: Date.now, maxAge: 100 });
  let late: SessionStore | undefined;
  await app.run(async (store) => {
    (await store.getSession<AnyData>(undefined, { maxAge: 60, cookie: { maxAge: 60 } })).set("a", 1);
  });
  await app.run(async (store, session) => {
    await session();
    late = store;
  });
  const same = { maxAge: 60, cookie: { maxAge: 60 } };
  expect((await late!.getSession<AnyData>(undefined, same)).get("a")).toBe(1);
  expect(late!.updateSessionOptions(undefined, same)).toBe(true);
  expect(() => late!.updateSessionOptions(undefined, { maxAge: 61 })).toThrow(SessionCommittedError);
  // An option that is unset is a change, because the configured value would apply again.
  expect(() => late!.updateSessionOptions(undefined, { maxAge: undefined })).toThrow(SessionCommittedError);
  await expect(late!.getSession(undefined, { cookie: { path: "/a" } })).rejects.toThrow(SessionCommittedError);
});

test("a commit of a visit that fails is logged, also when no code awaits it", async () => {
  const { sessions, logged } = logging();
  const cookie = await begun(sessions, { list: [] });
  const visit = sessions.visit(new Request("http://localhost/", { headers: { cookie } }));
  (await visit.getSession<{ list: unknown[] }>()).get("list")!.push(1n);
  void visit.commit();
  await expect.poll(() => logged).toEqual([expect.stringContaining('Cannot keep "list" in the session: it is or contains a bigint')]);
  expect(await dataOf(sessions, cookie)).toEqual({ list: [] });
});

test("a revocation outside of a request that cannot be made is logged once, also when no code awaits it", async () => {
  const without = logging({ backend: "securecookie" });
  void without.sessions.revokeAll("user:1");
  void without.sessions.revoke("user:1", "handle");
  await expect(without.sessions.list("user:1")).rejects.toThrow(ConfigError);
  expect(without.logged).toEqual(Array(2).fill(expect.stringContaining("Cannot look for the sessions of an owner")));

  const backend = new MemoryBackend();
  backend.owners.bump = () => Promise.reject(new Error("down"));
  const down = logging({ backend });
  void down.sessions.revokeAll("user:1");
  await expect(down.sessions.revokeAll("user:1")).rejects.toMatchObject({ code: "MINI_SESSION_UNAVAILABLE" });
  expect(down.logged).toEqual(Array(2).fill("Cannot revoke sessions: down"));
});
