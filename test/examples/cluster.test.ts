import { once } from "node:events";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { ConfigError } from "@mini/core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openBackend } from "../../examples/cluster/backends.ts";
import { readSettings } from "../../examples/cluster/config.ts";
import { startApp, startCompiled, stopApps, type AppProcess, type Environment } from "../support/app-process.ts";
import { root, temporaryFolder } from "../support/folder.ts";
import { Visitor } from "../support/http.ts";
import { findPostgresUrl } from "../support/postgres.ts";
import { isRunning } from "../support/processes.ts";
import { findRedisServer, startRedisServer } from "../support/redis-server.ts";
import { need } from "../support/skip.ts";
import { within } from "../support/within.ts";

const folder = join(root, "examples/cluster");
const visitors: Visitor[] = [];
/** Four processes start one after the other, on machines that are busy with other tests. */
const patience = { timeout: 60_000, interval: 50 };

afterAll(async () => {
  await Promise.all(visitors.map((visitor) => visitor.close()));
  await stopApps();
});

function startCluster(environment: Environment, start = startCompiled): AppProcess {
  const unset = { BACKEND: undefined, WORKERS: undefined, REDIS_URL: undefined, DATABASE_URL: undefined };
  return start({ ...unset, SECRET_KEY: "a key for tests, long enough to sign", ...environment }, folder);
}

function newVisitor(base: string): Visitor {
  const visitor = new Visitor(base);
  visitors.push(visitor);
  return visitor;
}

/** What the page shows. */
interface Shown {
  readonly clicks: number;
  /** Pids of the processes that take connections. */
  readonly pids: readonly number[];
  /** Clicks by process, from the first on. */
  readonly tally: readonly number[];
}

async function look(visitor: Visitor): Promise<Shown> {
  const { status, markup, text } = await visitor.visit("/");
  expect(status, text).toBe(200);
  const rows = [...markup.matchAll(/<th scope="row">.*?<td>(\d+)<\/td>\s*<td>(\d+)<\/td>/gs)];
  return {
    clicks: Number(/(\d+) clicks? in this session/.exec(text)?.[1]),
    pids: rows.map(([, pid]) => Number(pid)),
    tally: rows.map(([, , clicks]) => Number(clicks)),
  };
}

/** What a click is answered, in one line. */
async function click(visitor: Visitor): Promise<string> {
  const { status, headers } = await visitor.visit("/", { form: {} });
  return `${status} ${headers["location"]}`;
}

/** Clicks so often, so many at once; gives the answers there were, once each. */
async function clickOften(visitor: Visitor, count: number, atOnce: number): Promise<ReadonlySet<string>> {
  const answers = new Set<string>();
  let left = count;
  const clickOn = async () => {
    while (left-- > 0) answers.add(await click(visitor));
  };
  await Promise.all(Array.from({ length: atOnce }, clickOn));
  return answers;
}

/** The primary's pid, as it is said. */
const primaryOf = ({ output }: AppProcess) => Number(/kill -HUP (\d+)/.exec(output.stdout)?.[1]);

const sum = (numbers: readonly number[]) => numbers.reduce((one, other) => one + other, 0);
const counted = new Set(["303 /"]);

/**
 * Somebody with a session of one click makes so many at once, and again over new connections until several processes have
 * taken some: the system is free to give all of a few connections to one of them. Gives how many have.
 */
async function clickAtOnce(base: string, count: number): Promise<number> {
  const visitor = newVisitor(base);
  await click(visitor);
  for (let made = 1; ; await visitor.reconnect()) {
    const answers = await clickOften(visitor, count, 12);
    made += count;
    const { clicks, tally } = await look(visitor);
    expect({ answers, clicks, tallied: sum(tally) }).toEqual({ answers: counted, clicks: made, tallied: made });
    const several = tally.filter((taken) => taken > 0).length;
    if (several > 1 || made > 50 * count) return several;
  }
}

