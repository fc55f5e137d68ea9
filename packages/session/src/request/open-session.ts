import { recordings } from "@mini/core/base";
import type { SessionChanges, CommitResult, KeptSession, Regeneration } from "../keeping/keeping.ts";
import { commitTrace, commitTraced } from "../keeping/traces.ts";
import { freshFlashes, makeFlash, quoted, sameContents, type Contents, type Flash, type NewFlash } from "../record/contents.ts";
import { mergeOverrides, sameOverrides } from "../record/saved-session.ts";
import { withSavedOverrides } from "../settings/session-options.ts";
import type { SessionSettings, Settings } from "../settings/settings.ts";
import { ChangedFlashes, noIds } from "./changed-flashes.ts";
import { ChangedValues } from "./changed-values.ts";
import { SessionCommittedError } from "./head.ts";
import { Session } from "./session.ts";
import type { OpenSessionLike, SessionRequest } from "./shared-sessions.ts";

/**
 * One session of one request, from its load to its end: what was loaded, the changes of the request, and the commits. It is between
 * {@link Session}, which handlers see, and the {@link KeptSession} in a cookie or a backend.
 */
export class OpenSession implements OpenSessionLike {
  readonly cookieName: string;
  readonly session: Session;
  readonly forms: Settings["forms"];
  settings: SessionSettings;
  readonly #request: SessionRequest;
  #kept: KeptSession;
  /** The contents that were loaded, or committed last. */
  #base: Contents;
  #values: ChangedValues;
  /** Created when a message is added or taken. */
  #flashes: ChangedFlashes | undefined;
  #regeneration: Regeneration | undefined;
  #isClosed = false;
  #hasTaken = false;
  /** Settles when the running operation on the kept session is done. */
  #busy: Promise<void> | undefined;

  constructor(request: SessionRequest, cookieName: string, settings: SessionSettings, kept: KeptSession) {
    this.#request = request;
    this.cookieName = cookieName;
    this.forms = request.settings.forms;
    const name = cookieName.slice(request.settings.prefix.length);
    this.settings = kept.overrides === undefined ? settings : withSavedOverrides(request.settings, name, settings, kept.overrides);
    this.#kept = kept;
    this.#base = kept.contents;
    this.#values = new ChangedValues(kept.contents.data, kept.cached);
    this.session = new Session(this);
  }

  get kept(): KeptSession {
    return this.#kept;
  }

  get createdAt(): number {
    return this.#regeneration?.at ?? this.#kept.createdAt;
  }

  get owner(): string | undefined {
    return this.#regeneration?.owner ?? this.#kept.owner;
  }

  get authenticatedAt(): number | undefined {
    return this.#regeneration?.owner === undefined ? this.#kept.authenticatedAt : this.#regeneration.at;
  }

  get expiresAt(): number {
    const limit = this.createdAt + this.settings.maxAge * 1000;
    return this.#regeneration === undefined ? Math.min(this.#kept.expiresAt ?? limit, limit) : limit;
  }

  // What the request does

  get values(): ChangedValues {
    return this.#values;
  }

