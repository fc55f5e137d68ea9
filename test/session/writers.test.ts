import type { ChildProcess } from "node:child_process";
import { PostgresBackend } from "@mini/session/postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { contradictions, type SessionWrite } from "../support/history.ts";
import { memcachedServer, sharedMemcached } from "../support/memcached-server.ts";
import { findPostgresUrl, newTable, openPool } from "../support/postgres.ts";
import { processes } from "../support/long-run.ts";
import { processesOf, resultOf } from "../support/processes.ts";
import { redisServer, sharedRedis, type SharedRedis } from "../support/redis.ts";
import type { Answered, Held, State, Task } from "../support/session-process.ts";
import { need } from "../support/skip.ts";
import { openSqlite, sqlitePath } from "../support/sqlite.ts";

const { start, tell: tellWith } = processesOf<Task>("session-process.ts");
const tell = async <Result>(child: ChildProcess, task: Task) => resultOf(await tellWith<Result>(child, task));

describe("the checker of histories", () => {
  const write = (number: number, [from, loaded, end]: readonly [number, number, number], count: number, listed = count, keys = count) =>
    ({ number, start: from, loaded, end, saw: { count, listed, keys } }) satisfies SessionWrite;
  const one = write(1, [0, 1, 3], 0);
  test.each([
    ["accepts one after the other", [1, 2], [one, write(2, [4, 5, 6], 1)], []],
    ["accepts that one who began earlier was not seen", [1, 2], [one, write(2, [2, 2, 6], 0)], []],
    ["finds a lost write", [2], [one, write(2, [4, 5, 6], 0)], ["1 is not there"]],
    ["finds a stale load", [1, 2], [one, write(2, [4, 5, 6], 0)], ["2 did not see 1, which had been answered"]],
    ["finds a wrong order", [2, 1], [one, write(2, [4, 5, 6], 0)], ["2 did not see 1, which had been answered"]],
    ["finds parts of several commits", [1, 2], [one, write(2, [4, 5, 6], 1, 0)], ["2 saw parts of several commits"]],
    ["finds a key too many", [1, 2], [one, write(2, [4, 5, 6], 1, 1, 2)], ["2 saw parts of several commits"]],
    ["finds who saw itself", [1], [write(1, [0, 1, 3], 1)], ["1 saw itself, or one after it"]],
    ["finds who saw the future", [2, 1], [write(1, [0, 1, 6], 1), write(2, [2, 3, 4], 0)], ["1 saw 2, which had not begun"]],
  ])("%s", (_title, list, writes, expected) => {
    expect(contradictions(list, writes)).toEqual(expected);
  });
});

interface Place {
  readonly name: string;
  /** What a process is told to use. */
  readonly args: readonly string[];
  /** Where the newest is read at once, if not there. */
  readonly truth?: readonly string[];
  /** How many sessions there are. */
  readonly records: () => Promise<number>;
}

function sqlitePlace(): Place {
  const path = sqlitePath();
  const database = openSqlite(path);
  afterAll(() => void database.close());
  return {
    name: "SQLite",
    args: ["sqlite", path],
    records: async () => database.prepare("SELECT key FROM mini_sessions").all().length,
  };
}

const redis = await sharedRedis();
need(redisServer, redis);
const postgresUrl = await findPostgresUrl();
need("Postgres", postgresUrl);
const memcached = await sharedMemcached();
need(memcachedServer, memcached);

function redisPlace({ url, client, prefix }: SharedRedis, kind: "redis" | "ioredis" | "iovalkey"): Place {
  const own = prefix();
  const name = kind === "redis" ? "Redis" : `Redis by ${kind}`;
  return { name, args: [kind, url, own], records: async () => (await client.keys(`${own}*`)).length };
}

function postgresPlaces(url: string): readonly Place[] {
  const pool = openPool(url);
  const table = newTable(pool);
  beforeAll(() => new PostgresBackend({ pool, table }).createTable());
  const records = async () => (await pool.query(`SELECT FROM "${table}"`)).rowCount ?? 0;
  const plain: Place = { name: "Postgres", args: ["postgres", url, table], records };
  if (memcached === undefined) return [plain];
  return [plain, { name: "Postgres behind memcached", args: ["cached", url, table, memcached], truth: plain.args, records }];
}

const places = [
  sqlitePlace(),
  ...(redis === undefined ? [] : [redisPlace(redis, "redis"), redisPlace(redis, "ioredis")]),
  ...(redis === undefined || processes === 1 ? [] : [redisPlace(redis, "iovalkey")]),
  ...(postgresUrl === undefined ? [] : postgresPlaces(postgresUrl)),
];

