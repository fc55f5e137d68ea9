import { apply, keepOnly, mostFlashes, noContents, sameContents, withoutMessages, type Contents, type Flash } from "../record/contents.ts";
import {
  choose,
  endAfter,
  lastMillisecond,
  idleFrom,
  lifetimeOf,
  renewalAge,
  sameChosen,
  type Chosen,
  type DecodedRecord,
  type Limits,
  type Replaced,
} from "../record/record.ts";
import type { BackendRecords, Created } from "./backend-records.ts";
import type { Deadline } from "./deadline.ts";
import type { SessionChanges, Committed, Found, KeptSession, Known, Received, Regeneration } from "./keeping.ts";

/** A session in a backend, under the hash of the id in its cookie. */
export class ServerSession implements KeptSession {
  readonly contents: Contents;
  readonly createdAt: number;
  readonly room = 60 * 1024;
  readonly #records: BackendRecords;
  readonly #received: Received;
  readonly #found: Found | undefined;
  readonly #replaced: Replaced | undefined;
  /** The newest record that is known. */
  #newest: DecodedRecord | undefined;
  #claimed: readonly Flash[];
  /** Whether the session has ended while the request was running. */
  #ended = false;
  /** Whether it was already logged that a change was dropped. */
  #hasLogged = false;

  constructor(records: BackendRecords, received: Received, { found, replaced, claimed = [] }: Known) {
    this.#records = records;
    this.#received = received;
    this.#found = found;
    this.#replaced = replaced;
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

  get chosen(): Chosen | undefined {
    return this.#found?.record.chosen;
  }

  get handle(): string | undefined {
    return this.#found?.record.handle;
  }

  get expiresAt(): number | undefined {
    const end = this.#found?.record.expiresAt;
    return end === undefined ? undefined : lastMillisecond(end);
  }

  commit(changes: SessionChanges, limits: Limits): Committed | Promise<Committed> {
    const { regeneration } = changes;
    if (!changes.changed && regeneration === undefined) {
      if (!this.#ended) this.#renew(limits);
      return { cookie: undefined, kept: this };
    }
    // A session that has ended stays ended, and its client may have another by now. Only a log-in begins a new one.
    if (this.#ended && regeneration?.owner === undefined) return this.#dropped();
    const found = this.#found;
    if (found === undefined) return this.#create(changes, limits);
    return regeneration === undefined ? this.#save(found, changes, limits) : this.#regenerate(found, changes, regeneration, limits);
  }

  async #create(changes: SessionChanges, limits: Limits): Promise<Committed> {
    const { regeneration } = changes;
    const replaced = this.#replaced;
    const created = await this.#records.within("commit a session", async (deadline) => {
      const successor = replaced && (await this.#records.successor(deadline, replaced, limits));
      const owner = regeneration?.owner;
      // The client has the new id by now, or is about to get it. A cookie of another session would log it out.
      if (successor !== undefined && owner === undefined) return undefined;
      const isSame = successor !== undefined && successor.owner === owner;
      const contents = isSame ? this.#onto(withoutMessages(successor.contents), changes, regeneration?.keep) : changes.next;
      return this.#records.create(deadline, {
        contents,
        ...this.#beginning(regeneration?.at ?? this.createdAt, limits, undefined),
        owner,
        epoch: undefined,
        handle: this.#records.newHandle(),
      });
    });
    return this.#sendId(created);
  }

  async #save(found: Found, { next, operations }: SessionChanges, limits: Limits): Promise<Committed> {
    const edit = (current: DecodedRecord) => {
      const contents = current.version === found.record.version ? next : this.#records.fresh(apply(operations, current.contents));
      const chosen = choose(current.chosen, limits.chosen);
      const isSame = sameChosen(current.chosen, chosen);
      if (isSame && sameContents(current.contents, contents)) return current;
      const { maxAge } = lifetimeOf(limits, current.chosen);
      const expiresAt = isSame || chosen?.maxAge === current.chosen?.maxAge ? current.expiresAt : endAfter(current.createdAt, maxAge);
      return { ...current, contents, chosen, expiresAt, ...this.#idle({ ...current, expiresAt }, limits) };
    };
    const edited = await this.#records.within("commit a session", (deadline) =>
      this.#records.edit(deadline, found.key, this.#newest!, limits, edit),
    );
    if (edited === undefined) return this.#dropped();
    return { cookie: undefined, kept: this.#committed({ key: found.key, record: edited.after }) };
  }

  /**
   * Moves the session under a new id. The new record is created before the old one is replaced, so that a crash loses neither.
   * Of several requests that do so at once, the first one decides: the others send no cookie, except for log-ins.
   */
  async #regenerate(found: Found, changes: SessionChanges, { at, owner, keep }: Regeneration, limits: Limits): Promise<Committed> {
    const records = this.#records;
    const known = this.#newest!;
    const record = {
      contents: known.version === found.record.version ? changes.next : this.#onto(known.contents, changes, keep),
      ...this.#beginning(at, limits, known.chosen),
      owner: owner ?? known.owner,
      // A new owner has just logged in, so the epoch is read again. If the owner stays, the epoch of the log-in counts.
      epoch: owner === undefined ? known.epoch : undefined,
      handle: records.newHandle(),
    };
    const moved = await records.within("commit a session", async (deadline) => {
      const created = await records.create(deadline, record);
      if (created === undefined) {
        await records.take(found.key, deadline);
        return undefined;
      }
      const { key } = created.id;
      try {
        const left = await records.replace(deadline, found.key, known, limits, { by: key, isLogIn: owner !== undefined });
        const successor = left?.replaced && (await records.successor(deadline, left.replaced, limits));
        const old = left?.replaced === undefined ? left : undefined;
        // A revocation that begins from now on finds the new session. One that has begun before is noticed here.
        if (owner === undefined && (successor !== undefined || (await records.isRevoked(deadline, old ?? known)))) {
          await records.take(key, deadline);
          return undefined;
        }
        if (old?.version === known.version) return created;
        const base = old?.contents ?? (successor && withoutMessages((successor.owner === owner ? successor : known).contents));
        const carried = await this.#carryOver(deadline, created, limits, {
          contents: this.#onto(base ?? noContents, changes, keep),
          ...(owner === undefined && { owner: old?.owner, epoch: old?.epoch }),
        });
        return carried && { id: created.id, record: carried };
      } catch (error) {
        records.discard(key);
        throw error;
      }
    });
    return this.#sendId(moved);
  }

  /** What a session with a new id holds of earlier contents, with the changes of this request. */
  #onto(contents: Contents, { operations }: SessionChanges, keep: ReadonlySet<string> | undefined): Contents {
    return this.#records.fresh(apply(operations, keepOnly(contents, keep)));
  }

  /**
   * Puts what others have changed in the meantime into the new record; if the old session has ended, only the changes of
   * this request remain.
   */
  async #carryOver(
    deadline: Deadline,
    { id, record }: Created,
    limits: Limits,
    changed: Partial<DecodedRecord>,
  ): Promise<DecodedRecord | undefined> {
    const edited = await this.#records.edit(deadline, id.key, record, limits, (current) => ({ ...current, ...changed }));
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
    return new ServerSession(this.#records, this.#received, { found, claimed: this.#claimed });
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
      this.#records.edit(deadline, key, this.#newest!, this.#received, (current) => {
        const flashes = current.contents.flashes.filter(({ id }) => !taken.has(id));
        if (flashes.length === current.contents.flashes.length) return current;
        return { ...current, contents: { data: current.contents.data, flashes }, ...this.#idle(current, this.#received) };
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
        this.#records.edit(deadline, found.key, this.#newest!, this.#received, (current) => {
          const { data, flashes } = current.contents;
          const all = [...claimed, ...flashes].slice(-mostFlashes);
          return { ...current, contents: this.#records.fresh({ data, flashes: all }), ...this.#idle(current, this.#received) };
        }),
      );
    } catch (error) {
      // The response is an error already, and this one would hide its cause.
      this.#records.warn("put back messages that were not shown", error);
    }
  }

  async end(): Promise<void> {
    const key = this.recordKey;
    if (key !== undefined) await this.#records.within("end a session", (deadline) => this.#records.end(key, deadline));
  }

  async surviveRevocation(owner: string, epoch: number): Promise<void> {
    const found = this.#found;
    if (found === undefined || this.#ended || this.#newest!.owner !== owner) return;
    const edited = await this.#records.within("keep a session", (deadline) =>
      this.#records.edit(deadline, found.key, this.#newest!, this.#received, (current) => ({ ...current, epoch })),
    );
    this.#follow(edited?.after);
  }

  /** Keeps the record after an edit as the newest one. Without one, or with a note of a new id, the session has ended. */
  #follow(newest: DecodedRecord | undefined): void {
    if (newest === undefined || newest.replaced !== undefined) this.#ended = true;
    else this.#newest = newest;
  }

  #beginning(createdAt: number, limits: Limits, kept: Chosen | undefined) {
    const lifetime = lifetimeOf(limits, kept);
    const expiresAt = endAfter(createdAt, lifetime.maxAge);
    return { createdAt, expiresAt, ...idleFrom(this.#records.now(), lifetime, expiresAt), chosen: choose(kept, limits.chosen) };
  }

  /** The idle time of a session that is used now. */
  #idle({ expiresAt, chosen }: DecodedRecord, limits: Limits): Partial<DecodedRecord> {
    return this.#received.request.isUnseen ? {} : idleFrom(this.#records.now(), lifetimeOf(limits, chosen), expiresAt);
  }

  /** Moves the idle time of a session that was used but not changed, though not at every use. */
  #renew(limits: Limits): void {
    const known = this.#newest;
    if (this.#found === undefined || known === undefined) return;
    const { idleTimeout, idleAt } = idleFrom(this.#records.now(), lifetimeOf(limits, known.chosen), known.expiresAt);
    const isOther = idleTimeout !== known.idleTimeout;
    const isDue = isOther || (idleTimeout !== undefined && idleAt - known.idleAt >= renewalAge(idleTimeout) * 1000);
    if (!isDue || this.#received.request.isUnseen) return;
    const { key } = this.#found;
    if (isOther) this.#records.moveIdle(key, known, limits, (current) => ({ ...current, ...this.#idle(current, limits) }));
    else this.#records.touch(key, idleAt);
  }
}
