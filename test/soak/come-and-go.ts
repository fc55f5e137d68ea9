import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { compile } from "../support/compiled.ts";
import type { Counted, Task } from "../support/counting-process.ts";

/** Processes that open a file one after the other, count in it and end. */
export interface Comers {
  /** How many have ended. */
  readonly ended: number;
  /** Numbers that one was answered and the next did not find, and processes that ended before they had counted. */
  readonly problems: readonly string[];
  stop(): Promise<void>;
}

/** Numbers that each process counts at least. Starting a process takes longer than counting, so that CI, which has the time, starts more. */
const enough = process.env["CI"] === "true" ? 10 : 60;

/** Lets processes come and go at a SQLite file until it is told to stop; every second one is killed in the midst of a write. */
export function comeAndGo(path: string): Comers {
  const problems: string[] = [];
  let [ended, highest] = [0, 0];
  let over = false;

  /** One process; resolves when it has ended. */
  async function visit(): Promise<void> {
    const child = fork(compile("test/support/counting-process.ts"), ["sqlite", path, "", "comer"], {
      env: { ...process.env, NODE_OPTIONS: undefined },
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const closed = once(child, "close");
    await Promise.race([once(child, "message"), closed]);
    await counted(child, closed);
    if (ended % 2 === 0) child.kill("SIGKILL");
    else if (child.connected) child.send({ task: "stop" } satisfies Task);
    await closed;
    ended++;
  }

  async function counted(child: ChildProcess, closed: Promise<unknown>): Promise<void> {
    let count = 0;
    const done = new Promise<void>((resolve) => {
      child.on("message", ({ of, number }: Counted) => {
        if (of !== "comer") return;
        if (number <= highest) problems.push(`A process was answered ${number} after ${highest}.`);
        highest = number;
        if (++count === enough) resolve();
      });
    });
    if (child.connected) child.send({ task: "count" } satisfies Task);
    await Promise.race([done, closed]);
    if (count < enough) problems.push(`A process ended when it had counted ${count} numbers.`);
  }

  const visiting = (async () => {
    while (!over) await visit();
  })();
  return {
    problems,
    get ended() {
      return ended;
    },
    async stop() {
      over = true;
      await visiting;
    },
  };
}
