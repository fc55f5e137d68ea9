import { lastMillisecond, type DecodedRecord } from "../record/record.ts";
import { endAfter, lifetimeOf, type Lifetime } from "../record/saved-session.ts";
import type { SessionData } from "../record/session-data.ts";
import type { BackendRecords } from "./backend-records.ts";
import type { OwnerIndex } from "./backend.ts";
import type { Deadline } from "./deadline.ts";
import { SessionUnavailableError } from "./failures.ts";
import type { FoundRecord } from "./keeping.ts";
import { wrongResult } from "./results.ts";

/** One session in the list of an owner. */
export interface OwnedSession<Data extends object = SessionData> {
  /** Public name, for `revoke`. */
  readonly handle: string;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  /**
   * When it was last used; may be too early by a tenth of `idleTimeout`, or by 15 seconds if that is more. `undefined` without an
   * `idleTimeout`.
   */
  readonly lastSeenAt: number | undefined;
  readonly expiresAt: number;
  /** Whether it is the session of the running request. */
  readonly current: boolean;
  /** Its values. */
  readonly data: Readonly<Partial<Data>> & Readonly<Record<string, unknown>>;
}

/** The part of a session of the running request that is used here. */
export interface OwnSession {
  /** The key of its record in the backend. */
  recordKey(): Promise<string | undefined>;
  /** Keeps the session alive when the other sessions of its owner are revoked. */
  surviveRevocation(owner: string, epoch: number): Promise<void>;
}

/** The number of sessions that are read, or removed, at the same time. */
const batchSize = 32;

/** The sessions of an owner in the configured backend, which has an index of owners. */
export class OwnedSessions {
  readonly #records: BackendRecords;
  readonly #owners: OwnerIndex;
  readonly #lifetime: Lifetime;

  constructor(records: BackendRecords, lifetime: Lifetime) {
    this.#records = records;
    this.#owners = records.backend.owners!;
    this.#lifetime = lifetime;
  }

  /** The live sessions, the newest first. `own`: the sessions of the running request. */
  async list(owner: string, own: readonly OwnSession[]): Promise<OwnedSession<object>[]> {
    const keys = await keysOf(own);
    const found = await this.#find(owner);
    return found
      .map(({ key, record }) => {
        const described = describeSession(record, this.#lifetime);
        if (!keys.has(key)) return { ...described, current: false };
        return { ...described, lastSeenAt: record.idleTimeout === undefined ? undefined : this.#records.now(), current: true };
      })
      .toSorted((one, other) => other.createdAt - one.createdAt);
  }

  /** Ends the session with this handle; `false` when the owner has no such session. */
  async revoke(owner: string, handle: string): Promise<boolean> {
    const found = await this.#find(owner);
    return (await this.#take(found.filter(({ record }) => record.handle === handle))) > 0;
  }

  /**
   * Ends all sessions except those in `own`, including those that are created or regenerated at this moment; returns their number.
   */
  async revokeExcept(owner: string, own: readonly OwnSession[]): Promise<number> {
    checkOwner(owner);
    // Waits for the commits of this request, so that they do not lose their sessions.
    await keysOf(own);
    // The epoch moves before the list is read. A session that is created in the meantime is in the list, or its creation sees the new epoch.
    const epoch = await this.#records.within("revoke sessions", async (deadline) => {
      const bumped: unknown = await deadline.call(() => this.#owners.bump(owner));
      if (typeof bumped !== "number") throw new SessionUnavailableError(wrongResult("owners.bump", "a number", bumped));
      return bumped;
    });
    for (const session of own) await session.surviveRevocation(owner, epoch);
    // Again, because a running commit may have given a session another key.
    const keys = await keysOf(own);
    const found = await this.#find(owner);
    return this.#take(found.filter(({ key }) => !keys.has(key)));
  }

  async #find(owner: string): Promise<readonly FoundRecord[]> {
    checkOwner(owner);
    const keys = await this.#records.within("list sessions", async (deadline) => {
      const listed: unknown = await deadline.call(() => this.#owners.keys(owner));
      if (isListOfStrings(listed)) return listed;
      throw new SessionUnavailableError(wrongResult("owners.keys", "an array of strings", listed));
    });
    const found = await this.#batches(keys, "list sessions", async (key, deadline) => ({
      key,
      record: await this.#records.find(deadline, key, this.#lifetime),
    }));
    // An entry may exist before its record is created, and after it is removed. The owner in the record decides.
    return found.flatMap(({ key, record }) => (record?.owner === owner ? [{ key, record }] : []));
  }

  async #take(found: readonly FoundRecord[]): Promise<number> {
    const taken = await this.#batches(found, "revoke sessions", ({ key }, deadline) => this.#records.take(key, deadline));
    return taken.filter((record) => record !== undefined).length;
  }

  /** Does the work for all items in batches, each with its own deadline, so that a list may have any length. */
  async #batches<Item, Result>(
    items: readonly Item[],
    what: string,
    work: (item: Item, deadline: Deadline) => Promise<Result>,
  ): Promise<readonly Result[]> {
    const results: Result[] = [];
    for (let start = 0; start < items.length; start += batchSize) {
      const batch = items.slice(start, start + batchSize);
      results.push(...(await this.#records.within(what, (deadline) => Promise.all(batch.map((item) => work(item, deadline))))));
    }
    return results;
  }
}

/** @throws TypeError for what no session has as its owner, such as a number: the sessions of `"42"` would stay. */
function checkOwner(owner: unknown): void {
  if (typeof owner === "string" && owner !== "") return;
  throw new TypeError("Cannot look for the sessions of an owner: the owner must be a string that is not empty, such as `user:${id}`.");
}

/** A session as a list shows it. */
export function describeSession(record: DecodedRecord, lifetime: Lifetime): Omit<OwnedSession<object>, "current"> {
  const { handle, createdAt, idleAt, idleTimeout, expiresAt, contents, overrides } = record;
  return {
    handle,
    createdAt,
    lastSeenAt: idleTimeout === undefined ? undefined : idleAt - endAfter(0, idleTimeout),
    expiresAt: lastMillisecond(Math.min(expiresAt, endAfter(createdAt, lifetimeOf(lifetime, overrides).maxAge))),
    data: contents.data,
  };
}

function isListOfStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

async function keysOf(sessions: readonly OwnSession[]): Promise<ReadonlySet<string | undefined>> {
  return new Set(await Promise.all(sessions.map((session) => session.recordKey())));
}
