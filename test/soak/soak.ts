import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile } from "../support/compiled.ts";
import { comeAndGo } from "./come-and-go.ts";
import { noDatabases, startDatabases, type Databases } from "./databases.ts";
import { startLoad, type Load } from "./load.ts";
import { growthOf, mostGrowth, type Sample } from "./verdict.ts";

export interface SoakOptions {
  /** How long it goes on: for so many seconds, or requests. */
  readonly length: { readonly seconds: number } | { readonly requests: number };
  /** What is wrong with the server on purpose: `leak` keeps a little of each page, `wrong` forgets sessions. */
  readonly flaw?: "leak" | "wrong" | undefined;
  /** Whether the server also keeps sessions in Postgres and Redis, where the machine has them. Default false. */
  readonly withDatabases?: boolean | undefined;
  readonly onSample?: ((sample: Sample, load: Load) => void) | undefined;
}

export interface Outcome extends Load {
  readonly samples: readonly Sample[];
  /** How many other processes opened the server's SQLite file, wrote to it and ended, every second one by a kill. */
  readonly processes: number;
  /** Bytes that the heap grew by in the second half. */
  readonly growth: number;
  /** What speaks against the server; nothing when it has passed. */
  readonly problems: readonly string[];
}

/** Looks at the memory in one run. */
const looks = 40;

/** Puts a server of its own under every kind of load, while other processes use its SQLite file. */
export async function soak(options: SoakOptions): Promise<Outcome> {
  const databases = options.withDatabases === true ? await startDatabases() : noDatabases;
  try {
    return await soakWith(databases, options);
  } finally {
    await databases.stop();
  }
}

async function soakWith({ postgres, redis }: Databases, { length, flaw, onSample }: SoakOptions): Promise<Outcome> {
  const data = mkdtempSync(join(tmpdir(), "mini-soak-"));
  const path = join(data, "sessions.db");
  const child = fork(compile("test/soak/app.ts"), [path, postgres ?? "", redis ?? "", flaw ?? ""], {
    env: { ...process.env, NODE_OPTIONS: undefined, NODE_ENV: "production" },
    execArgv: ["--expose-gc"],
  });
  const ended = once(child, "exit").then(([code, signal]) => Promise.reject(new Error(`The server ended with ${code ?? signal}.`)));
  ended.catch(() => undefined);
  const heard = async <Message>() => ((await Promise.race([once(child, "message"), ended])) as [Message])[0];
  const { port } = await heard<{ port: number }>();
  const load = startLoad(port, { ...(postgres !== undefined && { Postgres: "postgres" }), ...(redis !== undefined && { Redis: "redis" }) });
  const others = comeAndGo(path);
  const samples: Sample[] = [];
  const start = performance.now();
  try {
    for (let look = 1; look <= looks; look++) {
      const part = look / looks;
      if ("requests" in length) await load.reaches(Math.ceil(part * length.requests));
      else await pause(start + part * length.seconds * 1000 - performance.now());
      child.send("memory");
      const memory = await heard<{ rss: number; heapUsed: number }>();
      const sample = { at: (performance.now() - start) / 1000, ...memory };
      samples.push(sample);
      onSample?.(sample, load);
    }
    await load.stop();
  } finally {
    await others.stop();
    child.disconnect();
    await ended.catch(() => undefined);
    rmSync(data, { recursive: true, force: true });
  }
  const growth = growthOf(samples);
  const { counts, failures } = load;
  const problems = [
    ...others.problems,
    ...(growth > mostGrowth ? [`The heap grew by ${growth.toFixed(0)} bytes in the second half; ${mostGrowth} may be.`] : []),
    ...(failures.length > 0 ? [`${failures.length} requests failed, the first: ${failures[0]}`] : []),
  ];
  return { counts, failures, samples, processes: others.ended, growth, problems };
}
