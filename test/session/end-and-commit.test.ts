import { MemoryBackend, type SessionConfig, type Visit } from "@mini/session";
import { describe, expect, test } from "vitest";
import { begun, cookieOf, dataOf, makeSessions, requestWith, type Data } from "../support/visits.ts";

// deleteSession() that the handler does not await, and a commit() of the next session in the meantime.

const kinds: readonly (readonly [string, () => Partial<SessionConfig>])[] = [
  ["in its cookie", () => ({})],
  ["in a backend", () => ({ backend: new MemoryBackend() })],
];

describe.each(kinds)("a session %s that follows one whose end the handler does not await", (_title, settings) => {
  test.each<[string, (visit: Visit) => Promise<unknown>]>([
    ["was loaded", (visit) => visit.getSession()],
    ["was not loaded", async () => undefined],
  ])("keeps its cookie when it is committed at once, if the first one %s", async (_case, first) => {
    const sessions = makeSessions(settings());
    const cookie = await begun(sessions, { a: 1 });
    const visit = sessions.visit(requestWith(cookie));
    await first(visit);
    void visit.deleteSession();
    const session = await visit.getSession<Data>();
    session.set("b", 2);
    await session.commit();
    const lines = (await visit.finish(new Response(null))).headers.getSetCookie();
    expect(await dataOf(sessions, cookieOf(lines))).toEqual({ b: 2 });
    expect(lines.length).toBe(1);
  });
});

test("the first request of a process may end a session without awaiting it and commit the next one", async () => {
  const backend = new MemoryBackend();
  const cookie = await begun(makeSessions({ backend }), { a: 1 });
  const sessions = makeSessions({ backend });
  const visit = sessions.visit(requestWith(cookie));
  void visit.deleteSession();
  const session = await visit.getSession<Data>();
  session.set("b", 2);
  await session.commit();
  const lines = (await visit.finish(new Response(null))).headers.getSetCookie();
  expect([await dataOf(sessions, cookieOf(lines)), await sessions.count()]).toEqual([{ b: 2 }, 1]);
});