describe("four processes on one SQLite file", () => {
  const [dataPath, aside] = [join(temporaryFolder(), "data"), join(temporaryFolder(), "aside")];
  let app: AppProcess;
  let base: string;
  let visitor: Visitor;
  beforeAll(async () => {
    app = startCluster({ DATA_PATH: dataPath, SECRET_KEY: undefined });
    base = await app.url();
    visitor = newVisitor(base);
  });

  test("say that the primary made the key, and how to replace them", () => {
    expect(app.output.stdout).toMatch(
      /^SECRET_KEY is not set: made one for this run\..*\nListening on \S+ with 4 processes; kill -HUP \d+ /,
    );
  });

  test("share 400 parallel clicks at one session, and count every one", async () => {
    expect(await clickAtOnce(base, 400)).toBeGreaterThan(1);
  });

  test("create no session for a visitor who only reads", async () => {
    expect((await newVisitor(base).visit("/")).setCookies).toEqual([]);
  });

  test("are replaced one after the other under load: no request fails, and the session stays", async () => {
    await click(visitor);
    const before = await look(visitor);
    const answers = new Set<string>();
    let made = 1;
    let over = false;
    const clickOn = async () => {
      for (; !over; made++) answers.add(await click(visitor).catch(String));
    };
    const load = Promise.all([clickOn(), clickOn()]);
    process.kill(primaryOf(app), "SIGHUP");
    try {
      await vi.waitFor(() => expect(app.output.stdout).toContain("All processes are replaced."), patience);
    } finally {
      over = true;
      await load;
    }
    const { clicks, pids } = await look(visitor);
    expect(answers).toEqual(counted);
    expect(clicks).toBe(made);
    expect(pids.filter((pid) => before.pids.includes(pid))).toEqual([]);
    await vi.waitFor(() => expect(before.pids.filter(isRunning)).toEqual([]), patience);
  });

  test("are four again after one was killed, and the session stays", async () => {
    const { pids, clicks } = await look(visitor);
    process.kill(pids[1]!, "SIGKILL");
    await vi.waitFor(async () => {
      const now = await look(visitor);
      expect([now.clicks, now.pids.length, now.pids.includes(pids[1]!)]).toEqual([clicks, 4, false]);
    }, patience);
    expect(app.output.stderr).toContain(`Process 2 (pid ${pids[1]}) ended with SIGKILL.`);
  });

  test("stay when new ones cannot start", async () => {
    const { pids, clicks } = await look(visitor);
    renameSync(dataPath, aside);
    writeFileSync(dataPath, "This is not a folder.");
    process.kill(primaryOf(app), "SIGHUP");
    await vi.waitFor(
      () => expect(app.output.stderr).toContain("A new process did not start: those that were not replaced go on."),
      patience,
    );
    expect(await look(visitor)).toMatchObject({ pids, clicks });
    rmSync(dataPath);
    renameSync(aside, dataPath);
  });

  test("finish what is in flight when they are told to end, and end with code 0", async () => {
    const { pids } = await look(visitor);
    // A request whose body is on its way has begun.
    const socket = connect(Number(new URL(base).port), "127.0.0.1");
    socket.write("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=");
    let answer = "";
    socket.on("data", (chunk) => (answer += String(chunk)));
    await within("a connection", once(socket, "ready"));
    const ended = app.stop("SIGTERM");
    process.kill(primaryOf(app), "SIGTERM");
    socket.write("b");
    await within("the end of the connection", once(socket, "close"));
    expect(answer).toMatch(/^HTTP\/1\.1 303 /);
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(pids.filter(isRunning)).toEqual([]);
  });
});

need("redis-server", findRedisServer())("two processes on one Redis", () => {
  test("count every click", async () => {
    const redis = await startRedisServer();
    const app = startCluster({ WORKERS: "2", BACKEND: "redis", REDIS_URL: redis.url });
    expect(await clickAtOnce(await app.url(), 100)).toBeGreaterThan(1);
    expect(await app.stop("SIGINT")).toEqual({ code: 0, signal: null });
  });
});

const postgresUrl = await findPostgresUrl();
need("postgres", postgresUrl)("two processes on one Postgres", () => {
  test("count every click", async () => {
    const app = startCluster({ WORKERS: "2", BACKEND: "postgres", DATABASE_URL: postgresUrl });
    expect(await clickAtOnce(await app.url(), 100)).toBeGreaterThan(1);
    expect(await app.stop("SIGINT")).toEqual({ code: 0, signal: null });
  });
});

describe("an error at start", () => {
  const file = join(temporaryFolder({ file: "This is not a folder." }), "file");

  test("is logged once, by the first process, and ends the program with code 1", async () => {
    const { ended, output } = startCluster({ DATA_PATH: file }, startApp);
    expect(await ended).toEqual({ code: 1, signal: null });
    const [line, ...more] = output.stderr.trimEnd().split("\n");
    expect(line).toMatch(/^Cannot keep sessions in .*file: .*Name another folder in DATA_PATH\.$/);
    expect(more).toEqual([expect.stringMatching(/^Process 1 \(pid \d+\) ended with code 1\.$/)]);
  });

  test.each([
    [{ BACKEND: "redis", REDIS_URL: "redis://:secret@127.0.0.1:1" }, /^Cannot reach a Redis at 127\.0\.0\.1:1: (?!.*secret)/],
    [{ BACKEND: "redis", REDIS_URL: "secret" }, /^REDIS_URL must be a URL(?!.*secret)/],
    [{ BACKEND: "postgres", DATABASE_URL: "postgresql://me:secret@127.0.0.1:1/db" }, /^Cannot keep sessions in Postgres: (?!.*secret)/],
  ])("is %j", async (environment, message) => {
    const opening = openBackend(readSettings(environment));
    await expect(opening).rejects.toThrow(ConfigError);
    await expect(opening).rejects.toThrow(message);
  });

  test.each([
    [{ WORKERS: "0" }, 'WORKERS must be a whole number from 1 to 64, and is "0".'],
    [{ PORT: "65536" }, 'PORT must be a whole number from 0 to 65535, and is "65536".'],
    [{ BACKEND: "files" }, 'BACKEND must be one of sqlite, redis, postgres, and is "files".'],
  ])("is %j, and the message says which values are valid", (environment, message) => {
    expect(() => readSettings(environment)).toThrow(message);
  });
});
