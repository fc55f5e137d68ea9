import type { Logger } from "@mini/core/base";
import type { Contents } from "../record/contents.ts";
import type { CookiePlace } from "../record/record.ts";
import { Deadline, reasonOf } from "./deadline.ts";
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
    return old === undefined ? kept : new ImportedSession(kept, old, this.#oldNames(received), (hasEnded) => this.#forget(old, hasEnded));
  }

  begin(received: ReceivedCookies): KeptSession | Promise<KeptSession> {
    return this.#keeper.begin(received);
  }

  cookies(received: ReceivedCookies): BrowserCookies {
    return withNames(this.#keeper.cookies(received), this.#oldNames(received));
  }

  async end(received: ReceivedCookies, endedKey: string | undefined): Promise<CookiePlace | undefined> {
    const place = await this.#keeper.end(received, endedKey);
    if (this.#oldNames(received).length > 0) await (await this.#read(received))?.forget?.(true);
    return place;
  }

  /** The names of the old cookies, if the client sent any of them. An old cookie with the name of our cookie is replaced by ours. */
  #oldNames({ cookieName, request }: ReceivedCookies): readonly string[] {
    if (cookieName !== this.#settings.cookieName) return [];
    const { cookieNames } = this.#settings.source;
    return cookieNames.some((name) => request.valuesOf(name).length > 0) ? cookieNames : [];
  }

  /** @throws SessionUnavailableError when the other library's store fails. */
  async #read({ request }: ReceivedCookies): Promise<OldSession | undefined> {
    const { source, deadline, logger } = this.#settings;
    const time = new Deadline(deadline, "the store of the sessions to import");
    try {
      return await time.call(async () => source.read((name) => request.valuesOf(name)));
    } catch (error) {
      logger.error(`Cannot import a session: ${reasonOf((error as { reason?: unknown }).reason)}`);
      throw error;
    } finally {
      time.end();
    }
  }

  /** The response does not wait for it, because the session was saved in its new place. */
  #forget(old: OldSession, hasEnded: boolean): Promise<void> {
    const forgetting = async () => old.forget?.(hasEnded);
    return forgetting().catch((error: unknown) => {
      this.#settings.logger.warn(`Cannot remove an imported session from its old store: ${reasonOf(error)}`);
    });
  }
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
  readonly #forget: (hasEnded: boolean) => Promise<void>;

  constructor(fresh: KeptSession, { data }: OldSession, oldNames: readonly string[], forget: (hasEnded: boolean) => Promise<void>) {
    this.backendName = fresh.backendName;
    this.contents = { data, flashes: [] };
    this.createdAt = fresh.createdAt;
    this.mostBytes = fresh.mostBytes;
    this.#fresh = fresh;
    this.#oldNames = oldNames;
    this.#forget = forget;
  }

  commit(changes: SessionChanges, settings: CommitSettings): CommitResult | Promise<CommitResult> {
    const committed = this.#fresh.commit({ ...changes, changed: true }, settings);
    return committed instanceof Promise ? committed.then((done) => this.#finish(done)) : this.#finish(committed);
  }

  #finish({ cookie, kept }: CommitResult): CommitResult {
    void this.#forget(false);
    return { kept, cookie: cookie && { ...cookie, before: withNames(cookie.before, this.#oldNames) } };
  }

  claim(): ReadonlySet<string> {
    return new Set();
  }

  rollBack(): void {}

  end(): Promise<void> {
    return this.#forget(true);
  }

  surviveRevocation(): void {}
}

function withNames({ names, place }: BrowserCookies, oldNames: readonly string[]): BrowserCookies {
  return { names: [...new Set([...names, ...oldNames])], place };
}
