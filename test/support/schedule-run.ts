import { AsyncLocalStorage } from "node:async_hooks";
import { App, json, local, request, RequestHandler, Rule, text } from "@mini/core";
import { MemoryBackend, SessionMiddleware, type NewRecord, type OwnerIndex, type Session, type SessionBackend } from "@mini/session";
import type { Scheduler } from "fast-check";
import { added, initial, initialFlashes, keys, possible, type Outcome, type Plan } from "./schedule-model.ts";
import { idOf, keyOf } from "./server-session-app.ts";
import { secretKey } from "./session-app.ts";

type Data = Record<string, unknown>;

const idleTimeout = 1000;

/** Two applications, as in two processes, with one backend. A scheduler chooses the order of the calls of the backend. */
export class ScheduledApps {
  #scheduler: Scheduler | undefined;
  #backend: SessionBackend = new MemoryBackend();
  #plans: readonly Plan[] = [];
  #dropped = new Set<number>();
  /** Requests that found no session. */
  #strangers = new Set<number>();
  #shown = new Map<number, readonly string[]>();
  #time = 0;
  /** The keys of sessions that have ended. */
  readonly #ended = new Set<string>();
  /** Those of them that got a new id, and left a note under the old one. A touch of the note may succeed, but the note still ends at its `expiresAt`. */
  readonly #noted = new Set<string>();
  /** The request that calls the backend, because `local` does not work there. */
  readonly #asking = new AsyncLocalStorage<string | undefined>();
  #broken: string[] = [];
  /** The key of the first session after it got a new id, if it got one before a request ended it. */
  #becameKey: string | undefined;
  /** The request that has given it this id. */
  #winner: number | undefined;
  readonly #makeBackend: (now: () => number) => SessionBackend;
  readonly #apps: readonly App[];

  constructor(makeBackend: (now: () => number) => SessionBackend = (now) => new MemoryBackend({ now })) {
    this.#makeBackend = makeBackend;
    this.#apps = [this.#app(), this.#app()];
  }

  /** Runs the plans as requests of one browser, in an order that the scheduler chooses. Returns a sentence for each problem. */
  async run(plans: readonly Plan[], scheduler: Scheduler): Promise<readonly string[]> {
    this.#time = 1_700_000_000_000;
    this.#backend = this.#makeBackend(() => this.#time);
    this.#ended.clear();
    this.#noted.clear();
    this.#broken = [];
    this.#dropped = new Set();
    this.#strangers = new Set();
    this.#shown = new Map();
    this.#becameKey = undefined;
    this.#winner = undefined;
    this.#scheduler = undefined;
    const cookie = await this.#begin();
    this.#plans = plans;
    this.#scheduler = scheduler;
    const outcomes = await scheduler.waitFor(Promise.all(plans.map((plan, number) => this.#request(plan, number, cookie))));
    this.#scheduler = undefined;
    return [...this.#broken, ...(await this.#check(outcomes, cookie))];
  }

  #app(): App {
    const plans = () => this.#plans;
    const work = (number: number) => this.#work(number);
    const begin = (session: Session<Data>) => {
      session.assign(initial);
      for (const message of initialFlashes) session.flash(message);
    };
    class Handler extends RequestHandler {
      static override middleware = [SessionMiddleware];
      async get() {
        const number = request.headers.get("x-number");
        const session = await local.sessionStore.getSession<Data>();
        if (number === "begin") begin(session);
        else if (number !== null && plans().length > 0) await work(Number(number));
        else return json({ isNew: session.isNew, data: session.toJSON(), flashes: session.peekFlashes().map(({ message }) => message) });
        return text("done");
      }
    }
    const quiet = () => undefined;
    const info = (message: string) => {
      if (message.startsWith("A change to a session was dropped")) this.#dropped.add(Number(request.headers.get("x-number")));
    };
    return new App({
      rules: [new Rule("/", { handler: Handler })],
      config: {
        session: { secretKey, backend: this.#scheduled(), now: () => this.#time, idleTimeout, flashMaxAge: 10_000, deadline: 60_000 },
      },
      logger: { error: quiet, warn: quiet, info, debug: quiet },
    });
  }

  async #work(number: number): Promise<void> {
    const { operations, end } = this.#plans[number]!;
    const session = await local.sessionStore.getSession<Data>();
    if (session.isNew) this.#strangers.add(number);
    let saving = Promise.resolve();
    for (const [i, operation] of operations.entries()) {
      switch (operation.type) {
        case "set":
          session.set(operation.key, `of ${number}`);
          break;
        case "delete":
          session.delete(operation.key);
          break;
        case "increment":
          session.increment("n");
          break;
        case "update":
          session.update("list", (list) => [...((list as number[] | undefined) ?? []), number]);
          break;
        case "clear":
          session.clear();
          break;
        case "flash":
          session.flash(`${number}.${i}`);
          break;
        case "take flashes":
          this.#shown.set(number, [...(this.#shown.get(number) ?? []), ...(await session.getFlashes()).map(({ message }) => message)]);
          break;
        case "read":
          session.get("a");
          session.get("list");
          break;
        case "commit":
          // One after the other: a commit that waits for another one includes the changes that are made until its turn.
          await saving;
          saving = session.commit();
          break;
      }
    }
    await saving;
    if (end === "let time pass") this.#time += 200_000;
    if (end === "let the session expire") this.#time += 2_000_000;
    if (end === "log out") await local.sessionStore.deleteSession();
    if (end === "log in") session.regenerate({ owner: "user:1" });
    if (end === "renew") session.regenerate();
    if (end === "error") throw new Error("no");
  }

  async #begin(): Promise<string> {
    const response = await this.#fetch(this.#apps[0]!, { "x-number": "begin" });
    return response.headers.getSetCookie()[0]!.split(";")[0]!;
  }

  async #request(plan: Plan, number: number, cookie: string): Promise<Outcome> {
    const app = this.#apps[number % 2]!;
    const response = await this.#fetch(app, { cookie, "x-number": String(number) });
    const [line] = response.headers.getSetCookie();
    return {
      plan,
      number,
      status: response.status,
      dropped: this.#dropped.has(number),
      shown: response.status === 200 ? (this.#shown.get(number) ?? []) : [],
      cookie: line === undefined || line.includes("Max-Age=0") ? undefined : line.split(";")[0]!,
    };
  }

  #fetch(app: App, headers: Readonly<Record<string, string>>): Promise<Response> {
    return this.#asking.run(headers["x-number"], async () => app.fetch(new Request("http://localhost/", { headers })));
  }

  async #look(cookie: string): Promise<{ readonly isNew: boolean; readonly data: Data; readonly flashes: readonly string[] }> {
    const response = await this.#fetch(this.#apps[0]!, { cookie });
    return (await response.json()) as { isNew: boolean; data: Data; flashes: string[] };
  }

