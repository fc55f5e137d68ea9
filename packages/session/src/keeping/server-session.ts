import { apply, mostFlashes, noContents, sameContents, type Contents, type Flash } from "../record/contents.ts";
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
import type { SessionChanges, Committed, Found, KeptSession, Known, Received, Regeneration, SessionKeeper } from "./keeping.ts";
import { createSession, moveToNewId } from "./new-ids.ts";

/** Keeps sessions in a backend. A session is loaded at the first access; each load and each commit has a deadline. */
export class ServerSessions implements SessionKeeper {
  readonly #records: BackendRecords;

  constructor(records: BackendRecords) {
    this.#records = records;
  }

  load(received: Received): KeptSession | Promise<KeptSession> {
    const [key] = this.#keys(received);
    if (key === undefined) return new ServerSession(this.#records, received, {});
    return this.#records.within("load a session", async (deadline) => {
      const record = await this.#records.find(deadline, key, received);
      if (record === undefined) return new ServerSession(this.#records, received, {});
      const { replaced } = record;
      return new ServerSession(this.#records, received, replaced === undefined ? { found: { key, record } } : { replaced });
    });
  }

  async end(received: Received, endedKey: string | undefined): Promise<void> {
    const keys = this.#keys(received).filter((key) => key !== endedKey);
    await this.#records.within("end a session", (deadline) => Promise.all(keys.map((key) => this.#records.end(key, deadline))));
  }

  #keys({ cookieName, values }: Received): readonly string[] {
    return this.#records.ids.recordKeys(cookieName, values);
  }
}

/** A session in a backend, under the hash of the id in its cookie. */
class ServerSession implements KeptSession {
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
    return this.#sendId(await createSession(this.#records, { createdAt: this.createdAt, replaced: this.#replaced }, changes, limits));
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

  async #regenerate({ key }: Found, changes: SessionChanges, regeneration: Regeneration, limits: Limits): Promise<Committed> {
    const loaded = { key, version: this.#found!.record.version, newest: this.#newest! };
    return this.#sendId(await moveToNewId(this.#records, loaded, changes, regeneration, limits));
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
