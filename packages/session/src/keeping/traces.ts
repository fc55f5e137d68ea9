import { Trace } from "@mini/core/base";
import type { Contents } from "../record/contents.ts";
import type { CommitSettings, CommitResult, KeptSession, ReceivedCookies, SessionChanges, SessionKeeper } from "./keeping.ts";

/** The message of the channel `mini:session.load`. */
export interface SessionLoadMessage {
  /** Name of the cookie. */
  readonly cookieName: string;
  /** Name of the backend's class, or `securecookie`. */
  readonly backend: string;
  /** Whether the client did not send a valid session; `undefined` until that is known. */
  isNew: boolean | undefined;
  /** Names of the values that were loaded. */
  keys: readonly string[];
}

/** The message of the channel `mini:session.commit`. */
export interface SessionCommitMessage {
  readonly cookieName: string;
  /** Name of the backend's class, or `securecookie`. */
  readonly backend: string;
  /** Whether there is something to save. */
  readonly isChanged: boolean;
  /** How often the commit was made again, because another process had changed the session in the meantime. */
  retries: number;
  /** The contents that were loaded and those that are saved: data by key, and flash messages. They must not be changed. */
  readonly before: Contents;
  readonly after: Contents;
}

/** The message of the channel `mini:session.backend`. */
export interface SessionBackendMessage {
  readonly backend: string;
  /** What is done, such as `commit a session`. */
  readonly work: string;
}

export const loadTrace = new Trace<SessionLoadMessage>("mini:session.load", ({ cookieName, backend, isNew, keys }) => ({
  label: `load ${cookieName}`,
  details: { backend, isNew, keys: keys.join(", ") },
}));

export const commitTrace = new Trace<SessionCommitMessage>(
  "mini:session.commit",
  ({ cookieName, backend, isChanged, retries, before, after }) => {
    return {
      label: isChanged ? `save ${cookieName}` : `${cookieName} is unchanged`,
      details: {
        backend,
        retries: retries === 0 ? undefined : retries,
        "messages added": messagesOnlyIn(after, before),
        "messages shown": messagesOnlyIn(before, after),
      },
      changes: changedKeys(before, after),
    };
  },
);

// Requests ask whether anybody is told before they call one of these functions, which make messages and promises.

/** Loads a session, and tells subscribers of it. */
export function loadTraced(keeper: SessionKeeper, received: ReceivedCookies): KeptSession | Promise<KeptSession> {
  const message: SessionLoadMessage = { cookieName: received.cookieName, backend: keeper.backendName, isNew: undefined, keys: [] };
  const note = (kept: KeptSession) => {
    message.isNew = !kept.exists;
    message.keys = Object.keys(kept.contents.data);
    return kept;
  };
  return loadTrace.run(message, () => {
    const kept = keeper.load(received);
    return kept instanceof Promise ? kept.then(note) : note(kept);
  });
}

/** Commits the changes of a session, and tells subscribers of it. */
export function commitTraced(
  kept: KeptSession,
  changes: SessionChanges,
  settings: CommitSettings,
  cookieName: string,
): CommitResult | Promise<CommitResult> {
  const isChanged = changes.changed || changes.regeneration !== undefined;
  const { backendName: backend } = kept;
  const message: SessionCommitMessage = { cookieName, backend, isChanged, retries: 0, before: kept.contents, after: changes.next };
  const note = (committed: CommitResult) => {
    message.retries = committed.retries ?? 0;
    return committed;
  };
  return commitTrace.run(message, () => {
    const committed = kept.commit(changes, settings);
    return committed instanceof Promise ? committed.then(note) : note(committed);
  });
}

/** `undefined`: none. */
function messagesOnlyIn({ flashes }: Contents, other: Contents) {
  const found = flashes.filter(({ id }) => !other.flashes.some((each) => each.id === id));
  return found.length === 0 ? undefined : found.map(({ level, message }) => ({ level, message }));
}

function changedKeys({ data: before }: Contents, { data: after }: Contents) {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]))
    .map((key) => ({ key, before: before[key], after: after[key] }));
}
