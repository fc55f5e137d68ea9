// A process that counts in a file it may share with others: in a record of its own, and in one that all count in. It says
// each number when it was answered. Its arguments: what to open (`sqlite`, `ioredis`, ...), the path or the address, a prefix, its name, and
// how it ends by itself, if it does: `exit` or `throw`, in the midst of a write.
import type { SessionBackend } from "@mini/session";
import { keyOf, recordFor } from "./backends.ts";
import { listen } from "./listen.ts";
import { openBackend } from "./process-backend.ts";

/** A number that was answered, said as it is counted. */
export interface Counted {
  readonly of: string;
  readonly number: number;
}

/** What a process is told: to count until it ends or is told to stop, to read counters, or to close and end. */
export type Task = { readonly task: "count" } | { readonly task: "read"; readonly names: readonly string[] } | { readonly task: "stop" };

const [, , kind = "", path = "", prefix = "", name = "", ending] = process.argv;
// Without a name, its numbers could not be distinguished from those of others.
if (name === "") throw new Error("The process needs a name: counting-process.ts <kind> <path> <prefix> <name> [exit|throw]");
const opened = await openBackend([kind, path, prefix]);
let counting: readonly Promise<void>[] = [];
let isOver = false;

const numberIn = (data: Uint8Array) => Number(Buffer.from(data).toString());
const numbered = (number: number) => recordFor(Date.now(), 3600, String(number).padEnd(200));

async function increment(backend: SessionBackend, key: string): Promise<number> {
  let current = await backend.read(key);
  if (current === undefined && (await backend.create(key, numbered(1))) !== undefined) return 1;
  current ??= await backend.read(key);
  for (;;) {
    if (current === undefined) throw new Error("The counter is gone.");
    const number: number = numberIn(current.data) + 1;
    const result = await backend.swap(key, current.version, numbered(number));
    if (result.ok) return number;
    current = result.current;
  }
}

async function count(of: string): Promise<void> {
  while (!isOver) {
    const number = await increment(opened, keyOf(of));
    process.send!({ of, number } satisfies Counted);
  }
}

async function perform(task: Task): Promise<unknown> {
  switch (task.task) {
    case "count":
      counting = [count(name), count("shared")];
      // In the middle of running writes, like an error of the application.
      if (ending !== undefined) setTimeout(end, 20 + Math.random() * 30);
      return "counting";
    case "read":
      return Promise.all(task.names.map(async (each) => numberIn((await opened.read(keyOf(each)))?.data ?? Buffer.from("0"))));
    case "stop":
      isOver = true;
      await Promise.all(counting);
      await opened.close?.();
      setImmediate(() => {
        process.disconnect();
        // A connection to a server keeps a process alive; a file does not.
        if (prefix !== "") process.exit();
      });
      return "stopped";
  }
}

function end(): void {
  if (ending === "throw") throw new Error("An error of the application.");
  process.exit(7);
}

listen(perform);
