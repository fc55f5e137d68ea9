import { apply } from "../record/apply.ts";
import { noContents, type Contents } from "../record/contents.ts";
import { idleFrom, type DecodedRecord, type ReplacedNote } from "../record/record.ts";
import { mergeOverrides, endAfter, lifetimeOf, placeOf, type Overrides, type Limits } from "../record/saved-session.ts";
import type { BackendRecords, CreatedSession } from "./backend-records.ts";
import type { Deadline } from "./deadline.ts";
import type { CommitSettings, Regeneration, SessionChanges } from "./keeping.ts";

// A session in a backend gets an id in two cases: it begins, or it moves to a new id.

/** A session that has no record yet. */
interface NewSession {
  readonly createdAt: number;
  /** Set when the client sent the old id of a session that has a new one. */
  readonly replaced: ReplacedNote | undefined;
}

/** Creates a session. Returns `undefined` if its changes are dropped, because the client has another session or was logged out. */
export function createSession(
  records: BackendRecords,
  { createdAt, replaced }: NewSession,
  changes: SessionChanges,
  settings: CommitSettings,
): Promise<CreatedSession | undefined> {
  const { regeneration } = changes;
  return records.within("commit a session", async (deadline) => {
    const successor = replaced && (await records.successor(deadline, replaced, settings));
    const owner = regeneration?.owner;
    // The client already has the new id, or is about to get it. A cookie of another session would log the visitor out.
    if (successor !== undefined && owner === undefined) return undefined;
    const isSame = successor !== undefined && successor.owner === owner;
    const contents = isSame ? changedContents(records, withoutMessages(successor.contents), changes, regeneration?.keep) : changes.next;
    return records.create(deadline, {
      contents,
      ...beginning(records, regeneration?.at ?? createdAt, settings, undefined),
      owner,
      authenticatedAt: owner === undefined ? undefined : regeneration!.at,
      epoch: undefined,
      handle: records.newHandle(),
    });
  });
}

/** A session that has a record. */
interface LoadedSession {
  readonly key: string;
  /** The version that the changes were made on. */
  readonly version: string;
  /** The newest record that is known. */
  readonly newest: DecodedRecord;
}

/**
 * Moves a session to a new id. Returns `undefined` if it has ended. The new record is created before the old one is replaced, so
 * that a crash loses neither. If several requests do so at the same time, the first one wins: the others send no cookie, except for
 * log-ins.
 */
export function moveToNewId(
  records: BackendRecords,
  { key: oldKey, version, newest: known }: LoadedSession,
  changes: SessionChanges,
  { at, owner, keep }: Regeneration,
  settings: CommitSettings,
): Promise<CreatedSession | undefined> {
  const record = {
    contents: known.version === version ? changes.next : changedContents(records, known.contents, changes, keep),
    ...beginning(records, at, settings, known.overrides),
    owner: owner ?? known.owner,
    authenticatedAt: owner === undefined ? known.authenticatedAt : at,
    // A new owner has just logged in, so the epoch is read again. If the owner stays, the epoch of the log-in counts.
    epoch: owner === undefined ? known.epoch : undefined,
    handle: records.newHandle(),
  };
  return records.within("commit a session", async (deadline) => {
    const created = await records.create(deadline, record);
    if (created === undefined) {
      await records.take(oldKey, deadline);
      return undefined;
    }
    const { key } = created.id;
    try {
      const left = await records.replace(deadline, oldKey, known, settings, { by: key, isLogIn: owner !== undefined });
      const successor = left?.replaced && (await records.successor(deadline, left.replaced, settings));
      const old = left?.replaced === undefined ? left : undefined;
      // A revocation that begins from now on finds the new session. A revocation that began before is noticed here.
      if (owner === undefined && (successor !== undefined || (await records.isRevoked(deadline, old ?? known)))) {
        await records.take(key, deadline);
        return undefined;
      }
      if (old?.version === known.version) return created;
      const base = old?.contents ?? (successor && withoutMessages((successor.owner === owner ? successor : known).contents));
      const carried = await carryOver(records, deadline, created, settings, {
        contents: changedContents(records, base ?? noContents, changes, keep),
        ...(owner === undefined && { owner: old?.owner, authenticatedAt: old?.authenticatedAt, epoch: old?.epoch }),
      });
      return carried && { id: created.id, record: carried };
    } catch (error) {
      records.discard(key);
      throw error;
    }
  });
}

/**
 * Adds what other requests have changed in the meantime to the new record. If the old session has ended, only the changes of this
 * request remain.
 */
async function carryOver(
  records: BackendRecords,
  deadline: Deadline,
  { id, record }: CreatedSession,
  limits: Limits,
  carried: Partial<DecodedRecord>,
): Promise<DecodedRecord | undefined> {
  const edited = await records.edit(deadline, id.key, record, limits, (current) => ({ ...current, ...carried }));
  if (record.owner !== undefined && edited?.after.owner === undefined) records.removeFromOwner(record.owner, id.key);
  return edited?.after;
}

/** The contents of a session with a new id: the loaded ones that are kept, and the changes of this request. */
function changedContents(
  records: BackendRecords,
  contents: Contents,
  { operations }: SessionChanges,
  keep: ReadonlySet<string> | undefined,
): Contents {
  return records.fresh(apply(operations, keepOnly(contents, keep)));
}

/** The contents without flash messages. */
function withoutMessages({ data }: Contents): Contents {
  return { data, flashes: [] };
}

/** The contents with some keys only, and without messages, which may be for another visitor of the same browser. */
function keepOnly(contents: Contents, keep: ReadonlySet<string> | undefined): Contents {
  if (keep === undefined) return contents;
  return { data: Object.fromEntries(Object.entries(contents.data).filter(([key]) => keep.has(key))), flashes: [] };
}

/** The times and options of a session that begins now, and the domain, path and partition of its cookie. */
function beginning(records: BackendRecords, createdAt: number, settings: CommitSettings, kept: Overrides | undefined) {
  const lifetime = lifetimeOf(settings, kept);
  const expiresAt = endAfter(createdAt, lifetime.maxAge);
  const overrides = mergeOverrides(kept, settings.overrides);
  return { createdAt, expiresAt, ...idleFrom(records.now(), lifetime, expiresAt), overrides, place: placeOf(settings.cookie) };
}
