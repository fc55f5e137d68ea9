// A process with an application whose sessions are in a backend that it shares with other processes. Its arguments name the backend. It
// runs the tasks that its parent sends as messages.
import type { SessionWrite } from "./history.ts";
import { listen } from "./listen.ts";
import { openBackend } from "./process-backend.ts";
import { say } from "./say.ts";
import { gate, sessionApp, setCookies, type AnyData, type AnySession, type Work } from "./session-app.ts";

/** One request and its answer. The times are of a clock that all processes of the machine share, in nanoseconds. */
export interface Answered {
  readonly start: number;
  readonly end: number;
  readonly status: number;
  readonly retryAfter: string | null;
  readonly setCookies: readonly string[];
  /** Whether the session was there when it was loaded. */
  readonly live: boolean;
}

/** The contents of a session for a new request. */
export interface Held {
  readonly live: boolean;
  readonly data: AnyData;
  readonly messages: readonly string[];
}

/** A task for the process; `cookie` is the whole Cookie header of a request. */
export type Task =
  /** Begins a session with these contents; returns its cookie. */
  | { readonly task: "begin"; readonly data: AnyData }
  | { readonly task: "read"; readonly cookie: string }
  | { readonly task: "end"; readonly cookie: string }
  /** A request to a page that does not use a session. */
  | { readonly task: "elsewhere"; readonly cookie: string }
  /** This number of requests, 20 at a time, each with the next number, from `first` on. */
  | { readonly task: "count"; readonly cookie: string; readonly first: number; readonly times: number }
  /** Begins a request that loads the session, and changes it when it is released. The answer is sent after the load. */
  | { readonly task: "hold"; readonly cookie: string }
  | { readonly task: "release" }
  /** Changes a session without end, five requests at a time. The answer is sent after 20 requests, like that of `stopWriting`. */
  | { readonly task: "keepWriting"; readonly cookie: string; readonly name: string }
  | { readonly task: "stopWriting" }
  | { readonly task: "flash"; readonly cookie: string; readonly messages: readonly string[] }
  /** This number of requests, three at a time, that show the messages of the session; returns the messages. */
  | { readonly task: "show"; readonly cookie: string; readonly times: number }
  /** Changes a session without end, in four chains of requests. Reports the number of each request when it was answered. */
  | { readonly task: "stream"; readonly cookie: string; readonly first: number }
  /** Makes the texts of sessions this long, until this number of changes has failed; returns all results, in the order of the sessions. */
  | { readonly task: "grow"; readonly cookies: readonly string[]; readonly size: number; readonly refused: number }
  /** Begins sessions with a text of this length, until this number of them has failed. */
  | { readonly task: "fill"; readonly size: number; readonly refused: number }
  | { readonly task: "state" };

/** The log of the process, and the reasons of unhandled rejections. */
export interface State {
  readonly logged: readonly string[];
  readonly unhandled: number;
}

const backend = await openBackend(process.argv.slice(2));
// Longer than a process waits on a busy machine, so that an error here is an error of the file.
const deadline = 30_000;
const { run, browser, logged } = sessionApp({ backend, now: Date.now, deadline });
const clock = () => Number(process.hrtime.bigint());
let unhandled = 0;
process.on("unhandledRejection", () => unhandled++);

/** Runs one request that loads the session and does the work with it. */
async function ask(cookie: string, work: (session: AnySession, store: Parameters<Work>[0]) => unknown, path = "/"): Promise<Answered> {
  let live = false;
  // Each request begins in its own turn of the event loop, like requests over a network.
  await new Promise(setImmediate);
  const start = clock();
  const response = await run(
    async (store, session) => {
      const all = await session();
      live = !all.isNew;
      await work(all, store);
    },
    { headers: cookie === "" ? {} : { cookie }, client: browser(), path },
  );
  const { status } = response;
  return { start, end: clock(), status, retryAfter: response.headers.get("retry-after"), setCookies: setCookies(response), live };
}

/** Runs work this many times at once, again and again, until one run reports that there is nothing more to do. */
async function atOnce(many: number, work: (chain: number) => Promise<boolean>): Promise<void> {
  const chain = async (number: number) => {
    while (await work(number));
  };
  await Promise.all(Array.from({ length: many }, (_, number) => chain(number)));
}

async function begin(data: AnyData): Promise<string> {
  const { setCookies: lines } = await ask("", (session) => session.assign(data));
  return lines.join().split(";")[0] ?? "";
}

async function read(cookie: string): Promise<Held> {
  let data: AnyData = {};
  let messages: readonly string[] = [];
  const { live } = await ask(cookie, (session) => {
    data = session.toJSON();
    messages = session.peekFlashes().map(({ message }) => message);
  });
  return { live, data, messages };
}

/** Adds a number to the session in every possible way. A visitor who is not logged in is refused. */
function enter(session: AnySession, number: number): void {
  session.increment("count");
  session.set(`k${number}`, 1);
  session.update("list", (list) => [...(list as readonly number[]), number]);
  if (number % 10 === 0) session.flash(String(number));
}