  get flashes(): ChangedFlashes {
    return (this.#flashes ??= new ChangedFlashes(this.#base.flashes));
  }

  freshFlashes(flashes = this.#flashes?.all ?? this.#base.flashes): readonly Flash[] {
    const { flashMaxAge, now } = this.#request.settings;
    return freshFlashes(flashes, flashMaxAge, now());
  }

  mustBeOpen(doing: string, key?: string): void {
    if (this.#isClosed) throw new SessionCommittedError(key === undefined ? doing : `${doing} ${quoted(key)} in the session`);
  }

  /** Refuses changes from now on, because the head of the response is being written. */
  close(): void {
    this.#isClosed = true;
  }

  addFlash(flash: NewFlash): void {
    this.flashes.add(makeFlash(flash, this.#request.settings.now()), this.#request.hasFailed);
  }

  async takeFlashes(isWanted: (flash: Flash) => boolean): Promise<readonly Flash[]> {
    // A prefetched page may be shown later, or never. The messages stay for the next page that is not prefetched.
    const found = this.#request.isUnseen ? [] : this.freshFlashes().filter(isWanted);
    if (found.length === 0) return found;
    this.mustBeOpen("take flash messages");
    const shown = await this.#claim(new Set(found.map(({ id }) => id)));
    return found.filter(({ id }) => shown.has(id));
  }

  /** Takes messages out now; returns the ids of those that no other request has taken. */
  #claim(ids: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const claiming = this.inTurn(async () => {
      // Leaves out messages that another part of this request has taken in the meantime.
      const left = this.freshFlashes().flatMap(({ id }) => (ids.has(id) ? [id] : []));
      const claimed = await this.#kept.claim(new Set(left));
      this.flashes.take(claimed);
      if (claimed.size > 0) this.#hasTaken = this.#request.responseCookies.isPersonal = true;
      return claimed;
    });
    return this.#request.delayResponse(this.#request.mustSucceed(claiming));
  }

  regenerate(owner: string | undefined, keep: ReadonlySet<string> | undefined): void {
    this.mustBeOpen("regenerate the session");
    if (keep !== undefined) {
      this.#values.keepOnly(keep);
      this.#flashes = this.flashes.rebased([]);
    }
    const { owner: earlier, keep: keptBefore } = this.#regeneration ?? {};
    this.#regeneration = {
      owner: owner ?? earlier,
      at: this.#request.settings.now(),
      keep: keep === undefined || keptBefore === undefined ? (keep ?? keptBefore) : new Set([...keep].filter((key) => keptBefore.has(key))),
    };
  }

  get modified(): boolean {
    const { changed, regeneration } = this.#changes();
    return changed || regeneration !== undefined;
  }

  /** Whether there is something to save, even if saving it would fail. */
  get hasChanges(): boolean {
    try {
      return this.modified;
    } catch {
      // A value that is not JSON any more, or whose getter throws. The caller has another error to report.
      return true;
    }
  }

  // The commit

  /** Saves the changes now: the handler has called `commit()`. */
  async commit(): Promise<void> {
    this.mustBeOpen("commit the session");
    await this.#request.delayResponse(Promise.resolve(this.#save(true)));
  }

