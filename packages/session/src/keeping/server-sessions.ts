import type { Deadline } from "./deadline.ts";
import { mostFlashes, type Flash } from "../record/flash.ts";
import { endAfter, renewalAge } from "./lifetimes.ts";
import type { KeptRecord } from "../record/record.ts";
import type { Commit, Committed, Life, Received, Regeneration, SessionMedium, StoredSession } from "./keeping.ts";
import { apply, noContents, sameContents, type Contents } from "../record/operations.ts";
import type { Created, KeyedStore } from "./backend-records.ts";

/** A session's record in the backend, and where it is. */
interface Kept {
  readonly key: string;
  readonly record: KeptRecord;
}

/** A session that is in a backend, under the hash of the id that its cookie holds. */
class KeyedSession implements StoredSession {
  readonly contents: Contents;
  readonly createdAt: number;
  readonly #store: KeyedStore;
  readonly #received: Received;
  /** As it was loaded, or committed last; `undefined`: nothing is in the backend yet. */
  readonly #kept: Kept | undefined;
  /** The newest record that is known of. */
  #newest: KeptRecord | undefined;
  #claimed: readonly Flash[];
  #gone = false;
  /** Whether the log has it that a change was dropped. */
  #hasSaid = false;

  constructor(store: KeyedStore, received: Received, kept: Kept | undefined, claimed: readonly Flash[] = []) {
    this.#store = store;
    this.#received = received;
    this.#kept = kept;
    this.#newest = kept?.record;
    this.#claimed = claimed;
    this.contents = kept?.record.contents ?? noContents;
    this.createdAt = kept?.record.createdAt ?? store.now();
  }

  get exists(): boolean {
    return this.#kept !== undefined;
  }

  get cached(): boolean {
    return this.#kept?.record.cached ?? false;
  }

  get key(): string | undefined {
    return this.#kept?.key;
  }

  get handle(): string | undefined {
    return this.#kept?.record.handle;
  }

  get expiresAt(): number | undefined {
    const end = this.#kept?.record.expiresAt;
    return end === undefined ? undefined : end - endAfter(0, 0);
  }

