// A process with a backend in a file, which its first arguments name: `sqlite <path>` or `lmdb <path>`. It reports that it is ready, and
// then runs the tasks that its parent sends as messages. With a last argument, it runs only the task in that argument.
import { bytes, keyOf, recordFor } from "./backends.ts";
import { listen } from "./listen.ts";
import { openBackend } from "./process-backend.ts";
import { say } from "./say.ts";

/** A task for the process. */
export type Task =
  | { readonly task: "increment"; readonly key: string; readonly count: number }
  | { readonly task: "take"; readonly keys: readonly string[] }
  | { readonly task: "bump"; readonly owner: string; readonly count: number }
  | { readonly task: "stream" }
  | { readonly task: "fill"; readonly size: number };

/** One call and its outcome. The times are of a clock that all processes of the machine share, in nanoseconds. */
export interface Step {
  readonly start: number;
  readonly end: number;
  readonly operation: "read" | "swap";
  /** The version that the swap expected. */
  readonly over?: string;
  /** Version that the swap wrote. */
  readonly wrote?: string;
  /** Version that was found instead, or read. */
  readonly saw?: string | undefined;
}

/** The result of filling the disk. */
export interface Filled {
  /** Keys of the writes that succeeded, and of those that did not. */
  readonly kept: readonly string[];
  readonly refused: readonly string[];
  readonly messages: readonly string[];
  /** Reasons of unhandled rejections. */
  readonly unhandled: number;
}

const [, , kind = "", path = "", only] = process.argv;
const backend = await openBackend([kind, path]);
const owners = backend.owners!;
const clock = () => Number(process.hrtime.bigint());
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
let unhandled = 0;
process.on("unhandledRejection", () => unhandled++);

async function increment(key: string, count: number): Promise<readonly Step[]> {
  const steps: Step[] = [];
  for (let index = 0; index < count; index++) {
    let start = clock();
    let current = await backend.read(key);
    steps.push({ operation: "read", start, end: clock(), saw: current?.version });
    while (current !== undefined) {
      const over = current.version;
      const next = recordFor(Date.now(), 3600, String(Number(Buffer.from(current.data).toString()) + 1));
      start = clock();
      const result = await backend.swap(key, over, next);
      const step = { operation: "swap", start, end: clock(), over } as const;
      steps.push(result.ok ? { ...step, wrote: result.version } : { ...step, saw: result.current?.version });
      if (result.ok) break;
      current = result.current;
    }
  }
  return steps;
}

async function take(keys: readonly string[]): Promise<readonly string[]> {
  const taken = await Promise.all(keys.map(async (key) => ((await backend.take(key)) === undefined ? [] : [key])));
  return taken.flat();
}

/** Creates records without end, eight at a time, and increments a counter in another one. Reports each when it was answered. */
async function stream(): Promise<never> {
  let created = 0;
  const creating = async (): Promise<never> => {
    for (;;) {
      const key = keyOf(created++);
      await backend.create(key, recordFor(Date.now(), 3600, key));
      await say(`created ${key}`);
    }
  };
  const counting = async (): Promise<never> => {
    let version = (await backend.create(keyOf("counter"), recordFor(Date.now(), 3600, "0"))) ?? "";
    for (let count = 1; ; count++) {
      const result = await backend.swap(keyOf("counter"), version, recordFor(Date.now(), 3600, String(count)));
      if (!result.ok) throw new Error("Somebody else counts.");
      ({ version } = result);
      await say(`counted ${count}`);
    }
  };
  return Promise.race([counting(), ...Array.from({ length: 8 }, creating)]);
}

/** Writes until the disk is full and continues after that, with several writes at once and with single ones. */
async function fill(size: number): Promise<Filled> {
  const kept: string[] = [];
  const refused: string[] = [];
  const messages = new Set<string>();
  const data = bytes("x".repeat(size));
  const write = async (key: string) => {
    try {
      await owners.add("user:1", key);
      await backend.create(key, { ...recordFor(Date.now(), 3600), data });
      kept.push(key);
    } catch (error) {
      refused.push(key);
      messages.add(String(error));
    }
  };
  for (let index = 0; refused.length < 40; index++) {
    await Promise.all(Array.from({ length: (index % 4) + 1 }, (_, other) => write(keyOf(`fill${index}-${other}`))));
  }
  await nextTurn();
  return { kept, refused, messages: [...messages], unhandled };
}

function run(message: Task): Promise<unknown> {
  switch (message.task) {
    case "increment":
      return increment(message.key, message.count);
    case "take":
      return take(message.keys);
    case "bump":
      return Promise.all(Array.from({ length: message.count }, () => owners.bump(message.owner)));
    case "stream":
      return stream();
    case "fill":
      return fill(message.size);
  }
}

if (only !== undefined) {
  console.log(JSON.stringify(await run(JSON.parse(only) as Task)));
  process.exit();
}
listen(run);
