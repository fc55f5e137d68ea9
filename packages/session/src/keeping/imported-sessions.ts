import type { Logger } from "@mini/core/base";
import { apply } from "../record/apply.ts";
import { isPlainObject, noContents, type Contents } from "../record/contents.ts";
import type { CookiePlace } from "../record/saved-session.ts";
import { Deadline } from "./deadline.ts";
import { reasonOf } from "./failures.ts";
import type {
  BrowserCookies,
  CommitSettings,
  CommitResult,
  KeptSession,
  ReceivedCookies,
  SessionChanges,
  SessionKeeper,
} from "./keeping.ts";

/** The session that a visitor has from another library. */
export interface OldSession {
  /** Its values, as JSON. */
  readonly data: Readonly<Record<string, unknown>>;
  /**
   * Removes the session from its old store. Leave it out if there is no store.
   *
   * @param hasEnded - Whether the visitor has ended it. If not, it was imported, and requests that were sent before may still need it.
   */
  forget?(hasEnded: boolean): Promise<void>;
}

/** Finds the sessions of another library. */
export interface SessionSource {
  /** The names of the old cookies, which are cleared when a session was imported. */
  readonly cookieNames: readonly string[];
  /**
   * The old session of a request; `undefined` if it has no valid one.
   *
   * @param valuesOf - Returns the values of a cookie as they were sent, not decoded.
   */
  read(valuesOf: (name: string) => readonly string[]): OldSession | undefined | Promise<OldSession | undefined>;
}

/** A {@link SessionSource} as a setting. */
export interface SessionImport {
  readonly cookieNames: readonly string[];
  /** @internal */
  readonly wrap: (keeper: SessionKeeper, into: ImportTarget) => SessionKeeper;
}

/** Where imported sessions go, and the limits of the import. */
interface ImportTarget {
  /** Full name of the cookie of the default session. Old sessions become default sessions. */
  readonly cookieName: string;
  /** Milliseconds that the other library's store may take. */
  readonly deadline: number;
  readonly logger: Logger;
}

interface ImportSettings extends ImportTarget {
  readonly source: SessionSource;
}

/**
 * Imports the sessions of any other library. The result is a value for the setting `import` of sessions. A visitor who has no
 * session gets the values of the old session. They are saved before the response, which clears the old cookies.
 */
export function importSessions(source: SessionSource): SessionImport {
  return {
    cookieNames: source.cookieNames,
    wrap: (keeper, into) => new ImportingSessions(keeper, { ...into, source }),
  };
}

/** If a visitor has no session, begins the default session with the values of the other library's session. */
class ImportingSessions implements SessionKeeper {
  readonly backendName: string;
  readonly #keeper: SessionKeeper;
  readonly #settings: ImportSettings;

  constructor(keeper: SessionKeeper, settings: ImportSettings) {
    this.backendName = keeper.backendName;
    this.#keeper = keeper;
    this.#settings = settings;
  }

  load(received: ReceivedCookies): KeptSession | Promise<KeptSession> {
    const kept = this.#keeper.load(received);
    return this.#oldNames(received).length === 0 ? kept : this.#import(received, kept);
  }

