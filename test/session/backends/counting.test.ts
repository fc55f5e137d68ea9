import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { SqliteBackend } from "@mini/session/sqlite";
import { afterAll, describe, expect, test } from "vitest";
import { keyOf } from "../../support/backends.ts";
import type { Counted, Task } from "../../support/counting-process.ts";
import { root, temporaryFolder } from "../../support/folder.ts";
import { processes } from "../../support/long-run.ts";
import { env, programOf } from "../../support/processes.ts";
import { redisServer, sharedRedis } from "../../support/redis.ts";
import { need } from "../../support/skip.ts";
import { openSqlite, sqlitePath } from "../../support/sqlite.ts";

const redis = await sharedRedis();

/** How often each thing is done; `npm run test:long` does it more often. */
const times = (short: number) => short * processes;

/** Processes that count in one file, and the numbers that they were answered. */
class Counters {
  readonly children = new Set<ChildProcess>();
  /** The last number of each counter that somebody was answered. */
  readonly highest = new Map<string, number>();
  /** What cannot be: a number that was answered twice, or after a higher one of the same process. */
  readonly wrong: string[] = [];
  readonly #shared = new Set<number>();
  readonly #names = new Map<ChildProcess, string>();
  /** Looks again whether somebody has waited for long enough. */
  #look = () => {};
  readonly #kind: string;
  readonly #path: string;
  readonly #prefix: string;
  #started = 0;

  /** @param path - Where a server listens, in place of a file; then with a prefix of the counters. */
  constructor(kind: string, path: string, prefix = "") {
    this.#kind = kind;
    this.#path = path;
    this.#prefix = prefix;
    afterAll(() => {
      for (const child of this.children) child.kill("SIGKILL");
    });
  }

