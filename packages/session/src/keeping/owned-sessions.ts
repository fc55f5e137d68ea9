import { ConfigError } from "@mini/core";
import type { KeyedStore } from "./backend-records.ts";
import type { OwnerIndex } from "./backend.ts";
import type { Deadline } from "./deadline.ts";
import { endAfter } from "./lifetimes.ts";
import type { KeptRecord } from "../record/record.ts";
import type { SessionData } from "../record/session-data.ts";

/** One session of an owner, as a list of them shows it. */
export interface OwnedSession<Data extends object = SessionData> {
  /** Public name, for `revoke`. */
  readonly handle: string;
  /** Milliseconds since the Unix epoch, as the other times. */
  readonly createdAt: number;
  /** When it was last used, less a tenth of `idleTimeout`; `undefined` without an `idleTimeout`. */
  readonly lastSeenAt: number | undefined;
  readonly expiresAt: number;
  /** Whether it is the session of the running request. */
  readonly current: boolean;
  /** What it holds. */
  readonly data: Readonly<Partial<Data>> & Readonly<Record<string, unknown>>;
}

interface Found {
  readonly key: string;
  readonly record: KeptRecord;
}

/** The least that is needed of a session of the running request. */
export interface OwnSession {
  key(): Promise<string | undefined>;
  spare(owner: string, epoch: number): Promise<void>;
}

/** Sessions that are read, or removed, at once. */
const together = 32;

/** The sessions of an owner in the configured backend. */
export class OwnedSessions {
  readonly #store: KeyedStore;
  readonly #owners: OwnerIndex;
  readonly #idleTimeout: number | undefined;

  /** @throws ConfigError for a backend that has no index of owners. */
  constructor(store: KeyedStore | undefined, idleTimeout: number | undefined) {
    const owners = store?.backend.owners;
    if (store === undefined || owners === undefined) {
      throw new ConfigError(
        'Cannot look for the sessions of an owner: the session setting "backend" must be one that knows owners, such as new LmdbBackend({ root }).',
      );
    }
    this.#store = store;
    this.#owners = owners;
    this.#idleTimeout = idleTimeout;
  }

  /** Those that are alive, the newest first. `own`: the running request's sessions. */
  async list(owner: string, own: readonly OwnSession[]): Promise<OwnedSession<object>[]> {
    const keys = await keysOf(own);
    const found = await this.#find(owner);
    return found
      .map(({ key, record }) => ({
        handle: record.handle,
        createdAt: record.createdAt,
        lastSeenAt: this.#lastSeenAt(record, keys.has(key)),
        expiresAt: record.expiresAt - endAfter(0, 0),
        current: keys.has(key),
        data: record.contents.data,
      }))
      .toSorted((one, other) => other.createdAt - one.createdAt);
  }

  #lastSeenAt({ idleAt }: KeptRecord, isOwn: boolean): number | undefined {
    if (this.#idleTimeout === undefined) return undefined;
    return isOwn ? this.#store.now() : idleAt - endAfter(0, this.#idleTimeout);
  }

  /** Ends the session of that name; `false` when the owner has none. */
  async revoke(owner: string, handle: string): Promise<boolean> {
    const found = await this.#find(owner);
    return (await this.#take(found.filter(({ record }) => record.handle === handle))) > 0;
  }

  /** Ends all but those in `own`, also those that get made or renewed at this moment; how many there were. */
  async revokeExcept(owner: string, own: readonly OwnSession[]): Promise<number> {
    // What this request commits at this moment is not to be hit.
    await keysOf(own);
    // Counted before they are looked for: whoever makes one meanwhile is found here, or finds the count changed.
    const epoch = await this.#store.within("revoke sessions", (deadline) => deadline.call(() => this.#owners.bump(owner)));
    for (const session of own) await session.spare(owner, epoch);
    // Asked for now, for a commit that was under way may have given one another key.
    const keys = await keysOf(own);
    const found = await this.#find(owner);
    return this.#take(found.filter(({ key }) => !keys.has(key)));
  }

  async #find(owner: string): Promise<readonly Found[]> {
    const keys = await this.#store.within("list sessions", (deadline) => deadline.call(() => this.#owners.keys(owner)));
    const found = await this.#batches(keys, "list sessions", async (key, deadline) => ({
      key,
      record: await this.#store.find(deadline, key),
    }));
    // An entry may be there before its record is, or after it: what the record says counts.
    return found.flatMap(({ key, record }) => (record?.owner === owner ? [{ key, record }] : []));
  }

  async #take(found: readonly Found[]): Promise<number> {
    const taken = await this.#batches(found, "revoke sessions", ({ key }, deadline) => this.#store.take(key, deadline));
    return taken.filter((record) => record !== undefined).length;
  }

  /** Works through a list, however long it is: the deadline is for each batch. */
  async #batches<Item, Result>(
    items: readonly Item[],
    what: string,
    work: (item: Item, deadline: Deadline) => Promise<Result>,
  ): Promise<readonly Result[]> {
    const results: Result[] = [];
    for (let start = 0; start < items.length; start += together) {
      const batch = items.slice(start, start + together);
      results.push(...(await this.#store.within(what, (deadline) => Promise.all(batch.map((item) => work(item, deadline))))));
    }
    return results;
  }
}

async function keysOf(sessions: readonly OwnSession[]): Promise<ReadonlySet<string | undefined>> {
  return new Set(await Promise.all(sessions.map((session) => session.key())));
}