describe.each(places)("sessions of four processes in $name", ({ args, truth, records }) => {
  let children: readonly ChildProcess[] = [];
  let first: ChildProcess;
  /** Processes that see the newest. */
  let witnesses: readonly ChildProcess[] = [];
  beforeAll(async () => {
    children = await Promise.all([0, 1, 2, 3].map(() => start(...args)));
    [first] = children as [ChildProcess];
    witnesses = truth === undefined ? children : [await start(...truth)];
  });
  afterAll(() => {
    for (const child of new Set([...children, ...witnesses])) child.kill("SIGKILL");
  });

  const tellEach = <Result>(told: readonly ChildProcess[], task: (number: number) => Task) =>
    Promise.all(told.map((child, number) => tell<Result>(child, task(number))));
  const states = () => tellEach<State>(children, () => ({ task: "state" }));
  test("that change one session in 200 requests each lose nothing, and one order explains everything that they read", async () => {
    const cookie = await tell<string>(first, { task: "begin", data: { count: 0, list: [] } });
    const each = await tellEach<readonly (SessionWrite & Answered)[]>(children, (number) => {
      return { task: "count", cookie, first: number * 200, times: 200 };
    });
    const writes = each.flat();
    expect(writes.filter(({ status }) => status !== 200)).toEqual([]);
    expect(writes.filter(({ setCookies }) => setCookies.length > 0)).toEqual([]);

    const [held, ...others] = await tellEach<Held>(witnesses, () => ({ task: "read", cookie }));
    for (const other of others) expect(other).toEqual(held);
    const { count, list, ...keys } = held!.data as { readonly count: number; readonly list: readonly number[] };
    const numbers = Array.from({ length: 800 }, (_, number) => number);
    expect(count).toBe(800);
    expect(list.toSorted((a, b) => a - b)).toEqual(numbers);
    expect(keys).toEqual(Object.fromEntries(numbers.map((number) => [`k${number}`, 1])));
    // Of the 80 messages a session keeps the newest 20.
    expect(held!.messages).toEqual(
      list
        .filter((number) => number % 10 === 0)
        .slice(-20)
        .map(String),
    );
    // Behind a cache a load may be late; what it commits is not.
    if (truth === undefined) expect(contradictions(list, writes)).toEqual([]);
    expect(await states()).toEqual(children.map(() => ({ logged: [], unhandled: 0 })));
  });

  test("stay ended when one process ends a session that the others are changing", async () => {
    const before = await records();
    const [, ...writers] = children;
    const cookie = await tell<string>(first, { task: "begin", data: { count: 0 } });
    await tellEach(writers, () => ({ task: "hold", cookie }));
    await tellEach(writers, (number) => ({ task: "keepWriting", cookie, name: `writer${number}` }));
    const ended = await tell<Answered>(first, { task: "end", cookie });
    const released = await tellEach<Answered>(writers, () => ({ task: "release" }));
    const written = (await tellEach<readonly Answered[]>(writers, () => ({ task: "stopWriting" }))).flat();

    expect(ended.status).toBe(200);
    expect(ended.setCookies).toEqual([expect.stringMatching(/^session=; .*Max-Age=0/)]);
    // They had loaded the session before, and are answered as if nothing was.
    expect(released.map(({ live, status, setCookies }) => [live, status, setCookies])).toEqual(writers.map(() => [true, 200, []]));
    expect(written.filter(({ status, setCookies }) => status !== 200 || setCookies.length > 0)).toEqual([]);
    const anonymous = written.filter(({ live }) => !live);
    expect([written.length - anonymous.length, anonymous.length].map((some) => some >= 20)).toEqual([true, true]);
    const seen = truth === undefined ? anonymous.map(({ end }) => end) : [];
    const firstAnonymous = Math.min(ended.end, ...seen);
    expect(written.filter(({ live, start: from }) => live && from > firstAnonymous)).toEqual([]);
    for (const held of await tellEach<Held>(children, () => ({ task: "read", cookie }))) {
      expect(held).toEqual({ live: false, data: {}, messages: [] });
    }
    expect(await records()).toBe(before);
    for (const { logged, unhandled } of await states()) {
      expect(unhandled).toBe(0);
      expect(logged.filter((line) => line !== "A change to a session was dropped: the session had ended in the meantime.")).toEqual([]);
    }
  });

  test.each(truth === undefined ? ["whoever asks for them"] : [])("show 100 messages once each, %s", async () => {
    const [, ...readers] = children;
    const cookie = await tell<string>(first, { task: "begin", data: { kept: 1 } });
    const messages = Array.from({ length: 100 }, (_, number) => `message ${number}`);
    const shown: string[] = [];
    const show = async () => {
      const each = await tellEach<readonly string[]>(readers, () => ({ task: "show", cookie, times: 6 }));
      shown.push(...each.flat());
    };
    // A session keeps 20: ten are there to be shown while the next ten are added.
    await tell(first, { task: "flash", cookie, messages: messages.slice(0, 10) });
    for (let from = 10; from < 100; from += 10) {
      await Promise.all([show(), tell(first, { task: "flash", cookie, messages: messages.slice(from, from + 10) })]);
    }
    await show();
    expect(shown.toSorted()).toEqual(messages.toSorted());
    expect(await tell<Held>(first, { task: "read", cookie })).toEqual({ live: true, data: { kept: 1 }, messages: [] });
  });
});
