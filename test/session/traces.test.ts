import { subscribe, tracingChannel, unsubscribe } from "node:diagnostics_channel";
import {
  MemoryBackend,
  type SessionBackend,
  type SessionBackendMessage,
  type SessionCommitMessage,
  type SessionLoadMessage,
  type SessionRefusedMessage,
  type SessionConfig,
} from "@mini/session";
import { afterEach, describe, expect, test } from "vitest";
import { begun, makeSessions, requestWith } from "../support/visits.ts";

const nothing = () => undefined;
const ends: (() => void)[] = [];
afterEach(() => ends.splice(0).forEach((end) => end()));

/** The messages of a channel, each as it is when its work has ended. */
function watch<Message extends object>(name: string): Message[] {
  const messages: Message[] = [];
  const all = {
    start: nothing,
    end: nothing,
    asyncStart: nothing,
    asyncEnd: (message: Message) => void messages.push(message),
    error: nothing,
  };
  const channel = tracingChannel<Message, Message>(name);
  channel.subscribe(all);
  ends.push(() => channel.unsubscribe(all));
  return messages;
}

async function change(sessions: ReturnType<typeof makeSessions>, cookie: string | undefined, key: string): Promise<void> {
  const visit = sessions.visit(requestWith(cookie ?? ""));
  const session = await visit.getSession();
  session.set(key, 1);
  await visit.finish(new Response("x"));
}

describe.each<[string, Partial<SessionConfig>, string]>([
  ["a cookie", {}, "securecookie"],
  ["a backend", { backend: new MemoryBackend() }, "MemoryBackend"],
])("a session in %s", (_where, settings, backend) => {
  test("reports its load and its commit", async () => {
    const sessions = makeSessions(settings);
    const cookie = await begun(sessions, { a: 1 });
    const loads = watch<SessionLoadMessage>("mini:session.load");
    const commits = watch<SessionCommitMessage>("mini:session.commit");
    await change(sessions, cookie, "b");
    expect(loads).toMatchObject([{ cookieName: "session", backend, isNew: false, keys: ["a"] }]);
    expect(commits).toMatchObject([{ cookieName: "session", backend, isChanged: true, retries: 0 }]);
    expect([commits[0]!.before.data, commits[0]!.after.data]).toEqual([{ a: 1 }, { a: 1, b: 1 }]);
  });

  test("reports that a client sent none", async () => {
    const loads = watch<SessionLoadMessage>("mini:session.load");
    await change(makeSessions(settings), undefined, "a");
    expect(loads).toMatchObject([{ isNew: true, keys: [] }]);
  });
});

test("a commit reports how often another process was first", async () => {
  const memory = new MemoryBackend();
  let lost = 2;
  const backend: SessionBackend = {
    read: async (key) => memory.read(key),
    create: async (key, record) => memory.create(key, record),
    take: async (key) => memory.take(key),
    touch: async (...given) => memory.touch(...given),
    async swap(key, _version, record) {
      const current = (await memory.read(key))!;
      return lost-- > 0 ? { ok: false, current: { ...current, version: `other${lost}` } } : memory.swap(key, current.version, record);
    },
  };
  const sessions = makeSessions({ backend });
  const cookie = await begun(sessions, { a: 1 });
  const commits = watch<SessionCommitMessage>("mini:session.commit");
  await change(sessions, cookie, "b").catch(nothing);
  expect(commits).toMatchObject([{ retries: 2 }]);
});

test("a call to a backend reports its name and what it does", async () => {
  const sessions = makeSessions({ backend: new MemoryBackend() });
  const cookie = await begun(sessions, { a: 1 });
  const work = watch<SessionBackendMessage>("mini:session.backend");
  await change(sessions, cookie, "b");
  expect(work.map((each) => `${each.backend}: ${each.work}`)).toEqual(["MemoryBackend: load a session", "MemoryBackend: commit a session"]);
});

test("a backend without a class, such as an imported module, is called Object", async () => {
  const memory = new MemoryBackend();
  const backend = Object.assign(Object.create(null) as object, {
    read: (key: string) => memory.read(key),
    create: (...given: Parameters<MemoryBackend["create"]>) => memory.create(...given),
    swap: (...given: Parameters<MemoryBackend["swap"]>) => memory.swap(...given),
    touch: (...given: Parameters<MemoryBackend["touch"]>) => memory.touch(...given),
    take: (key: string) => memory.take(key),
  });
  const work = watch<SessionBackendMessage>("mini:session.backend");
  await begun(makeSessions({ backend }), { a: 1 });
  expect(work.map((each) => `${each.backend}: ${each.work}`)).toEqual(["Object: commit a session"]);
});

test("a backend that fails is an error of the load", async () => {
  const fails: SessionBackend = Object.assign(new MemoryBackend(), { read: () => Promise.reject(new Error("down")) });
  const sessions = makeSessions({ backend: fails });
  const cookie = await begun(sessions, { a: 1 });
  const loads = watch<SessionLoadMessage & { error?: unknown }>("mini:session.load");
  await sessions.visit(requestWith(cookie)).getSession().catch(nothing);
  expect(loads).toMatchObject([{ isNew: undefined, error: { code: "MINI_SESSION_UNAVAILABLE" } }]);
});

describe("a refused cookie is reported with the reason:", () => {
  const refusedFor = async (cookie: string, settings: Partial<SessionConfig>) => {
    const refused: SessionRefusedMessage[] = [];
    const listen = (message: unknown) => void refused.push(message as SessionRefusedMessage);
    subscribe("mini:session.refused", listen);
    ends.push(() => unsubscribe("mini:session.refused", listen));
    await makeSessions(settings).visit(requestWith(cookie)).getSession();
    return refused;
  };

  test.each([
    ["session=x", "malformed"],
    [`session=v1.${"a".repeat(40)}.1795910000.${"b".repeat(42)}A`, "forged"],
  ])("%s", async (cookie, reason) => {
    expect(await refusedFor(cookie, {})).toEqual([{ cookieName: "session", reason }]);
  });

  test("a session that has ended", async () => {
    const backend = new MemoryBackend();
    const sessions = makeSessions({ backend });
    const cookie = await begun(sessions, { a: 1 }, "user:1");
    await sessions.revokeAll("user:1");
    expect(await refusedFor(cookie, { backend })).toEqual([{ cookieName: "session", reason: "ended" }]);
  });

  test("a valid one is not reported", async () => {
    const cookie = await begun(makeSessions({}), { a: 1 });
    expect(await refusedFor(cookie, {})).toEqual([]);
  });
});
