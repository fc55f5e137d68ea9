import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { SqliteBackend } from "@mini/session/sqlite";
import { expect, test } from "vitest";
import { processesOf, resultOf } from "../support/processes.ts";
import { sessionApp, type AnyData, type Work } from "../support/session-app.ts";
import type { Answered, Filled, Held, State, Task } from "../support/session-process.ts";
import { openSqlite, sqlitePath } from "../support/sqlite.ts";

const { start, startLimited, tell: tellWith } = processesOf<Task>("session-process.ts");
const tell = async <Result>(child: ChildProcess, task: Task) => resultOf(await tellWith<Result>(child, task));

/** Has a process change a session until it is killed in the midst of it; the numbers of the changes that it says were answered. */
async function streamUntilKilled(child: ChildProcess, cookie: string, first: number, enough: number): Promise<readonly number[]> {
  let output = "";
  const said = new Promise<void>((resolve) => {
    child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (output.split("\n").length > enough) resolve();
    });
  });
  child.send({ task: "stream", cookie, first } satisfies Task);
  await said;
  child.kill("SIGKILL");
  await once(child, "close");
  return output.slice(0, output.lastIndexOf("\n")).split("\n").map(Number);
}

test("changes that were answered survive kill -9 of their process, and other processes continue with the session", async () => {
  const path = sqlitePath();
  const [steady, ...victims] = (await Promise.all([0, 1, 2, 3].map(() => start("sqlite", path)))) as [ChildProcess, ...ChildProcess[]];
  const profile = { name: "Zoë", roles: ["admin", "editor"] };
  const cookie = await tell<string>(steady, { task: "begin", data: { profile, list: [], count: 0 } });
  const all: number[] = [];
  let changed = 0;
  for (const [round, victim] of victims.entries()) {
    const first = round * 100_000;
    await tell(steady, { task: "keepWriting", cookie, name: "steady" });
    const said = await streamUntilKilled(victim, cookie, first, 40);
    const written = await tell<readonly Answered[]>(steady, { task: "stopWriting" });
    changed += written.length;

    const { live, data } = await tell<Held>(steady, { task: "read", cookie });
    const { count, list, steady: last, profile: kept, ...keys } = data as AnyData & { readonly list: readonly number[] };
    const inRound = list.filter((number) => number >= first);
    expect(said.length).toBeGreaterThanOrEqual(40);
    expect(said.filter((number) => !inRound.includes(number))).toEqual([]);
    // Each of the four chains of requests may have had one that was committed, and not answered.
    expect(inRound.length - said.length).toBeLessThanOrEqual(4);
    for (const chain of [0, 1, 2, 3]) {
      const from = first + chain * 10_000;
      const numbers = inRound.filter((number) => number >= from && number < from + 10_000);
      expect(numbers, `chain ${chain} in round ${round}`).toEqual(Array.from({ length: numbers.length }, (_, index) => from + index));
    }
    all.push(...inRound);
    expect(live).toBe(true);
    expect(list).toEqual(all);
    expect(keys).toEqual(Object.fromEntries(list.map((number) => [`k${number}`, 1])));
    expect(count).toBe(list.length + changed);
    expect([kept, typeof last]).toEqual([profile, "number"]);
    expect(written.filter(({ status, setCookies }) => status !== 200 || setCookies.length > 0)).toEqual([]);
  }
  expect(await tell<State>(steady, { task: "state" })).toEqual({ logged: [], unhandled: 0 });
});

test("on a full disk a change in SQLite is answered 503 and keeps the cookie; requests that do not write succeed", async () => {
  const path = sqlitePath();
  const child = await startLimited(6400, "sqlite", path);
  const cookie = await tell<string>(child, { task: "begin", data: { user: 42 } });
  const { kept, refused } = await tell<Filled>(child, { task: "fill", size: 1000, refused: 40 });
  // They fill their pages by thirds now. A longer one needs room that is not there.
  const grown = await tell<readonly Answered[]>(child, { task: "grow", cookies: kept, size: 1500, refused: 10 });
  const failed = [...refused, ...grown.filter(({ status }) => status !== 200)];
  expect(kept.length).toBeGreaterThan(100);
  expect(failed.length).toBeGreaterThanOrEqual(50);
  for (const { status, retryAfter, setCookies } of failed) {
    expect({ status, retryAfter, setCookies }).toEqual({ status: 503, retryAfter: "1", setCookies: [] });
  }
  expect(grown.filter(({ live }) => !live)).toEqual([]);
  expect(await tell<Held>(child, { task: "read", cookie })).toEqual({ live: true, data: { user: 42 }, messages: [] });
  expect(await tell<number>(child, { task: "elsewhere", cookie })).toBe(200);
  const { logged, unhandled } = await tell<State>(child, { task: "state" });
  expect(unhandled).toBe(0);
  expect(logged.filter((line) => !/Cannot write to SQLite: the disk is full|disk I\/O error/.test(line))).toEqual([]);

  // Removing needs room as well, and may have none. Whoever logs out is logged out in his browser at least.
  const ended = await tell<Answered>(child, { task: "end", cookie });
  expect([200, 503]).toContain(ended.status);
  expect(ended.setCookies).toEqual([expect.stringMatching(/^session=; .*Max-Age=0/)]);

  child.kill("SIGKILL");
  await once(child, "close");
  const database = openSqlite(path);
  const backend = new SqliteBackend({ database });
  const { run, browser } = sessionApp({ backend, now: Date.now });
  const lengths: unknown[] = [];
  for (const each of kept) {
    const look: Work = async (_store, session) => void lengths.push(String((await session()).get("text")).length);
    await run(look, { headers: { cookie: each }, client: browser() });
  }
  expect(lengths).toEqual(kept.map((_, index) => (grown[index]?.status === 200 ? 1500 : 1000)));
  database.close();
});
