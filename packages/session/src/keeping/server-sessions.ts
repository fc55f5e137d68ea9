import { apply, mostFlashes, noContents, sameContents, type Contents, type Flash } from "../record/contents.ts";
import { endAfter, renewalAge, type DecodedRecord, type Lifetime } from "../record/record.ts";
import type { BackendRecords, Created } from "./backend-records.ts";
import type { Deadline } from "./deadline.ts";
import type { SessionChanges, Committed, KeptSession, Received, Regeneration, SessionKeeper } from "./keeping.ts";

/** Keeps sessions in a backend. A session is loaded at the first access; each load and each commit has a deadline. */
export class ServerSessions implements SessionKeeper {
  readonly #records: BackendRecords;

  constructor(records: BackendRecords) {
    this.#records = records;
  }

  load(received: Received): KeptSession | Promise<KeptSession> {
    const keys = this.#keys(received);
    if (keys.length === 0) return new ServerSession(this.#records, received, undefined);
    return this.#records.within("load a session", async (deadline) => {
      for (const key of keys) {
        const record = await this.#records.find(deadline, key);
        // The maxAge of this request may be shorter than the one that the session began with.
        const isAlive = record !== undefined && this.#records.now() < endAfter(record.createdAt, received.maxAge);
        if (isAlive) return new ServerSession(this.#records, received, { key, record });
      }
      return new ServerSession(this.#records, received, undefined);
    });
  }

  async end(received: Received, endedKey: string | undefined): Promise<void> {
    const keys = this.#keys(received).filter((key) => key !== endedKey);
    await this.#records.within("end a session", (deadline) => Promise.all(keys.map((key) => this.#records.take(key, deadline))));
  }

  #keys({ cookieName, values, maxAge }: Received): readonly string[] {
    return this.#records.ids.recordKeys(cookieName, values, maxAge);
  }
}

/** A session's record in the backend, and its key there. */
interface Found {
  readonly key: string;
  readonly record: DecodedRecord;
}

/** A session in a backend, under the hash of the id in its cookie. */
class ServerSession implements KeptSession {
  readonly contents: Contents;
  readonly createdAt: number;
  readonly #records: BackendRecords;
  readonly #received: Received;
  /** As it was loaded, or committed last; `undefined`: the backend does not have it yet. */
  readonly #found: Found | undefined;
  /** The newest record that is known. */
  #newest: DecodedRecord | undefined;
  #claimed: readonly Flash[];
  /** Whether the session has ended while the request was running. */
  #ended = false;
  /** Whether it was already logged that a change was dropped. */
  #hasLogged = false;

  constructor(records: BackendRecords, received: Received, found: Found | undefined, claimed: readonly Flash[] = []) {
    this.#records = records;
    this.#received = received;
    this.#found = found;
    this.#newest = found?.record;
    this.#claimed = claimed;
    this.contents = found?.record.contents ?? noContents;
    this.createdAt = found?.record.createdAt ?? records.now();
  }

  get exists(): boolean {
    return this.#found !== undefined;
  }

  get cached(): boolean {
    return this.#found?.record.cached ?? false;
  }

  get recordKey(): string | undefined {
    return this.#found?.key;
  }

  get handle(): string | undefined {
    return this.#found?.record.handle;
  }

  get expiresAt(): number | undefined {
    const end = this.#found?.record.expiresAt;
    return end === undefined ? undefined : end - endAfter(0, 0);
  }

  commit(changes: SessionChanges, lifetime: Lifetime): Committed | Promise<Committed> {
    const found = this.#found;
    const unchanged = { cookie: undefined, kept: this };
    const hasChanges = changes.changed || changes.regeneration !== undefined;
    // A session that has ended stays ended. The cookie is not changed: the client may have another session by now.
    if (this.#ended) return hasChanges ? this.#dropped() : unchanged;
    if (!hasChanges) {
      this.#renew(lifetime);
      return unchanged;
    }
    if (found === undefined) return this.#create(changes, lifetime);
    return changes.regeneration === undefined
      ? this.#save(found, changes, lifetime)
      : this.#regenerate(found, changes, changes.regeneration, lifetime);
  }

  async #create({ next, regeneration }: SessionChanges, lifetime: Lifetime): Promise<Committed> {
    const record = {
      contents: next,
      ...this.#beginning(regeneration?.at ?? this.createdAt, lifetime),
      owner: regeneration?.owner,
      epoch: undefined,
      handle: this.#records.newHandle(),
    };
    return this.#sendId(await this.#records.within("commit a session", (deadline) => this.#records.create(deadline, record)));
  }