  /** Saves the changes at the end of the request. Returns a promise only when the session is in a backend. */
  save(): void | Promise<void> {
    if (!this.#hasTaken || !this.#request.isGone) return this.#save(false);
    // The client has disconnected, so its messages are put back. Other changes are saved.
    this.#flashes?.putBack();
    return Promise.resolve(this.rollBack()).then(() => this.#save(false));
  }

  /** @param isAwaited - Whether the handler has called `commit()`. A later error must not undo such a commit. */
  #save(isAwaited: boolean): void | Promise<void> {
    return this.inTurn(() => {
      const { cookieName, settings } = this;
      const changes = this.#changes();
      const isNewSession = changes.changed && changes.regeneration === undefined && !this.#kept.exists;
      if (isNewSession && this.#request.responseCookies.wouldReplace(cookieName, settings.cookie)) return undefined;
      const isTraced = recordings.areMade || commitTrace.channel?.hasSubscribers === true;
      const committed = isTraced ? commitTraced(this.#kept, changes, settings, cookieName) : this.#kept.commit(changes, settings);
      if (committed instanceof Promise) {
        this.#beginCommit(changes);
        return this.#request.mustSucceed(
          committed.then((done) => {
            this.#send(done, true);
            if (done.kept !== this.#kept) this.#endCommit(done.kept);
          }),
        );
      }
      // If the cookie cannot be sent, this throws, and no change counts as committed.
      this.#send(committed, isAwaited);
      if (committed.kept === this.#kept) return undefined;
      this.#beginCommit(changes);
      this.#endCommit(committed.kept);
      return undefined;
    });
  }

  /** The changes that a commit has to save. @throws TypeError for a value that is not JSON any more. */
  #changes(): SessionChanges {
    const base = this.#base;
    const keyChanges = this.#values.keyChanges();
    const { cleared } = this.#values;
    const flashes = this.#flashes;
    const keepsSome = this.#regeneration?.keep !== undefined;
    const isUnchanged = keyChanges.size === 0 && !cleared && flashes?.changed !== true && !keepsSome;
    const next = isUnchanged ? base : { data: this.#values.next(keyChanges), flashes: flashes?.all ?? base.flashes };
    const { exists, cached, overrides } = this.#kept;
    const hasNewOverrides = exists && !sameOverrides(overrides, mergeOverrides(overrides, this.settings.overrides));
    const changed = hasNewOverrides || (!isUnchanged && (cached || !sameContents(base, next)));
    return {
      operations: { cleared, keyChanges, added: flashes?.added ?? [], taken: flashes?.taken ?? noIds },
      // Messages that are too old are not saved, but they alone are not a reason to save.
      next: changed ? { data: next.data, flashes: this.freshFlashes(next.flashes) } : next,
      changed,
      regeneration: this.#regeneration,
    };
  }

  /** Called when a commit of these changes has begun. Later changes are made on top of them and belong to the next commit. */
  #beginCommit({ next }: SessionChanges): void {
    this.#base = next;
    this.#values = this.#values.afterCommit(next.data);
    this.#flashes = undefined;
    this.#regeneration = undefined;
  }

  /**
   * Called when the commit is done. `kept` has the newest record, including the changes of other requests. Changes that this request made
   * during the commit are applied to it.
   */
  #endCommit(kept: KeptSession): void {
    this.#kept = kept;
    this.#base = kept.contents;
    const keep = this.#regeneration?.keep;
    this.#values.rebase(kept.contents.data, keep);
    this.#flashes = this.#flashes?.rebased(keep === undefined ? kept.contents.flashes : []);
  }

  #send({ cookie, kept }: CommitResult, isPermanent: boolean): void {
    if (cookie === undefined) return;
    const { value, before } = cookie;
    this.#request.responseCookies[isPermanent ? "keep" : "send"](this.cookieName, value, this.settings.cookie, kept.contents, before);
  }

  /** Drops all changes of a failed request except the messages of its error handler. Returns whether there are any. */
  keepLateMessages(): boolean {
    this.#values = new ChangedValues(this.#base.data, this.#kept.cached);
    this.#regeneration = undefined;
    return this.#flashes?.keepLate() ?? false;
  }

  /** Puts back the messages that a failed request had taken out before its commit. */
  rollBack(): void | Promise<void> {
    return this.inTurn(() => this.#kept.rollBack());
  }

  // The end of the session, and of others

  /**
   * Ends the kept session. The request goes on with `fresh()`, an empty session.
   *
   * @param finish - Clears the cookie of the session that has ended. A commit of the next session waits for it.
   */
  async end(fresh: () => KeptSession, finish: (ended: KeptSession) => Promise<void>): Promise<void> {
    await this.inTurn(async () => {
      const ended = this.#kept;
      this.#kept = fresh();
      this.#base = this.#kept.contents;
      this.#values = new ChangedValues(this.#base.data, this.#kept.cached);
      this.#flashes = undefined;
      this.#regeneration = undefined;
      await ended.end();
      await finish(ended);
    });
  }

  /** Keeps the session alive when the others of its owner are revoked. */
  async surviveRevocation(owner: string, epoch: number): Promise<void> {
    await this.inTurn(() => this.#kept.surviveRevocation(owner, epoch));
  }

  /** The key of the session's record in its backend. Waits for a running commit. */
  async recordKey(): Promise<string | undefined> {
    return this.inTurn(() => this.#kept.recordKey);
  }

  /** Runs operations on the kept session one after another, because each starts from the result of the one before. */
  inTurn<Result>(work: () => Result | Promise<Result>): Result | Promise<Result> {
    const result = this.#busy === undefined ? work() : this.#busy.then(work);
    if (!(result instanceof Promise)) return result;
    const leave = () => {
      if (this.#busy === settled) this.#busy = undefined;
    };
    const settled: Promise<void> = result.then(leave, leave);
    this.#busy = settled;
    return result;
  }
}

/** Saves one session after the other, and stops at the first failure. Returns a promise only if saving one of them does. */
export function saveAll(sessions: readonly OpenSession[], from = 0): void | Promise<void> {
  for (let i = from; i < sessions.length; i++) {
    const saving = sessions[i]!.save();
    if (saving instanceof Promise) return saving.then(() => saveAll(sessions, i + 1));
  }
}
