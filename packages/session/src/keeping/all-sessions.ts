import { withoutRequest } from "@mini/core/base";
import type { SessionRecord } from "../record/record.ts";
import type { Lifetime } from "../record/saved-session.ts";
import type { SessionData } from "../record/session-data.ts";
import type { BackendRecords } from "./backend-records.ts";
import { reasonOf, SessionUnavailableError } from "./failures.ts";
import { describeSession, type OwnedSession } from "./owned-sessions.ts";
import { wrongResult } from "./results.ts";

/** A session in the list of all sessions. */
export interface ListedSession<Data extends object = SessionData> extends Omit<OwnedSession<Data>, "current"> {
  /** The owner of the session; `undefined`: none. */
  readonly owner: string | undefined;
}

/** All sessions in the configured backend, which has the method that is called. */
export class AllSessions {
  readonly #records: BackendRecords;
  readonly #lifetime: Lifetime;

  constructor(records: BackendRecords, lifetime: Lifetime) {
    this.#records = records;
    this.#lifetime = lifetime;
  }

  /** @throws SessionUnavailableError. */
  async count(): Promise<number> {
    const records = this.#records;
    return withoutDeadline(records, "count all sessions", async () => {
      const counted: unknown = await records.backend.count!();
      if (typeof counted !== "number") throw wrongResult("count", "a number", counted);
      return counted;
    });
  }

  /** @throws SessionUnavailableError. */
  async *list(): AsyncGenerator<ListedSession<object>> {
    const records = this.#records;
    const doing = "list all sessions";
    const stored = await withoutDeadline(records, doing, async () => iteratorOf(records.backend.all!()));
    try {
      for (;;) {
        const found = await withoutDeadline(records, doing, async () => {
          const step: unknown = await stored.next();
          if (typeof step !== "object" || step === null) throw wrongResult("all().next", "an object with done and value", step);
          const { done, value } = step as { readonly done?: unknown; readonly value?: unknown };
          if (done === true) return undefined;
          if (!Array.isArray(value)) throw wrongResult("all().next", "an array [key, record] as its value", value);
          return { record: records.live(value[1] as SessionRecord, this.#lifetime, "all") };
        });
        if (found === undefined) return;
        const { record } = found;
        if (record === undefined || record.replaced !== undefined) continue;
        yield { ...describeSession(record, this.#lifetime), owner: record.owner };
      }
    } finally {
      await endList(records, stored);
    }
  }
}

/** @throws TypeError for a result that cannot be iterated. */
function iteratorOf(listed: unknown): AsyncIterator<unknown> {
  const iterator = (listed as Partial<AsyncIterable<unknown>> | null | undefined)?.[Symbol.asyncIterator]?.();
  if (typeof iterator?.next !== "function") throw wrongResult("all", "an async iterable", listed);
  return iterator;
}

/** Tells the backend that no more sessions are wanted. If that fails, it is logged, and the caller still gets the sessions or the error. */
async function endList(records: BackendRecords, stored: AsyncIterator<unknown>): Promise<void> {
  const ending = records.within("end a list of sessions", (deadline) => deadline.call(async () => stored.return?.()));
  await ending.catch(() => undefined);
}

/** The result of a call without a deadline: it may take any time. @throws SessionUnavailableError */
async function withoutDeadline<Result>({ logger }: BackendRecords, what: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await withoutRequest(work);
  } catch (error) {
    logger.error(`Cannot ${what}: ${reasonOf(error)}`);
    throw new SessionUnavailableError(error);
  }
}