  commit(commit: Commit, life: Life): Committed | Promise<Committed> {
    const kept = this.#kept;
    const unchanged = { cookie: undefined, stored: this };
    // What ended meanwhile stays so, and says nothing to the client: it may have got another session by now.
    if (this.#gone) return commit.changed || commit.regeneration !== undefined ? this.#ended() : unchanged;
    if (!commit.changed && commit.regeneration === undefined) {
      this.#use(life);
      return unchanged;
    }
    if (kept === undefined) return this.#create(commit, life);
    return commit.regeneration === undefined ? this.#change(kept, commit, life) : this.#renew(kept, commit, commit.regeneration, life);
  }

  async claim(ids: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const kept = this.#kept;
    const loaded = new Set(this.contents.flashes.map(({ id }) => id));
    const taken = new Set([...ids].filter((id) => loaded.has(id)));
    if (kept === undefined || taken.size === 0) return ids;
    const claimed = this.#gone ? [] : await this.#claim(kept, taken);
    this.#claimed = [...this.#claimed, ...claimed];
    const shown = new Set(claimed.map(({ id }) => id));
    return new Set([...ids].filter((id) => !taken.has(id) || shown.has(id)));
  }

  /** Takes messages out; those that were still there. */
  async #claim({ key }: Kept, taken: ReadonlySet<string>): Promise<readonly Flash[]> {
    const changed = await this.#store.within("take out messages", (deadline) =>
      this.#store.change(deadline, key, this.#newest!, (current) => {
        const flashes = current.contents.flashes.filter(({ id }) => !taken.has(id));
        if (flashes.length === current.contents.flashes.length) return current;
        return { ...current, contents: { data: current.contents.data, flashes }, idleAt: this.#idleAt(current, this.#received) };
      }),
    );
    if (changed === undefined) {
      this.#gone = true;
      return [];
    }
    this.#newest = changed.after;
    return changed.before.contents.flashes.filter(({ id }) => taken.has(id));
  }

  async abandon(): Promise<void> {
    const kept = this.#kept;
    const claimed = this.#claimed;
    this.#claimed = [];
    if (kept === undefined || this.#gone) return;
    if (claimed.length === 0) {
      this.#use(this.#received);
      return;
    }
    try {
      await this.#store.within("put back messages", (deadline) =>
        this.#store.change(deadline, kept.key, this.#newest!, (current) => {
          const { data, flashes } = current.contents;
          const all = [...claimed, ...flashes].slice(-mostFlashes);
          return { ...current, contents: this.#store.fresh({ data, flashes: all }), idleAt: this.#idleAt(current, this.#received) };
        }),
      );
    } catch (error) {
      // The answer is an error already, and this would only hide it.
      this.#store.warn("put back messages that were not shown", error);
    }
  }

  async end(): Promise<void> {
    const kept = this.#kept;
    if (kept !== undefined) await this.#store.within("end a session", (deadline) => this.#store.take(kept.key, deadline));
  }

  async #create({ next, regeneration }: Commit, life: Life): Promise<Committed> {
    const made = {
      contents: next,
      ...this.#beginning(regeneration?.at ?? this.createdAt, life),
      owner: regeneration?.owner,
      epoch: undefined,
      handle: this.#store.newHandle(),
    };
    const created = await this.#store.within("commit a session", (deadline) => this.#store.create(deadline, made));
    if (created === undefined) return this.#ended();
    const cookie = this.#store.ids.sign(this.#received.name, created.id);
    return { cookie, stored: this.#next({ key: created.id.key, record: created.record }) };
  }

  async #change(kept: Kept, { next, operations }: Commit, life: Life): Promise<Committed> {
    const change = (current: KeptRecord) => {
      const contents = current.version === kept.record.version ? next : this.#store.fresh(apply(operations, current.contents));
      return sameContents(current.contents, contents) ? current : { ...current, contents, idleAt: this.#idleAt(current, life) };
    };
    const changed = await this.#store.within("commit a session", (deadline) =>
      this.#store.change(deadline, kept.key, this.#newest!, change),
    );
    if (changed === undefined) return this.#ended();
    return { cookie: undefined, stored: this.#next({ key: kept.key, record: changed.after }) };
  }

  /** Moves the session under a new id: the new record is there before the old one goes, so that a crash loses none. */
  async #renew(kept: Kept, { next, operations }: Commit, { at, owner, keep }: Regeneration, life: Life): Promise<Committed> {
    const store = this.#store;
    const known = this.#newest!;
    const onto = ({ version, contents }: KeptRecord) =>
      version === kept.record.version ? next : store.fresh(apply(operations, keepOnly(contents, keep)));
    const made = {
      contents: onto(known),
      ...this.#beginning(at, life),
      owner: owner ?? known.owner,
      // Whoever is named anew has just shown who he is; whoever stays is measured by when he was named.
      epoch: owner === undefined ? known.epoch : undefined,
      handle: store.newHandle(),
    };
    const created = await store.within("commit a session", async (deadline) => {
      const fresh = await store.create(deadline, made);
      try {
        const old = await store.replace(kept.key, deadline);
        if (fresh === undefined) return undefined;
        // Whoever revokes now finds the new session; whoever has done so before is found here.
        if (owner === undefined && (await store.isRevoked(deadline, old ?? known))) {
          await store.take(fresh.id.key, deadline);
          return undefined;
        }
        if (old?.version === known.version) return fresh;
        const record = await this.#carryOver(deadline, fresh, {
          contents: old === undefined ? store.fresh(apply(operations, noContents)) : onto(old),
          ...(owner === undefined && { owner: old?.owner, epoch: old?.epoch }),
        });
        return record && { id: fresh.id, record };
      } catch (error) {
        if (fresh !== undefined) store.discard(fresh.id.key);
        throw error;
      }
    });
    if (created === undefined) return this.#ended();
    const cookie = store.ids.sign(this.#received.name, created.id);
    return { cookie, stored: this.#next({ key: created.id.key, record: created.record }) };
  }

  /** What was changed meanwhile goes into the new record; of what has ended only what this request did goes on. */
  async #carryOver(deadline: Deadline, { id, record }: Created, changes: Partial<KeptRecord>): Promise<KeptRecord | undefined> {
    const changed = await this.#store.change(deadline, id.key, record, (current) => ({ ...current, ...changes }));
    if (record.owner !== undefined && changed?.after.owner === undefined) this.#store.disown(record.owner, id.key);
    return changed?.after;
  }

  async spare(owner: string, epoch: number): Promise<void> {
    const kept = this.#kept;
    if (kept === undefined || this.#gone || this.#newest!.owner !== owner) return;
    const changed = await this.#store.within("keep a session", (deadline) =>
      this.#store.change(deadline, kept.key, this.#newest!, (current) => ({ ...current, epoch })),
    );
    if (changed === undefined) this.#gone = true;
    else this.#newest = changed.after;
  }

  #next(kept: Kept): KeyedSession {
    return new KeyedSession(this.#store, this.#received, kept, this.#claimed);
  }

  /** The session ended while the request went on: its changes are dropped, the answer stays. */
  #ended(): Committed {
    this.#gone = true;
    if (!this.#hasSaid) this.#store.logger.info("A change to a session was dropped: the session had ended meanwhile.");
    this.#hasSaid = true;
    return { cookie: undefined, stored: this };
  }

  #beginning(createdAt: number, { maxAge, idleTimeout }: Life) {
    const expiresAt = endAfter(createdAt, maxAge);
    return { createdAt, expiresAt, idleAt: idleTimeout === undefined ? expiresAt : endAfter(this.#store.now(), idleTimeout) };
  }

  #idleAt(current: KeptRecord, { idleTimeout }: Life): number {
    return idleTimeout === undefined ? current.expiresAt : endAfter(this.#store.now(), idleTimeout);
  }

  /** A session that is used stays, without a write each time. */
  #use({ idleTimeout }: Life): void {
    if (this.#kept === undefined || idleTimeout === undefined) return;
    const idleAt = endAfter(this.#store.now(), idleTimeout);
    if (idleAt - this.#newest!.idleAt >= renewalAge(idleTimeout) * 1000) this.#store.touch(this.#kept.key, idleAt);
  }
}

/** What stays of what was loaded; messages go with the rest, for somebody else may have left them. */
function keepOnly(contents: Contents, keep: ReadonlySet<string> | undefined): Contents {
  if (keep === undefined) return contents;
  return { data: Object.fromEntries(Object.entries(contents.data).filter(([key]) => keep.has(key))), flashes: [] };
}

/** Keeps sessions in a backend. What they hold is loaded at first access, within a deadline, as every commit. */
export class KeyedMedium implements SessionMedium {
  readonly #store: KeyedStore;

  constructor(store: KeyedStore) {
    this.#store = store;
  }

  load(received: Received): StoredSession | Promise<StoredSession> {
    const keys = this.#keys(received);
    if (keys.length === 0) return new KeyedSession(this.#store, received, undefined);
    return this.#store.within("load a session", async (deadline) => {
      for (const key of keys) {
        const record = this.#store.live(await deadline.call(() => this.#store.backend.read(key)));
        // The setting may be shorter by now than the one that the session began with.
        const lives = record !== undefined && this.#store.now() < endAfter(record.createdAt, received.maxAge);
        if (lives) return new KeyedSession(this.#store, received, { key, record });
      }
      return new KeyedSession(this.#store, received, undefined);
    });
  }

  async end(received: Received, but: string | undefined): Promise<void> {
    const keys = this.#keys(received).filter((key) => key !== but);
    await this.#store.within("end a session", (deadline) => Promise.all(keys.map((key) => this.#store.take(key, deadline))));
  }

  #keys({ name, values, maxAge }: Received): readonly string[] {
    return this.#store.ids.keys(name, values, maxAge);
  }
}
