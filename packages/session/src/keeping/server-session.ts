import { apply } from "../record/apply.ts";
import { noContents, sameContents, type Contents, type Flash } from "../record/contents.ts";
import { lastMillisecond, idleFrom, type DecodedRecord, type ReplacedNote } from "../record/record.ts";
import {
  mergeOverrides,
  endAfter,
  isSamePlace,
  lifetimeOf,
  placeOf,
  renewalAge,
  sameOverrides,
  type Overrides,
  type CookiePlace,
  type Limits,
} from "../record/saved-session.ts";
import type { ReceivedId, SessionId } from "../signing/signing.ts";
import type { BackendRecords, CreatedSession } from "./backend-records.ts";
import { SessionUnavailableError } from "./failures.ts";
import type {
  BrowserCookies,
  CommitSettings,
  SessionChanges,
  CommitResult,
  FoundRecord,
  KeptSession,
  KnownSession,
  ReceivedCookies,
  Regeneration,
  SessionKeeper,
} from "./keeping.ts";
import { putBack, takeOut, type MessageHolder } from "./messages.ts";
import { createSession, moveToNewId } from "./new-ids.ts";
import { reportRefused } from "../signing/refusals.ts";

/** Keeps sessions in a backend. A session is loaded at the first access; each load and each commit has a deadline. */
export class ServerSessions implements SessionKeeper {
  readonly backendName: string;
  readonly #records: BackendRecords;

  constructor(records: BackendRecords) {
    this.backendName = records.backendName;
    this.#records = records;
  }

