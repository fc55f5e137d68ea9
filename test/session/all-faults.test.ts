import { MemoryBackend } from "@mini/session";
import { describe, expect, test } from "vitest";
import { watchRejections } from "../support/outage-app.ts";
import { begun, makeSessions, silent } from "../support/visits.ts";

// Sessions.all() with backends that fail in every place of the iteration.

type Stored = ReturnType<MemoryBackend["all"]>;
type Iteration = Partial<AsyncIterator<unknown>>;

/** Sessions of a backend with two sessions and this iterator, and the log. */
async function listedBy(change: (iterator: AsyncIterator<unknown>) => Iteration | undefined) {
  const logged: string[] = [];
  const backend = new MemoryBackend();
  const note = (line: string) => void logged.push(line);
  const sessions = makeSessions({ backend, deadline: 20, logger: { ...silent, error: note, warn: note } });
  await begun(sessions, { a: 1 });
  await begun(sessions, { a: 2 });
  const iterator = backend.all()[Symbol.asyncIterator]();
  const next = () => iterator.next();
  backend.all = () => ({ [Symbol.asyncIterator]: () => change({ next }) }) as unknown as Stored;
  return { sessions, logged, backend };
}

const fail = () => Promise.reject(new Error("down"));
const never = () => new Promise<never>(() => undefined);
const unavailable = { code: "MINI_SESSION_UNAVAILABLE" };

watchRejections();

describe("a list of all sessions", () => {
  test.each<[string, Iteration, string]>([
    ["fails", { return: fail }, "Cannot end a list of sessions: down"],
    ["does not answer", { return: never }, "Cannot end a list of sessions: the backend has not answered within 20 ms."],
  ])("can be left early when the end of the iteration %s", async (_title, change, line) => {
    const { sessions, logged } = await listedBy((iterator) => ({ ...iterator, ...change }));
    const seen: unknown[] = [];
    for await (const { data } of sessions.all()) {
      seen.push(data);
      break;
    }
    expect([seen, logged]).toEqual([[{ a: 1 }], [line]]);
  });

  test.each<[string, Iteration]>([
    ["fails", { return: fail }],
    ["does not answer", { return: never }],
  ])("reports the failure that came first when the end of the iteration %s too", async (_title, change) => {
    const { sessions, logged } = await listedBy(() => ({ next: fail, ...change }));
    await expect(sessions.all().next()).rejects.toMatchObject(unavailable);
    expect(logged[0]).toBe("Cannot list all sessions: down");
  });

  let given = 0;
  test.each<[string, Iteration | undefined, string]>([
    ["no iterator", undefined, "all() has returned an object instead of an async iterable"],
    ["no result", { next: async () => undefined as never }, "all().next() has returned undefined instead of an object with done and value"],
    [
      "no session",
      { next: async () => ({ done: ++given > 1, value: "hunter2" }) },
      "all().next() has returned a string instead of an array [key, record] as its value",
    ],
  ])("is unavailable when the backend gives %s, and the log says what it gave", async (_title, change, problem) => {
    const { sessions, logged } = await listedBy(() => change);
    await expect(sessions.all().next()).rejects.toMatchObject(unavailable);
    expect(logged[0]).toBe(`Cannot list all sessions: the backend's ${problem}`);
  });

  test.each<[string, unknown]>([
    ["undefined", undefined],
    ["an object of the class Promise", Promise.resolve([])],
  ])("is unavailable when all() returns %s", async (what, listed) => {
    const { sessions, logged, backend } = await listedBy(() => undefined);
    backend.all = () => listed as Stored;
    await expect(sessions.all().next()).rejects.toMatchObject(unavailable);
    expect(logged).toEqual([`Cannot list all sessions: the backend's all() has returned ${what} instead of an async iterable`]);
  });

  test("leaves out what is not a record, with a warning", async () => {
    const { sessions, logged } = await listedBy((iterator) => {
      let calls = 0;
      return { next: () => (++calls === 1 ? Promise.resolve({ done: false, value: ["key", "hunter2"] }) : iterator.next()) };
    });
    const seen: unknown[] = [];
    for await (const { data } of sessions.all()) seen.push(data);
    expect(seen).toEqual([{ a: 1 }, { a: 2 }]);
    expect(logged).toEqual(["A session is treated as ended: the record from the backend's all() is a string instead of an object."]);
  });

  test("is unavailable when the backend throws", async () => {
    const { sessions, backend } = await listedBy(() => undefined);
    backend.all = () => {
      throw new Error("down");
    };
    await expect(sessions.all().next()).rejects.toMatchObject(unavailable);
  });

  test("does not end the process when no code awaits it", async () => {
    const { sessions } = await listedBy(() => ({ next: fail }));
    void sessions.all().next();
    void makeSessions().all().next();
    await expect(sessions.all().next()).rejects.toMatchObject(unavailable);
  });
});