async function count(cookie: string, first: number, times: number): Promise<readonly SessionWrite[]> {
  const writes: SessionWrite[] = [];
  let next = first;
  await atOnce(20, async () => {
    if (next === first + times) return false;
    const number = next++;
    let loaded = 0;
    let saw: SessionWrite["saw"] = { count: -1, listed: -1, keys: -1 };
    const answered = await ask(cookie, (session) => {
      loaded = clock();
      const keys = [...session.keys()].filter((key) => /^k\d/.test(key));
      saw = { count: session.get("count") as number, listed: (session.get("list") as readonly number[]).length, keys: keys.length };
      enter(session, number);
    });
    writes.push({ ...answered, number, loaded, saw });
    return true;
  });
  return writes;
}

let held: { readonly told: ReturnType<typeof gate>; readonly answered: Promise<Answered> } | undefined;

async function hold(cookie: string): Promise<void> {
  const loaded = gate();
  const told = gate();
  const answered = ask(cookie, async (session) => {
    loaded.open();
    await told.opened;
    session.set("slow", 1);
  });
  held = { told, answered };
  await loaded.opened;
}

async function release(): Promise<Answered | undefined> {
  held?.told.open();
  return held?.answered;
}

let writing: { readonly answered: Answered[]; stopAt: number; readonly done: Promise<void> } | undefined;

async function keepWriting(cookie: string, name: string): Promise<void> {
  const answered: Answered[] = [];
  const enough = gate();
  const done = atOnce(5, async () => {
    const change = (session: AnySession) => {
      if (session.isNew) return;
      session.increment("count");
      session.set(name, answered.length);
    };
    answered.push(await ask(cookie, change));
    if (answered.length === 20) enough.open();
    return answered.length < writing!.stopAt;
  });
  writing = { answered, stopAt: Infinity, done };
  await enough.opened;
}

async function stopWriting(): Promise<readonly Answered[]> {
  writing!.stopAt = writing!.answered.length + 20;
  await writing!.done;
  return writing!.answered;
}

async function show(cookie: string, times: number): Promise<readonly string[]> {
  const shown: string[] = [];
  let left = times;
  await atOnce(3, async () => {
    if (left-- <= 0) return false;
    await ask(cookie, async (session) => void shown.push(...(await session.getFlashes()).map(({ message }) => message)));
    return true;
  });
  return shown;
}

async function stream(cookie: string, first: number): Promise<void> {
  const answered = [0, 0, 0, 0];
  await atOnce(4, async (chain) => {
    const number = first + chain * 10_000 + answered[chain]!++;
    const { status } = await ask(cookie, (session) => enter(session, number));
    if (status === 200) await say(String(number));
    return true;
  });
}

/** The cookies of the sessions that were created, and the responses of the other requests. */
export interface Filled {
  readonly kept: readonly string[];
  readonly refused: readonly Answered[];
}

async function fill(size: number, most: number): Promise<Filled> {
  const kept: string[] = [];
  const refused: Answered[] = [];
  await atOnce(3, async () => {
    const answered = await ask("", (session) => session.set("text", "x".repeat(size)));
    if (answered.status === 200) kept.push(answered.setCookies.join().split(";")[0] ?? "");
    else refused.push(answered);
    return refused.length < most;
  });
  return { kept, refused };
}

async function grow(cookies: readonly string[], size: number, most: number): Promise<readonly Answered[]> {
  const answers: Answered[] = [];
  let refused = 0;
  for (const cookie of cookies) {
    const answered = await ask(cookie, (session) => session.set("text", "x".repeat(size)));
    answers.push(answered);
    if (answered.status !== 200) refused++;
    if (refused === most) break;
  }
  return answers;
}

async function perform(task: Task): Promise<unknown> {
  switch (task.task) {
    case "begin":
      return begin(task.data);
    case "read":
      return read(task.cookie);
    case "end":
      return ask(task.cookie, (_session, store) => store.deleteSession());
    case "elsewhere":
      return (await run(() => undefined, { headers: { cookie: task.cookie }, client: browser(), path: "/other" })).status;
    case "count":
      return count(task.cookie, task.first, task.times);
    case "hold":
      return hold(task.cookie);
    case "release":
      return release();
    case "keepWriting":
      return keepWriting(task.cookie, task.name);
    case "stopWriting":
      return stopWriting();
    case "flash":
      return Promise.all(task.messages.map((message) => ask(task.cookie, (session) => session.flash(message))));
    case "show":
      return show(task.cookie, task.times);
    case "stream":
      return stream(task.cookie, task.first);
    case "grow":
      return grow(task.cookies, task.size, task.refused);
    case "fill":
      return fill(task.size, task.refused);
    case "state":
      return { logged, unhandled } satisfies State;
  }
}

listen(perform);
