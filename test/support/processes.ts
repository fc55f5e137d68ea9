import { fork, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { afterAll } from "vitest";
import { compile } from "./compiled.ts";
import { root } from "./folder.ts";
import { within } from "./within.ts";

/** The answer of a process to a task. */
export type Answer<Result> = { readonly result: Result; readonly error?: undefined } | { readonly error: string };

export const env = { ...process.env, NODE_OPTIONS: undefined };

/** The full path of a program of `test/support`, compiled. */
export const programOf = (name: string): string => compile(`test/support/${name}`);

export interface Processes<Task> {
  /** Starts a program. It reports when it is ready, and then runs the tasks that it gets. */
  readonly start: (...args: readonly string[]) => Promise<ChildProcess>;
  /** Like `start`, for a process that cannot write files longer than this number of blocks of 512 bytes. */
  readonly startLimited: (blocks: number, ...args: readonly string[]) => Promise<ChildProcess>;
  /** Sends a task to a process, one at a time, and waits for its result. */
  readonly tell: <Result>(child: ChildProcess, task: Task & object) => Promise<Answer<Result>>;
}

/** Processes of one program of `test/support`, ended when the file's tests are done. */
export function processesOf<Task>(name: string): Processes<Task> {
  const started = new Set<ChildProcess>();
  afterAll(() => {
    for (const child of started) child.kill("SIGKILL");
  });
  async function ready(child: ChildProcess): Promise<ChildProcess> {
    started.add(child);
    await within(`a program of ${name} to be ready`, once(child, "message"));
    return child;
  }
  return {
    start: (...args) => ready(fork(programOf(name), args, { cwd: root, env, stdio: ["ignore", "pipe", "inherit", "ipc"] })),
    startLimited(blocks, ...args) {
      const command = [process.execPath, programOf(name), ...args];
      const stdio = ["ignore", "pipe", "ignore", "ipc"] as const;
      return ready(spawn("sh", ["-c", `ulimit -f ${blocks} && exec "$@"`, "sh", ...command], { cwd: root, env, stdio: [...stdio] }));
    },
    async tell<Result>(child: ChildProcess, task: Task & object) {
      const over = new AbortController();
      const ended = once(child, "exit", over).then(([code, signal]) => Promise.reject(new Error(`It ended with ${code ?? signal}.`)));
      const answer = once(child, "message", over);
      child.send(task);
      try {
        const [message] = (await within(`the answer to ${JSON.stringify(task)}`, Promise.race([answer, ended]))) as [Answer<Result>];
        return message;
      } finally {
        over.abort();
      }
    },
  };
}

export function resultOf<Result>(answer: Answer<Result>): Result {
  if (answer.error !== undefined) throw new Error(answer.error);
  return answer.result;
}

/** Whether there is a process with this id. */
export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return false;
    throw error;
  }
}