  async #save(found: Found, { next, operations }: SessionChanges, lifetime: Lifetime): Promise<Committed> {
    const edit = (current: DecodedRecord) => {
      const contents = current.version === found.record.version ? next : this.#records.fresh(apply(operations, current.contents));
      return sameContents(current.contents, contents) ? current : { ...current, contents, idleAt: this.#idleAt(current, lifetime) };
    };
    const edited = await this.#records.within("commit a session", (deadline) =>
      this.#records.edit(deadline, found.key, this.#newest!, edit),
    );
    if (edited === undefined) return this.#dropped();
    return { cookie: undefined, kept: this.#committed({ key: found.key, record: edited.after }) };
  }

  /** Moves the session under a new id. The new record is created before the old one is removed, so that a crash loses neither. */
  async #regenerate(found: Found, changes: SessionChanges, { at, owner, keep }: Regeneration, lifetime: Lifetime): Promise<Committed> {
    const records = this.#records;
    const known = this.#newest!;
    const { next, operations } = changes;
    const onto = ({ version, contents }: DecodedRecord) =>
      version === found.record.version ? next : records.fresh(apply(operations, keepOnly(contents, keep)));
    const record = {
      contents: onto(known),
      ...this.#beginning(at, lifetime),
      owner: owner ?? known.owner,
      // A new owner has just logged in, so the epoch is read again. If the owner stays, the epoch of the log-in counts.
      epoch: owner === undefined ? known.epoch : undefined,
      handle: records.newHandle(),
    };
    const moved = await records.within("commit a session", async (deadline) => {
      const created = await records.create(deadline, record);
      try {
        const old = await records.replace(found.key, deadline);
        if (created === undefined) return undefined;
        // A revocation that begins from now on finds the new session. One that has begun before is noticed here.
        if (owner === undefined && (await records.isRevoked(deadline, old ?? known))) {
          await records.take(created.id.key, deadline);
          return undefined;
        }
        if (old?.version === known.version) return created;
        const carried = await this.#carryOver(deadline, created, {
          contents: old === undefined ? records.fresh(apply(operations, noContents)) : onto(old),
          ...(owner === undefined && { owner: old?.owner, epoch: old?.epoch }),
        });
        return carried && { id: created.id, record: carried };
      } catch (error) {
        if (created !== undefined) records.discard(created.id.key);
        throw error;
      }
    });
    return this.#sendId(moved);
  }

  /**
   * Puts what others have changed in the meantime into the new record; if the old session has ended, only the changes of
   * this request remain.
   */
  async #carryOver(deadline: Deadline, { id, record }: Created, changed: Partial<DecodedRecord>): Promise<DecodedRecord | undefined> {
    const edited = await this.#records.edit(deadline, id.key, record, (current) => ({ ...current, ...changed }));
    if (record.owner !== undefined && edited?.after.owner === undefined) this.#records.removeFromOwner(record.owner, id.key);
    return edited?.after;
  }

  #sendId(created: Created | undefined): Committed {
    if (created === undefined) return this.#dropped();
    const cookie = this.#records.ids.sign(this.#received.cookieName, created.id);
    return { cookie, kept: this.#committed({ key: created.id.key, record: created.record }) };
  }

  /** The session ended while the request was running: its changes are dropped, and the request still gets its answer. */
  #dropped(): Committed {
    this.#ended = true;
    if (!this.#hasLogged) this.#records.logger.info("A change to a session was dropped: the session had ended in the meantime.");
    this.#hasLogged = true;
    return { cookie: undefined, kept: this };
  }

  #committed(found: Found): ServerSession {
    return new ServerSession(this.#records, this.#received, found, this.#claimed);
  }

  async claim(ids: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const found = this.#found;
    const loaded = new Set(this.contents.flashes.map(({ id }) => id));
    const taken = new Set([...ids].filter((id) => loaded.has(id)));
    if (found === undefined || taken.size === 0) return ids;
    const claimed = this.#ended ? [] : await this.#claim(found, taken);
    this.#claimed = [...this.#claimed, ...claimed];
    const shown = new Set(claimed.map(({ id }) => id));
    return new Set([...ids].filter((id) => !taken.has(id) || shown.has(id)));
  }

  /** Removes messages from the record; gives those that were still there. */
  async #claim({ key }: Found, taken: ReadonlySet<string>): Promise<readonly Flash[]> {
    const edited = await this.#records.within("take out messages", (deadline) =>
      this.#records.edit(deadline, key, this.#newest!, (current) => {
        const flashes = current.contents.flashes.filter(({ id }) => !taken.has(id));
        if (flashes.length === current.contents.flashes.length) return current;
        return { ...current, contents: { data: current.contents.data, flashes }, idleAt: this.#idleAt(current, this.#received) };
      }),
    );
    this.#follow(edited?.after);
    return edited?.before.contents.flashes.filter(({ id }) => taken.has(id)) ?? [];
  }

  async rollBack(): Promise<void> {
    const found = this.#found;
    const claimed = this.#claimed;
    this.#claimed = [];
    if (found === undefined || this.#ended) return;
    if (claimed.length === 0) {
      this.#renew(this.#received);
      return;
    }
    try {
      await this.#records.within("put back messages", (deadline) =>
        this.#records.edit(deadline, found.key, this.#newest!, (current) => {
          const { data, flashes } = current.contents;
          const all = [...claimed, ...flashes].slice(-mostFlashes);
          return { ...current, contents: this.#records.fresh({ data, flashes: all }), idleAt: this.#idleAt(current, this.#received) };
        }),
      );
    } catch (error) {
      // The response is an error already, and this one would hide its cause.
      this.#records.warn("put back messages that were not shown", error);
    }
  }

  async end(): Promise<void> {
    const found = this.#found;
    if (found !== undefined) await this.#records.within("end a session", (deadline) => this.#records.take(found.key, deadline));
  }

  async surviveRevocation(owner: string, epoch: number): Promise<void> {
    const found = this.#found;
    if (found === undefined || this.#ended || this.#newest!.owner !== owner) return;
    const edited = await this.#records.within("keep a session", (deadline) =>
      this.#records.edit(deadline, found.key, this.#newest!, (current) => ({ ...current, epoch })),
    );
    this.#follow(edited?.after);
  }

  /** Keeps the record after an edit as the newest one; `undefined`: the session has ended. */
  #follow(newest: DecodedRecord | undefined): void {
    if (newest === undefined) this.#ended = true;
    else this.#newest = newest;
  }

  #beginning(createdAt: number, { maxAge, idleTimeout }: Lifetime) {
    const expiresAt = endAfter(createdAt, maxAge);
    return { createdAt, expiresAt, idleAt: idleTimeout === undefined ? expiresAt : endAfter(this.#records.now(), idleTimeout) };
  }

  #idleAt({ expiresAt }: DecodedRecord, { idleTimeout }: Lifetime): number {
    return idleTimeout === undefined ? expiresAt : endAfter(this.#records.now(), idleTimeout);
  }

  /** Moves the idle time of a session that was used but not changed, though not at every use. */
  #renew({ idleTimeout }: Lifetime): void {
    if (this.#found === undefined || idleTimeout === undefined) return;
    const idleAt = endAfter(this.#records.now(), idleTimeout);
    if (idleAt - this.#newest!.idleAt >= renewalAge(idleTimeout) * 1000) this.#records.touch(this.#found.key, idleAt);
  }
}

/** The contents with some keys only, and without messages, which may be for another visitor of the same browser. */
function keepOnly(contents: Contents, keep: ReadonlySet<string> | undefined): Contents {
  if (keep === undefined) return contents;
  return { data: Object.fromEntries(Object.entries(contents.data).filter(([key]) => keep.has(key))), flashes: [] };
}