  async #check(outcomes: readonly Outcome[], cookie: string): Promise<readonly string[]> {
    const wrong: string[] = [];
    const ends = new Set(outcomes.map(({ plan }) => plan.end));
    for (const { plan, status } of outcomes) if (status !== (plan.end === "error" ? 500 : 200)) wrong.push(`status ${status}`);
    const seen = outcomes.flatMap(({ shown }) => shown);
    if (new Set(seen).size < seen.length) wrong.push(`shown twice: ${seen.join()}`);
    const old = await this.#look(cookie);
    const isRenewed = ends.has("log in") || ends.has("renew");
    const hasEnded = isRenewed || ends.has("log out") || ends.has("let the session expire");
    if (old.isNew !== hasEnded) wrong.push(hasEnded ? "the session came back" : "the session is gone");
    if (ends.has("let the session expire")) return wrong;
    const winner = outcomes.find((outcome) => outcome.cookie !== undefined && keyOf(idOf(outcome.cookie)) === this.#becameKey);
    this.#winner = winner?.number;
    if (winner === undefined && this.#becameKey !== undefined && !ends.has("log out")) wrong.push("the new id was not sent");
    for (const outcome of outcomes) wrong.push(...(await this.#checkCookie(outcome, outcomes)));
    if (hasEnded && winner === undefined) return wrong;
    const found = winner === undefined ? old : await this.#look(winner.cookie!);
    if (winner?.plan.end === "renew" && ends.has("log out")) {
      if (!found.isNew && !ends.has("let time pass")) wrong.push("a new id has undone a log-out");
      return wrong;
    }
    // A request that began after the session had ended, or that logged in at the same time as the winner, has another session or none.
    const included = outcomes.filter(
      ({ plan, number, dropped }) =>
        plan.end !== "log out" &&
        !dropped &&
        !this.#strangers.has(number) &&
        ((plan.end !== "log in" && plan.end !== "renew") || number === winner?.number),
    );
    for (const key of keys) {
      const value = JSON.stringify(found.data[key] ?? null);
      const values = possible(initial, included, key);
      if (!values.has(value)) wrong.push(`${key} is ${value}, and could be ${[...values].join(" or ")}`);
    }
    const messages = [...initialFlashes, ...included.flatMap(added)];
    // Messages that a failed request had taken out are put back only if the session has not got a new id in the meantime.
    // Its own messages, which it took out before they were saved, are lost.
    const failed = outcomes.filter(({ plan }) => plan.end === "error");
    const gone = failed.flatMap(({ number }) => {
      const shown = this.#shown.get(number) ?? [];
      return winner === undefined ? shown.filter((message) => message.startsWith(`${number}.`)) : shown;
    });
    const accounted = [...found.flashes, ...seen, ...gone];
    for (const message of messages) if (!accounted.includes(message)) wrong.push(`lost the message ${message}`);
    for (const message of found.flashes) if (seen.includes(message)) wrong.push(`shown and still there: ${message}`);
    return wrong;
  }

  /** The problem of the cookie that a request sends, if it sends one: the cookie must not log the browser out. */
  async #checkCookie({ plan, number, cookie }: Outcome, outcomes: readonly Outcome[]): Promise<readonly string[]> {
    if (cookie === undefined || number === this.#winner) return [];
    // The note under the old id of a session lasts only for seconds.
    if (outcomes.some((outcome) => outcome.plan.end === "let time pass")) return [];
    const hasLogOut = outcomes.some((outcome) => outcome.plan.end === "log out");
    if (plan.end !== "log in" && !hasLogOut) return ["a second cookie was sent"];
    const { isNew, data } = await this.#look(cookie);
    if (isNew) return hasLogOut && plan.end !== "log in" ? [] : ["a cookie leads to no session"];
    const isWhole = keys.every((key) => key === "b" || key in data);
    const mayLack = outcomes.some((outcome) => outcome.plan.operations.some(({ type }) => type === "delete" || type === "clear"));
    // A log-in with the old id gets the contents of the session only if the owner is the same.
    const winner = outcomes.find((outcome) => outcome.number === this.#winner);
    if (winner?.plan.end === "renew" && this.#strangers.has(number)) return [];
    if (!hasLogOut) return isWhole || mayLack ? [] : ["a second log-in has lost the contents"];
    if (this.#winner !== undefined) return [];
    // Another request has logged out before. The session may contain only what this request has done itself.
    return keys.flatMap((key) => {
      const value = JSON.stringify(data[key] ?? null);
      return possible(
        {},
        outcomes.filter((outcome) => outcome.number === number),
        key,
      ).has(value)
        ? []
        : [`${key} is ${value} after a log-out`];
    });
  }

  /** The backend, with the scheduler before and after each call, and with checks for what must not happen. */
  #scheduled(): SessionBackend {
    const call = async <Result>(
      name: string,
      key: string,
      work: (backend: SessionBackend) => Promise<Result>,
      record?: NewRecord,
    ): Promise<Result> => {
      await this.#scheduler?.schedule(Promise.resolve(), `${name} begins`);
      // A result may arrive late. Only calls that begin after the session has ended are checked.
      const hasEnded = this.#ended.has(key);
      const result = await work(this.#backend);
      this.#note(name, key, result, hasEnded, record);
      await this.#scheduler?.schedule(Promise.resolve(), `${name} answers`);
      return result;
    };
    const owners: OwnerIndex = {
      epoch: (owner) => call("epoch", owner, ({ owners: index }) => index!.epoch(owner)),
      bump: (owner) => call("bump", owner, ({ owners: index }) => index!.bump(owner)),
      add: (owner, key) => call("add", key, ({ owners: index }) => index!.add(owner, key)),
      remove: (owner, key) => call("remove", key, ({ owners: index }) => index!.remove(owner, key)),
      keys: (owner) => call("keys", owner, ({ owners: index }) => index!.keys(owner)),
    };
    return {
      owners,
      read: (key) => call("read", key, (backend) => backend.read(key)),
      create: (key, record) => call("create", key, (backend) => backend.create(key, record)),
      swap: (key, version, record) => call("swap", key, (backend) => backend.swap(key, version, record), record),
      touch: (key, idleAt) => call("touch", key, (backend) => backend.touch(key, idleAt)),
      take: (key) => call("take", key, (backend) => backend.take(key)),
    };
  }

  #note(name: string, key: string, result: unknown, hasEnded: boolean, record: NewRecord | undefined): void {
    const { ok, current } = (name === "swap" ? result : {}) as { ok?: boolean; current?: NewRecord };
    const given = name === "read" ? (result as NewRecord | undefined) : ok ? record : current;
    if (
      hasEnded &&
      ((given !== undefined && noteIn(given) === undefined) || (name === "touch" && result === true && !this.#noted.has(key)))
    ) {
      this.#broken.push(`${name} of a session that had ended`);
    }
    const isEnd = (name === "take" && result !== undefined) || (ok === true && noteIn(record!) !== undefined);
    if (!isEnd) return;
    if (this.#ended.size === 0 && name === "swap") this.#becameKey = noteIn(record!);
    this.#ended.add(key);
    if (name === "swap") this.#noted.add(key);
  }
}

/** The new key, if the record is the note of a session that got a new id. */
function noteIn({ data }: NewRecord): string | undefined {
  return (JSON.parse(Buffer.from(data).toString()) as { replaced?: { by: string } }).replaced?.by;
}
