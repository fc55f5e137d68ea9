// The processes that a benchmark starts, and that they end with it: at its end, at an error, and on Ctrl+C.
import { fork } from "node:child_process";

/** Milliseconds that a process has to end by itself. */
const patience = 2000;

const running = new Set();
const cleanups = new Set();

/**
 * Starts a module in a process of its own, as in production. It has to end when it is disconnected.
 *
 * @param options - `node`: path of another Node than the one that runs this; `execArgv` for it.
 */
export function startChild(module, args = [], { node = process.execPath, execArgv = [] } = {}) {
  const child = fork(module, args, { execPath: node, execArgv, env: { ...process.env, NODE_ENV: "production" } });
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

/** The next message of a process; rejects when it ends before. */
export function reply(child, name) {
  return new Promise((resolve, reject) => {
    const ended = (code, signal) => {
      child.off("message", answered);
      reject(new Error(`${name}: its process ended with ${signal ?? code}`));
    };
    const answered = (message) => {
      child.off("exit", ended);
      if (message.error === undefined) resolve(message);
      else reject(new Error(`${name}: ${message.error}`));
    };
    child.once("exit", ended);
    child.once("message", answered);
  });
}

/** Sends a message and gives the answer. */
export function ask(child, message, name) {
  if (!child.connected) return Promise.reject(new Error(`${name}: its process has ended`));
  const answer = reply(child, name);
  child.send(message);
  return answer;
}

/** Resolves when the process has ended, by force if it takes too long. */
export function endChild(child) {
  if (!running.has(child)) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), patience);
    child.once("exit", () => {
      clearTimeout(timer);
      resolve();
    });
    if (child.connected) child.disconnect();
  });
}

/** Has something done at the end, however that comes. Gives what takes this back. */
export function atEnd(cleanup) {
  cleanups.add(cleanup);
  return () => cleanups.delete(cleanup);
}

async function endAll() {
  await Promise.all(Array.from(running, endChild));
  for (const cleanup of cleanups) await cleanup();
  cleanups.clear();
}

/** Runs a benchmark and ends with it; what it gives is the exit code. */
export async function runToEnd(benchmark) {
  let stopped;
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ]) {
    process.on(signal, () => {
      stopped ??= endAll().finally(() => process.exit(code));
    });
  }
  // What nothing else has ended, such as after a second error.
  process.on("exit", () => {
    for (const child of running) child.kill("SIGKILL");
  });
  try {
    process.exitCode = await benchmark();
  } catch (error) {
    // Processes that end on Ctrl+C are no news.
    if (stopped === undefined) console.error(error);
    process.exitCode = 1;
  } finally {
    await (stopped ?? endAll());
  }
}
