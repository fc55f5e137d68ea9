import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { App, local } from "@mini/core";
import { runInRequest } from "@mini/core/testing";
import { MemoryBackend, type Visit } from "@mini/session";
import { describe, expect, test } from "vitest";
import { begun, dataOf, makeSessions, requestWith } from "../../support/visits.ts";

// The code for sessions in a backend is loaded by `import()`, so it is not there yet in the turn in which sessions are set up.

describe("in the turn in which sessions are set up,", () => {
  /** New sessions of a site that has a session of `user:1` already, as after a restart. */
  async function restarted() {
    const backend = new MemoryBackend();
    const cookie = await begun(makeSessions({ backend }), { n: 1 }, "user:1");
    return { backend, cookie };
  }
  const answer = new Response(null);

  test("a session is read, changed and saved", async () => {
    const { backend, cookie } = await restarted();
    const sessions = makeSessions({ backend });
    const visit = sessions.visit(requestWith(cookie));
    const session = await visit.getSession();
    session.set("n", 2);
    await visit.finish(answer);
    expect(await dataOf(sessions, cookie)).toEqual({ n: 2 });
  });

  test("a new session is begun", async () => {
    const sessions = makeSessions({ backend: new MemoryBackend() });
    const visit = sessions.begin();
    (await visit.getSession()).set("n", 1);
    await visit.commit();
    expect(await sessions.count()).toBe(1);
  });

  test.each<[string, (visit: Visit) => Promise<unknown>]>([
    ["waits for it", async (visit) => visit.deleteSession()],
    ["does not", async (visit) => void visit.deleteSession()],
    ["waits for it after a load", async (visit) => Promise.all([visit.getSession(), visit.deleteSession()])],
  ])("a session is ended, and the next one is empty, when the handler %s", async (_title, end) => {
    const { backend, cookie } = await restarted();
    const sessions = makeSessions({ backend });
    const visit = sessions.visit(requestWith(cookie));
    await end(visit);
    const session = await visit.getSession();
    expect([session.isNew, session.size]).toEqual([true, 0]);
    session.set("n", 3);
    const response = await visit.finish(answer);
    const [next] = response.headers.getSetCookie()[0]!.split(";");
    expect([await sessions.count(), await dataOf(sessions, next!), (await sessions.read(cookie)).isNew]).toEqual([1, { n: 3 }, true]);
  });

  test("sessions of other backends are used", async () => {
    const [backend, other] = [new MemoryBackend(), new MemoryBackend()];
    const sessions = makeSessions({ backend, backends: { other } });
    const visit = sessions.begin();
    (await visit.getSession("elsewhere", { backend: "other" })).set("n", 1);
    await visit.commit();
    expect([await sessions.count(), await makeSessions({ backend: other }).count()]).toEqual([0, 1]);
  });

  test.each<[string, (sessions: ReturnType<typeof makeSessions>) => Promise<unknown>, unknown]>([
    ["counted", (sessions) => sessions.count(), 1],
    ["listed", async (sessions) => (await sessions.all().next()).value?.owner, "user:1"],
    ["listed by owner", async (sessions) => (await sessions.list("user:1")).length, 1],
    ["revoked", (sessions) => sessions.revokeAll("user:1"), 1],
  ])("sessions are %s", async (_title, ask, wanted) => {
    const { backend } = await restarted();
    expect(await ask(makeSessions({ backend }))).toBe(wanted);
  });
});

test("sessions that are set up during a request do not keep it in memory", async () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  const app = new App({ rules: [] });
  const refs: WeakRef<object>[] = [];
  const setUp = () => {
    refs.push(new WeakRef(local.request));
    return makeSessions({ backend: new MemoryBackend() });
  };
  const kept = Array.from({ length: 20 }, () => runInRequest(app, "/", setUp));
  for (const sessions of kept) expect(await sessions.count()).toBe(0);
  // The engine may know the last few. A job that has looked at an object keeps it until it ends.
  const few = 5;
  let left = refs.length;
  for (let i = 0; i < 100 && left > few; i++) {
    collectGarbage();
    await nextTurn();
    left = refs.filter((ref) => ref.deref() !== undefined).length;
    await nextTurn();
  }
  expect(left).toBeLessThanOrEqual(few);
  expect(kept.length).toBe(20);
});
