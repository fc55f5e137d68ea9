import { execFileSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { ConfigError } from "@mini/core";
import type { OwnerIndex, SessionBackend } from "@mini/session";
import { LmdbBackend } from "@mini/session/lmdb";
import { SqliteBackend } from "@mini/session/sqlite";
import { open as openLmdb } from "lmdb";
import { beforeAll, describe, expect, test } from "vitest";
import { keyOf, recordFor } from "../../support/backends.ts";
import type { Filled, Step, Task } from "../../support/embedded-process.ts";
import { root as repository, temporaryFolder } from "../../support/folder.ts";
import { env, processesOf, programOf, resultOf } from "../../support/processes.ts";
import { openSqlite, sqlitePath } from "../../support/sqlite.ts";

const { start, startLimited, tell } = processesOf<Task>("embedded-process.ts");

/** A backend in a file that a process of ours has used, and what is in the file besides. */
interface Opened {
  readonly backend: SessionBackend & { readonly owners: OwnerIndex };
  /** Keys of records that prune would never find, and the other way round. */
  readonly leftHalf: () => readonly string[];
  readonly close: () => Promise<void>;
}

function openLmdbFile(path: string): Opened {
  const root = openLmdb({ path, overlappingSync: false });
  const leftHalf = () => {
    const database = root.openDB<Uint8Array, Uint8Array>({ name: "sessions", encoding: "binary", keyEncoding: "binary" });
    const keys = [...database.getKeys()].map((key) => Buffer.from(key).toString("latin1"));
    const records = new Set(keys.flatMap((key) => (key.startsWith("r") ? [key.slice(1)] : [])));
    const timed = new Set(keys.flatMap((key) => (key.startsWith("x") ? [key.slice(9)] : [])));
    return [...[...records].filter((key) => !timed.has(key)), ...[...timed].filter((key) => !records.has(key))];
  };
  return { backend: new LmdbBackend({ root }), leftHalf, close: () => root.close() };
}

function openSqliteFile(path: string): Opened {
  const database = openSqlite(path);
  const leftHalf = () =>
    database
      .prepare("PRAGMA integrity_check")
      .all()
      .map((row) => Object.values(row as object).join())
      .filter((line) => line !== "ok");
  return { backend: new SqliteBackend({ database }), leftHalf, close: async () => void database.close() };
}

const kinds = [
  { kind: "sqlite", path: sqlitePath, open: openSqliteFile },
  { kind: "lmdb", path: () => temporaryFolder(), open: openLmdbFile },
];

describe("four processes on one SQLite file", () => {
  const path = sqlitePath();
  const { backend } = openSqliteFile(path);
  let children: readonly ChildProcess[] = [];
  beforeAll(async () => {
    children = await Promise.all([0, 1, 2, 3].map(() => start("sqlite", path)));
  });
  const tellAll = <Result>(task: Task) => Promise.all(children.map(async (child) => resultOf(await tell<Result>(child, task))));

  test("that count in one record, each 200 times, lose nothing, and one order explains everything that they read", async () => {
    const first = (await backend.create(keyOf("counter"), recordFor(Date.now(), 3600, "0"))) ?? "";
    const steps = (await tellAll<readonly Step[]>({ task: "increment", key: keyOf("counter"), count: 200 })).flat();
    const found = await backend.read(keyOf("counter"));
    expect(Buffer.from(found?.data ?? []).toString()).toBe("800");
    const order = orderOf(first, steps);
    expect(order).toHaveLength(801);
    expect(order.at(-1)?.version).toBe(found?.version);
    expect(contradictions(order, steps)).toEqual([]);
  });

  test("that take the same records get each of them once", async () => {
    const keys = Array.from({ length: 100 }, (_, index) => keyOf(`take${index}`));
    await Promise.all(keys.map((key) => backend.create(key, recordFor(Date.now(), 3600))));
    const taken = await tellAll<readonly string[]>({ task: "take", keys });
    expect(taken.flat().toSorted()).toEqual(keys.toSorted());
  });

  test("that bump one owner's epoch get every number once", async () => {
    const epochs = await tellAll<readonly number[]>({ task: "bump", owner: "user:1", count: 50 });
    expect(epochs.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
    expect(await backend.owners.epoch("user:1")).toBe(200);
  });
});

test("what another process has committed is read at once from SQLite, within one turn too", async () => {
  const path = sqlitePath();
  const { backend, close } = openSqliteFile(path);
  await backend.owners.add("user:1", keyOf("one"));
  await backend.create(keyOf("one"), recordFor(Date.now(), 3600));
  const takeElsewhere = () => {
    const task: Task = { task: "take", keys: [keyOf("one")] };
    const args = [programOf("embedded-process.ts"), "sqlite", path, JSON.stringify(task)];
    return execFileSync(process.execPath, args, { cwd: repository, env, encoding: "utf8" });
  };
  const before = [backend.read(keyOf("one")), backend.owners.keys("user:1")];
  const taken = takeElsewhere();
  const after = [backend.read(keyOf("one")), backend.owners.keys("user:1")];
  expect(await Promise.all(before)).toEqual([expect.objectContaining({ version: expect.any(String) as string }), [keyOf("one")]]);
  expect(JSON.parse(taken)).toEqual([keyOf("one")]);
  expect(await Promise.all(after)).toEqual([undefined, []]);
  await close();
});

/** A version, from when to when it may have been the newest. */
interface Newest {
  readonly version: string;
  readonly from: number;
  until: number;
}

/** The versions one after the other: each was swapped over once, by the next. */
function orderOf(first: string, steps: readonly Step[]): readonly Newest[] {
  const swaps = steps.filter(({ wrote }) => wrote !== undefined);
  const byOver = new Map(swaps.map((step) => [step.over, step]));
  expect(byOver.size, "versions that were swapped over").toBe(swaps.length);
  const order: Newest[] = [{ version: first, from: 0, until: Infinity }];
  for (let step = byOver.get(first); step !== undefined; step = byOver.get(step.wrote)) {
    order.at(-1)!.until = step.end;
    order.push({ version: step.wrote ?? "", from: step.start, until: Infinity });
  }
  return order;
}

/** What cannot have been seen when it was: versions that were not there yet, or no longer. */
function contradictions(order: readonly Newest[], steps: readonly Step[]): readonly Step[] {
  const byVersion = new Map(order.map((newest) => [newest.version, newest]));
  return steps.filter(({ saw, over, wrote, start: from, end }) => {
    const newest = byVersion.get((wrote === undefined ? saw : over) ?? "");
    return newest === undefined || newest.from > end || newest.until < from;
  });
}

describe.each(kinds)("a file of $kind", ({ kind, path: newPath, open }) => {
  test("has every confirmed change after kill -9 in the middle of writing, and the next process goes on", async () => {
    const path = newPath();
    const next = keyOf("afterwards");
    for (const round of [1, 2, 3]) {
      const child = await start(kind, path);
      let output = "";
      const enough = new Promise<void>((resolve) => {
        child.stdout?.setEncoding("utf8").on("data", (text: string) => {
          output += text;
          if (output.length > 20_000) resolve();
        });
      });
      child.send({ task: "stream" } satisfies Task);
      await enough;
      child.kill("SIGKILL");
      await once(child, "close");

      const { backend, leftHalf, close } = open(path);
      const lines = output.slice(0, output.lastIndexOf("\n")).split("\n");
      const created = lines.flatMap((line) => (line.startsWith("created ") ? [line.slice(8)] : []));
      const counted = lines.filter((line) => line.startsWith("counted ")).length;
      expect(created.length).toBeGreaterThan(100);
      const found = await Promise.all(created.map((key) => backend.read(key)));
      expect(created.filter((key, index) => Buffer.from(found[index]?.data ?? []).toString() !== key)).toEqual([]);
      const counter = await backend.take(keyOf("counter"));
      expect([counted, counted + 1]).toContain(Number(Buffer.from(counter?.data ?? []).toString()));
      expect(await backend.create(next, recordFor(Date.now(), 3600))).toBeTypeOf("string");
      await backend.take(next);
      // Those that were on their way are whole, or not there at all.
      expect(leftHalf(), `in round ${round}`).toEqual([]);
      await Promise.all(created.map((key) => backend.take(key)));
      for (let index = created.length; index < created.length + 16; index++) await backend.take(keyOf(index));
      await close();
    }
  });
});

test("on a full disk SQLite rejects writes with the reason, the process goes on, and existing data is complete", async () => {
  const path = sqlitePath();
  const fullDisk = /^Error: (?:Cannot write to SQLite: the disk is full\.|disk I\/O error)/;
  const child = await startLimited(6400, "sqlite", path);
  const { kept, refused, messages, unhandled } = resultOf(await tell<Filled>(child, { task: "fill", size: 1500 }));
  expect(unhandled).toBe(0);
  expect(kept.length).toBeGreaterThan(100);
  expect(refused.length).toBeGreaterThanOrEqual(40);
  for (const message of messages) expect(message).toMatch(fullDisk);
  // It still answers. Removing needs room as well, and there may be none.
  const [first = ""] = kept;
  const answer = await tell<readonly string[]>(child, { task: "take", keys: [first] });
  if (answer.error === undefined) expect(answer.result).toEqual([first]);
  else expect(answer.error).toMatch(fullDisk);
  child.kill("SIGKILL");
  await once(child, "close");

  const { backend, leftHalf, close } = openSqliteFile(path);
  if (answer.error !== undefined) expect((await backend.take(first))?.data.length).toBe(1500);
  const found = await Promise.all(kept.map((key) => backend.read(key)));
  expect(found.map((record) => record?.data.length)).toEqual(kept.map((key) => (key === first ? undefined : 1500)));
  expect((await Promise.all(refused.map((key) => backend.read(key)))).filter(Boolean)).toEqual([]);
  expect(leftHalf()).toEqual([]);
  await close();
});

/** lmdb 3.5 writes past the end of its error message when a write fails, so that it may end the process. */
test("on a full disk an LMDB file keeps confirmed changes, whether or not lmdb ends the process", async () => {
  const path = temporaryFolder();
  const child = await startLimited(3200, "lmdb", path);
  let output = "";
  child.stdout!.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.send({ task: "stream" } satisfies Task);
  // It is answered that a write failed, or has ended.
  await Promise.race([once(child, "message"), once(child, "close")]);
  child.kill("SIGKILL");
  if (child.exitCode === null && child.signalCode === null) await once(child, "close");

  const { backend, close } = openLmdbFile(path);
  const lines = output.slice(0, output.lastIndexOf("\n")).split("\n");
  const created = lines.flatMap((line) => (line.startsWith("created ") ? [line.slice(8)] : []));
  expect(created.length).toBeGreaterThan(100);
  const found = await Promise.all(created.map((key) => backend.read(key)));
  expect(created.filter((key, index) => Buffer.from(found[index]?.data ?? []).toString() !== key)).toEqual([]);
  await close();
});

test("a process is refused an LMDB file that another one has open, also when that was idle, and gets it when that has ended", async () => {
  const path = temporaryFolder();
  const child = await start("lmdb", path);
  const root = openLmdb({ path, overlappingSync: false });
  const make = () => new LmdbBackend({ root });
  const message = `LmdbBackend cannot use this file: process ${child.pid} has it open, and two processes at one LMDB file can lose confirmed changes. End the other process first, or use SqliteBackend, which several processes can share.`;
  expect(make).toThrow(ConfigError);
  expect(make).toThrow(message);
  resultOf(await tell(child, { task: "bump", owner: "user:1", count: 3 }));
  expect(make).toThrow(message);
  child.kill("SIGKILL");
  await once(child, "close");
  expect(await make().owners.epoch("user:1")).toBe(3);
  // Several backends of one process share its file.
  expect(await make().owners.bump("user:1")).toBe(4);
  await root.close();
});