  load(received: ReceivedCookies): KeptSession | Promise<KeptSession> {
    const [sentId] = this.#records.ids.received(received.cookieName, received.request);
    if (sentId === undefined) return this.begin(received);
    return this.#records.within("load a session", async (deadline) => {
      const record = await this.#records.find(deadline, sentId.key, received);
      if (record === undefined) reportRefused(received.cookieName, "ended");
      if (record === undefined) return this.begin(received);
      const { replaced } = record;
      return new ServerSession(this.#records, received, replaced ? { replaced } : { found: { key: sentId.key, record }, sentId });
    });
  }

  begin(received: ReceivedCookies): KeptSession {
    return new ServerSession(this.#records, received, {});
  }

  cookies({ cookieName, request }: ReceivedCookies): BrowserCookies {
    return { names: this.#records.ids.namesIn(cookieName, request), place: undefined };
  }

  async end(received: ReceivedCookies, endedKey: string | undefined): Promise<CookiePlace | undefined> {
    const ids = this.#records.ids.receivedUnderAnyPrefix(received.cookieName, received.request);
    const keys = [...new Set(ids.map(({ key }) => key))].filter((key) => key !== endedKey);
    const ended = await this.#records.within("end a session", (deadline) =>
      Promise.all(keys.map(async (key) => this.#records.end(key, deadline))),
    );
    const newest = ended.find((record) => record !== undefined && record.replaced === undefined);
    return newest && (newest.place ?? {});
  }
}

/** A session in a backend, under the hash of the id in its cookie. */
class ServerSession implements KeptSession {
  readonly backendName: string;
  readonly contents: Contents;
  readonly createdAt: number;
  readonly mostBytes = 60 * 1024;
  readonly #records: BackendRecords;
  readonly #received: ReceivedCookies;
  readonly #found: FoundRecord | undefined;
  readonly #replaced: ReplacedNote | undefined;
  readonly #sentId: ReceivedId | undefined;
  /** The newest record that is known. */
  #newest: DecodedRecord | undefined;
  #claimed: readonly Flash[];
  /** Whether the session has ended while the request was running. */
  #ended = false;
  /** Whether it was already logged that a change was dropped. */
  #hasLogged = false;

  constructor(records: BackendRecords, received: ReceivedCookies, { found, replaced, claimed = [], sentId }: KnownSession) {
    this.backendName = records.backendName;
    this.#records = records;
    this.#received = received;
    this.#found = found;
    this.#replaced = replaced;
    this.#sentId = sentId;
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

  get owner(): string | undefined {
    return this.#found?.record.owner;
  }

  get authenticatedAt(): number | undefined {
    return this.#found?.record.authenticatedAt;
  }

  get place(): CookiePlace | undefined {
    return this.#newest && (this.#newest.place ?? {});
  }

  get overrides(): Overrides | undefined {
    return this.#found?.record.overrides;
  }

  get handle(): string | undefined {
    return this.#found?.record.handle;
  }

  get expiresAt(): number | undefined {
    return this.#found && lastMillisecond(this.#found.record.expiresAt);
  }

  commit(changes: SessionChanges, settings: CommitSettings): CommitResult | Promise<CommitResult> {
    const { regeneration } = changes;
    if (!changes.changed && regeneration === undefined) {
      if (!this.#ended) this.#renew(settings);
      return this.#ended || !this.#isOutdated(settings) ? { cookie: undefined, kept: this } : this.#sendAgain(changes, settings);
    }
    // A session that has ended stays ended, and its client may already have another one. Only a log-in begins a new session.
    if (this.#ended && regeneration?.owner === undefined) return this.#dropped();
    const found = this.#found;
    if (found === undefined) return this.#create(changes, settings);
    return regeneration === undefined ? this.#save(found, changes, settings) : this.#regenerate(found, changes, regeneration, settings);
  }

  /** Whether the client's cookie is from before the configuration was changed, and this response may send it again. */
  #isOutdated({ cookie }: CommitSettings): boolean {
    if (this.#sentId === undefined || this.#received.request.isUnseen) return false;
    return this.#sentId.isOld || !isSamePlace(this.#newest!.place, cookie);
  }

  /** Sends the cookie of a session that has not changed. */
  async #sendAgain(changes: SessionChanges, settings: CommitSettings): Promise<CommitResult> {
    try {
      return await this.#save(this.#found!, changes, settings);
    } catch (error) {
      // The next response sends the cookie instead.
      if (error instanceof SessionUnavailableError) return { cookie: undefined, kept: this };
      throw error;
    }
  }

  async #create(changes: SessionChanges, settings: CommitSettings): Promise<CommitResult> {
    const beginning = { createdAt: this.createdAt, replaced: this.#replaced };
    return this.#sendId(await createSession(this.#records, beginning, changes, settings));
  }

  async #save(found: FoundRecord, { next, operations, changed }: SessionChanges, settings: CommitSettings): Promise<CommitResult> {
    const records = this.#records;
    const { key } = found;
    const sentId = this.#isOutdated(settings) ? this.#sentId : undefined;
    const edit = (current: DecodedRecord) => {
      const contents = current.version === found.record.version ? next : records.fresh(apply(operations, current.contents));
      const overrides = mergeOverrides(current.overrides, settings.overrides);
      const place = sentId === undefined ? current.place : placeOf(settings.cookie);
      const isSame = sameOverrides(current.overrides, overrides);
      if (isSame && isSamePlace(current.place, place) && sameContents(current.contents, contents)) return current;
      const { maxAge } = lifetimeOf(settings, current.overrides);
      const expiresAt = isSame || overrides?.maxAge === current.overrides?.maxAge ? current.expiresAt : endAfter(current.createdAt, maxAge);
      return { ...current, contents, overrides, place, expiresAt, ...this.#idle({ ...current, expiresAt }, settings) };
    };
    const edited = await records.within("commit a session", async (deadline) => {
      const done = await records.edit(deadline, key, this.#newest!, settings, edit);
      if (sentId === undefined || done?.before !== done?.after) return done;
      // Nothing was saved, so it is not known whether the session is alive. If it is not, the client may have a newer cookie.
      const current = await records.find(deadline, key, settings);
      return current === undefined || current.replaced !== undefined ? undefined : done;
    });
    if (edited === undefined) return this.#dropped(changed);
    const kept = this.#committed({ key, record: edited.after }, sentId === undefined ? this.#sentId : undefined);
    return { cookie: sentId && this.#cookieOf(sentId), kept, retries: edited.retries };
  }

  async #regenerate({ key, record }: FoundRecord, changes: SessionChanges, regeneration: Regeneration, settings: CommitSettings) {
    const loaded = { key, version: record.version, newest: this.#newest! };
    return this.#sendId(await moveToNewId(this.#records, loaded, changes, regeneration, settings));
  }

  #sendId(created: CreatedSession | undefined): CommitResult {
    if (created === undefined) return this.#dropped();
    return { cookie: this.#cookieOf(created.id), kept: this.#committed({ key: created.id.key, record: created.record }) };
  }

  #cookieOf(id: SessionId): CommitResult["cookie"] {
    const { ids } = this.#records;
    const { cookieName, request } = this.#received;
    return { value: ids.sign(cookieName, id), before: { names: ids.namesIn(cookieName, request), place: this.place } };
  }

  /** The session ended while the request was running: its changes are dropped, and the request still gets its response. */
  #dropped(hasChanges = true): CommitResult {
    this.#ended = true;
    if (hasChanges && !this.#hasLogged)
      this.#records.logger.info("A change to a session was dropped: the session had ended in the meantime.");
    this.#hasLogged ||= hasChanges;
    return { cookie: undefined, kept: this };
  }

  #committed(found: FoundRecord, sentId?: ReceivedId): ServerSession {
    return new ServerSession(this.#records, this.#received, { found, claimed: this.#claimed, ...(sentId && { sentId }) });
  }

  async claim(ids: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const found = this.#found;
    const loaded = new Set(this.contents.flashes.map(({ id }) => id));
    const taken = new Set([...ids].filter((id) => loaded.has(id)));
    if (found === undefined || taken.size === 0) return ids;
    const edited = this.#ended ? undefined : await takeOut(this.#records, this.#holder(found), taken);
    if (!this.#ended) this.#follow(edited?.after);
    const claimed = edited?.before.contents.flashes.filter(({ id }) => taken.has(id)) ?? [];
    this.#claimed = [...this.#claimed, ...claimed];
    const shown = new Set(claimed.map(({ id }) => id));
    return new Set([...ids].filter((id) => !taken.has(id) || shown.has(id)));
  }

  async rollBack(): Promise<void> {
    const found = this.#found;
    const claimed = this.#claimed;
    this.#claimed = [];
    if (found === undefined || this.#ended) return;
    if (claimed.length === 0) this.#renew(this.#received);
    else await putBack(this.#records, this.#holder(found), claimed);
  }

  #holder({ key }: FoundRecord): MessageHolder {
    return { key, newest: this.#newest!, limits: this.#received, idle: (current) => this.#idle(current, this.#received) };
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

  /** Keeps the record after an edit as the newest one. If there is no record, or a note of a new id, the session has ended. */
  #follow(newest: DecodedRecord | undefined): void {
    if (newest === undefined || newest.replaced !== undefined) this.#ended = true;
    else this.#newest = newest;
  }

  /** The idle time of a session that is used now. */
  #idle({ expiresAt, overrides }: DecodedRecord, limits: Limits): Partial<DecodedRecord> {
    return this.#received.request.isUnseen ? {} : idleFrom(this.#records.now(), lifetimeOf(limits, overrides), expiresAt);
  }

  /** Moves the idle time of a session that was used but not changed. It does not do so at every use. */
  #renew(limits: Limits): void {
    const known = this.#newest;
    if (this.#found === undefined || known === undefined) return;
    const { idleTimeout, idleAt } = idleFrom(this.#records.now(), lifetimeOf(limits, known.overrides), known.expiresAt);
    const hasNewTimeout = idleTimeout !== known.idleTimeout;
    const isDue = hasNewTimeout || (idleTimeout !== undefined && idleAt - known.idleAt >= renewalAge(idleTimeout) * 1000);
    if (!isDue || this.#received.request.isUnseen) return;
    const { key } = this.#found;
    if (hasNewTimeout) this.#records.moveIdle(key, known, limits, (current) => ({ ...current, ...this.#idle(current, limits) }));
    else this.#records.touch(key, idleAt);
  }
}
