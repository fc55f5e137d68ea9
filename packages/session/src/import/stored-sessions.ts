import { importSessions, type SessionImport } from "../keeping/imported-sessions.ts";
import { decodeValue, isSignedBy } from "./cookie-values.ts";

/** The callback of a method of a store. */
type Done = (error?: unknown, session?: unknown) => void;

/** The part of a store of express-session that is used. */
export interface ExpressStoreLike {
  // oxlint-disable-next-line typescript/no-explicit-any -- Each store has its own type of a session.
  get(id: string, done: (error: any, session?: any) => void): unknown;
  // oxlint-disable-next-line typescript/no-explicit-any
  set(id: string, session: any, done: (error?: any) => void): unknown;
  // oxlint-disable-next-line typescript/no-explicit-any
  destroy(id: string, done: (error?: any) => void): unknown;
}

/** Sessions in a store, each found by an id in a signed cookie. */
export interface StoredSessions {
  readonly cookieName: string;
  /** What the value of the cookie begins with, before the id. */
  readonly prefix: string;
  readonly secret: string | readonly string[];
  readonly store: ExpressStoreLike;
  readonly now: () => number;
}

/** Milliseconds that a session stays in the old store after its import, for requests that were sent before. */
const grace = 30_000;

/** Imports sessions that another library keeps in a store. Each is removed from the store some time after its import. */
export function importStored({ cookieName, prefix, secret, store, now }: StoredSessions): SessionImport {
  const secrets = typeof secret === "string" ? [secret] : secret;
  const find = (id: string) => call((done) => store.get(id, done)).catch(noneIfMissing);
  /** By id, the write that runs in this process. */
  const writing = new Map<string, Promise<unknown>>();
  /** Writes after the write of the same session that runs, so that a log-out is not undone by a slow one. */
  async function write(id: string, work: () => Promise<unknown>): Promise<void> {
    const written = (writing.get(id) ?? Promise.resolve()).then(work, work);
    writing.set(id, written);
    try {
      await written;
    } finally {
      if (writing.get(id) === written) writing.delete(id);
    }
  }
  return importSessions({
    cookieNames: [cookieName],
    async read(valuesOf) {
      const [id] = valuesOf(cookieName).flatMap((value) => idOf(value, prefix, secrets));
      if (id === undefined) return undefined;
      const found = await find(id);
      if (typeof found !== "object" || found === null) return undefined;
      const { cookie, ...data } = JSON.parse(JSON.stringify(found)) as { cookie?: { expires?: unknown }; [key: string]: unknown };
      const expires = typeof cookie?.expires === "string" ? Date.parse(cookie.expires) : Infinity;
      if (expires <= now()) return undefined;
      return {
        data,
        async forget(hasEnded) {
          const last = new Date(Math.min(expires, now() + grace));
          await write(id, async () => {
            if (hasEnded) return call((done) => store.destroy(id, done));
            // The visitor may have logged out in the meantime.
            if (!(await find(id))) return undefined;
            return call((done) => store.set(id, { ...data, cookie: { ...cookie, originalMaxAge: grace, expires: last } }, done));
          });
        },
      };
    },
  });
}

/** The id in the value of a cookie, which consists of the prefix and `id.signature`. */
function idOf(value: string, prefix: string, secrets: readonly string[]): readonly string[] {
  const text = decodeValue(value);
  const end = text.lastIndexOf(".");
  if (!text.startsWith(prefix) || end < prefix.length) return [];
  const id = text.slice(prefix.length, end);
  return isSignedBy(secrets, "sha256", id, text.slice(end + 1)) ? [id] : [];
}

/** Stores that use files throw this error when there is no session. */
function noneIfMissing(error: unknown): undefined {
  if ((error as { code?: unknown } | null)?.code !== "ENOENT") throw error;
}

function call(work: (done: Done) => unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const called = work((error, result) => (error === undefined || error === null ? resolve(result) : reject(error as Error)));
    // An asynchronous method may fail without calling back.
    if (called instanceof Promise) called.catch(reject);
  });
}