  async #import(received: ReceivedCookies, loading: KeptSession | Promise<KeptSession>): Promise<KeptSession> {
    const kept = await loading;
    if (kept.exists) return kept;
    const old = await this.#read(received);
    if (old === undefined) return kept;
    const hasEnded = async () => old.isStored && (await this.#read(received)) === undefined;
    return new ImportedSession(kept, old, this.#oldNames(received), { forget: () => this.#forget(old), hasEnded });
  }

  begin(received: ReceivedCookies): KeptSession | Promise<KeptSession> {
    return this.#keeper.begin(received);
  }

  cookies(received: ReceivedCookies): BrowserCookies {
    return withNames(this.#keeper.cookies(received), this.#oldNames(received));
  }

  async end(received: ReceivedCookies, endedKey: string | undefined): Promise<CookiePlace | undefined> {
    const place = await this.#keeper.end(received, endedKey);
    const old = this.#oldNames(received).length > 0 ? await this.#read(received) : undefined;
    if (old !== undefined) await this.#call("end a session in its old store", () => old.forget(true));
    return place;
  }

  /** The names of the old cookies, if the client sent any of them. An old cookie with the name of our cookie is replaced by ours. */
  #oldNames({ cookieName, request }: ReceivedCookies): readonly string[] {
    if (cookieName !== this.#settings.cookieName) return [];
    const { cookieNames } = this.#settings.source;
    return cookieNames.some((name) => request.valuesOf(name).length > 0) ? cookieNames : [];
  }

  #read({ request }: ReceivedCookies): Promise<FoundSession | undefined> {
    return this.#call("import a session", async () => {
      const old = await this.#settings.source.read((name) => request.valuesOf(name));
      if (!old) return undefined;
      return { data: asJson(old.data), forget: async (hasEnded) => old.forget?.(hasEnded), isStored: old.forget !== undefined };
    });
  }

  /** Calls the other library's store. @throws SessionUnavailableError when it fails, or does not answer in time. */
  async #call<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
    const { deadline, logger } = this.#settings;
    const time = new Deadline(deadline, "the store of the sessions to import");
    try {
      return await time.call(work);
    } catch (error) {
      logger.error(`Cannot ${what}: ${reasonOf((error as { reason?: unknown }).reason)}`);
      throw error;
    } finally {
      time.end();
    }
  }

  /** The response does not wait for it, because the session was saved in its new place. */
  async #forget(old: FoundSession): Promise<void> {
    try {
      await old.forget(false);
    } catch (error) {
      this.#settings.logger.warn(`Cannot remove an imported session from its old store: ${reasonOf(error)}`);
    }
  }
}

/** An old session that was found. */
interface FoundSession extends Required<OldSession> {
  /** Whether it is in a store, from which a log-out removes it. */
  readonly isStored: boolean;
}

/** The old session of a visitor in its store. */
interface OldStore {
  readonly hasEnded: () => Promise<boolean>;
  readonly forget: () => Promise<void>;
}

/** A session of another library. The first commit saves it here, even if it has no changes. */
class ImportedSession implements KeptSession {
  readonly backendName: string;
  readonly contents: Contents;
  readonly createdAt: number;
  readonly expiresAt = undefined;
  readonly recordKey = undefined;
  readonly handle = undefined;
  readonly owner = undefined;
  readonly authenticatedAt = undefined;
  readonly overrides = undefined;
  readonly place = undefined;
  readonly cached = false;
  readonly exists = true;
  readonly mostBytes: number;
  readonly #fresh: KeptSession;
  readonly #oldNames: readonly string[];
  readonly #old: OldStore;

  constructor(fresh: KeptSession, { data }: OldSession, oldNames: readonly string[], old: OldStore) {
    this.backendName = fresh.backendName;
    this.contents = { data, flashes: [] };
    this.createdAt = fresh.createdAt;
    this.mostBytes = fresh.mostBytes;
    this.#fresh = fresh;
    this.#oldNames = oldNames;
    this.#old = old;
  }

  async commit(changes: SessionChanges, settings: CommitSettings): Promise<CommitResult> {
    if (await this.#old.hasEnded()) {
      // The visitor has logged out while this request was running. Only a log-in begins a new session.
      if (changes.regeneration?.owner === undefined) return { cookie: undefined, kept: this.#fresh };
      return this.#fresh.commit({ ...changes, next: apply(changes.operations, noContents), changed: true }, settings);
    }
    const { cookie, kept } = await this.#fresh.commit({ ...changes, changed: true }, settings);
    void this.#old.forget();
    return { kept, cookie: cookie && { ...cookie, before: withNames(cookie.before, this.#oldNames) } };
  }

  claim(ids: ReadonlySet<string>): ReadonlySet<string> {
    // This request has added the messages, because old sessions have none.
    return ids;
  }

  rollBack(): void {}

  end(): void {
    // The caller ends it in its old store with the end() of its keeper.
  }

  surviveRevocation(): void {}
}

function withNames({ names, place }: BrowserCookies, oldNames: readonly string[]): BrowserCookies {
  return { names: [...new Set([...names, ...oldNames])], place };
}

/** A copy of the values as JSON. @throws TypeError for values that are not JSON, or not a plain object. */
function asJson(data: unknown): OldSession["data"] {
  if (!isPlainObject(data)) throw new TypeError("The data of an imported session must be a plain object of JSON values.");
  return JSON.parse(JSON.stringify(data)) as OldSession["data"];
}