  /** Starts a process that has opened the file when this resolves. */
  async start(ending?: "exit" | "throw"): Promise<ChildProcess> {
    const name = `counter${this.#started++}`;
    const args = [this.#kind, this.#path, this.#prefix, name, ...(ending === undefined ? [] : [ending])];
    const stdio = ["ignore", "ignore", ending === "throw" ? "ignore" : "inherit", "ipc"] as const;
    const child = fork(programOf("counting-process.ts"), args, { cwd: root, env, stdio: [...stdio] });
    this.children.add(child);
    this.#names.set(child, name);
    child.once("close", () => void this.children.delete(child));
    const [message] = (await Promise.race([once(child, "message"), once(child, "exit")])) as [unknown];
    if (message !== "ready") throw new Error(`A process could not open the file: it ended with ${String(message)}.`);
    child.on("message", (said: Partial<Counted>) => {
      if (said.of !== undefined) this.#note(said as Counted);
    });
    return child;
  }

  /** Starts a process that counts until it is ended. */
  async counting(ending?: "exit" | "throw"): Promise<ChildProcess> {
    const child = await this.start(ending);
    child.send({ task: "count" } satisfies Task);
    return child;
  }

  /** Resolves when each of the processes was answered so many times more. */
  async more(children: readonly ChildProcess[], count: number): Promise<void> {
    const own = (child: ChildProcess) => this.highest.get(this.#names.get(child)!) ?? 0;
    const enough = children.map((child) => own(child) + count);
    await new Promise<void>((resolve) => {
      this.#look = () => {
        if (children.every((child, index) => own(child) >= enough[index]!)) resolve();
      };
    });
  }

  /** Lets a process finish what it does. */
  async stop(child: ChildProcess): Promise<void> {
    const closed = once(child, "close");
    child.send({ task: "stop" } satisfies Task);
    expect((await closed).slice(0, 1)).toEqual([0]);
  }

  async kill(child: ChildProcess): Promise<void> {
    const closed = once(child, "close");
    child.kill("SIGKILL");
    await closed;
  }

  /** Counters of which the file has less than was answered, and numbers that cannot be. */
  async lost(): Promise<readonly string[]> {
    const names = [...this.highest.keys()];
    const child = await this.start();
    const got = new Promise<readonly number[]>((resolve) => {
      child.on("message", (said: { readonly result?: readonly number[] }) => void (said.result && resolve(said.result)));
    });
    child.send({ task: "read", names } satisfies Task);
    const numbers = await got;
    await this.stop(child);
    const lost = names.filter((name, index) => numbers[index]! < this.highest.get(name)!);
    const isShort = numbers[names.indexOf("shared")]! < this.#shared.size;
    return [...lost, ...(isShort ? ["the shared counter has fewer than were answered"] : []), ...this.wrong];
  }

  #note({ of, number }: Counted): void {
    if (of === "shared") {
      if (this.#shared.has(number)) this.wrong.push(`two were answered ${number}`);
      this.#shared.add(number);
    } else if (number <= (this.highest.get(of) ?? 0)) this.wrong.push(`${of} went back to ${number}`);
    this.highest.set(of, Math.max(number, this.highest.get(of) ?? 0));
    this.#look();
  }
}

describe("a SQLite file in which processes count loses nothing that was confirmed", { timeout: 600_000 * times(1) }, () => {
  test("when others open and close it all the time", async () => {
    const path = sqlitePath();
    const counters = new Counters("sqlite", path);
    const writers = await Promise.all([1, 2, 3, 4].map(() => counters.counting()));
    for (let opened = 0; opened < times(2); opened++) {
      await counters.stop(await counters.start());
      // More often in this process, which costs less.
      for (let often = 0; often < 30; often++) {
        const database = openSqlite(path);
        await new SqliteBackend({ database }).read(keyOf("shared"));
        database.close();
      }
    }
    await Promise.all(writers.map((writer) => counters.stop(writer)));
    expect(await counters.lost()).toEqual([]);
  });

  test("when writers are killed and new ones start, and none waits for a killed one", async () => {
    const counters = new Counters("sqlite", sqlitePath());
    const writers = await Promise.all([1, 2, 3, 4].map(() => counters.counting()));
    for (let killed = 0; killed < times(3); killed++) {
      await counters.more(writers, 2);
      await counters.kill(writers.shift()!);
      await counters.more(writers, 2);
      writers.push(await counters.counting());
    }
    await Promise.all(writers.map((writer) => counters.kill(writer)));
    expect(await counters.lost()).toEqual([]);
  });

  test("when all writers are killed at once, and it is copied with its log and opened elsewhere", async () => {
    const path = sqlitePath();
    const counters = new Counters("sqlite", path);
    const writers = await Promise.all([1, 2, 3, 4].map(() => counters.counting()));
    await counters.more(writers, 5);
    await Promise.all(writers.map((writer) => counters.kill(writer)));
    const copy = join(temporaryFolder(), "copy.db");
    for (const suffix of ["", "-wal"]) copyFileSync(path + suffix, copy + suffix);
    const database = openSqlite(copy);
    const backend = new SqliteBackend({ database });
    for (const [name, number] of counters.highest)
      expect(Number(Buffer.from((await backend.read(keyOf(name)))!.data).toString()), name).toBeGreaterThanOrEqual(number);
    expect(
      database
        .prepare("PRAGMA integrity_check")
        .all()
        .map((row) => Object.values(row as object)),
    ).toEqual([["ok"]]);
    database.close();
    expect(await counters.lost()).toEqual([]);
  });
});

describe.each(["sqlite", "lmdb"])("a process that writes to %s", { timeout: 600_000 * times(1) }, (kind) => {
  test.each([
    ["exit", 7],
    ["throw", 1],
  ] as const)("ends at once by %s during a write, and the next process has every confirmed change", async (ending, code) => {
    const counters = new Counters(kind, kind === "lmdb" ? temporaryFolder() : sqlitePath());
    for (let ended = 0; ended < times(1); ended++) {
      const child = await counters.counting(ending);
      expect(await once(child, "exit")).toEqual([code, null]);
    }
    expect(await counters.lost()).toEqual([]);
  });

  test("can be killed in the middle of a write, and the next one has what was confirmed", async () => {
    const counters = new Counters(kind, kind === "lmdb" ? temporaryFolder() : sqlitePath());
    for (let killed = 0; killed < times(1); killed++) {
      const child = await counters.counting();
      await counters.more([child], 5);
      await counters.kill(child);
    }
    expect(await counters.lost()).toEqual([]);
  });
});

need(redisServer, redis).each(["redis", "ioredis", "iovalkey"])(
  "processes that count in Redis by %s",
  { timeout: 600_000 * times(1) },
  (kind) => {
    test("can be killed in the middle of their writes while others start, and nothing that was confirmed is lost", async () => {
      const counters = new Counters(kind, redis!.url, redis!.prefix());
      const writers = await Promise.all([1, 2, 3].map(() => counters.counting()));
      for (let killed = 0; killed < times(2); killed++) {
        await counters.more(writers, 5);
        await counters.kill(writers.shift()!);
        writers.push(await counters.counting());
      }
      await counters.more(writers, 5);
      await Promise.all(writers.map((writer) => counters.kill(writer)));
      expect(await counters.lost()).toEqual([]);
    });
  },
);
