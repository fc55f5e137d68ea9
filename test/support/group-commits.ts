import { MemoryBackend, type SessionRecord } from "@mini/session";
import { Deadline } from "../../packages/session/src/keeping/deadline.ts";
import { GroupCommit, type Edit, type EditResult } from "../../packages/session/src/keeping/group-commit.ts";
import { encodeRecord, type DecodedRecord } from "../../packages/session/src/record/record.ts";
import { gate } from "./session-app.ts";
import { WatchedBackend } from "./watched-backend.ts";

const start = 1_700_000_000_000;
export const key = "key";
/** Milliseconds after which a call without an answer has failed. */
const deadline = 1000;

/** Runs work with a deadline. */
export async function within<Result>(milliseconds: number, work: (deadline: Deadline) => Promise<Result>): Promise<Result> {
  const time = new Deadline(milliseconds);
  try {
    return await work(time);
  } finally {
    time.end();
  }
}

/** A change that sets one value, and keeps the others. */
export const put =
  (name: string, value: unknown): Edit =>
  (current) => ({ ...current, contents: { ...current.contents, data: { ...current.contents.data, [name]: value } } });

export const nothing: Edit = (current) => current;

export const dataOf = (record: SessionRecord | undefined) =>
  record && (JSON.parse(Buffer.from(record.data).toString()) as { readonly data: Record<string, unknown> }).data;

/** The contents before a change, and after it. */
export async function shown(changed: Promise<EditResult | undefined>) {
  const done = await changed;
  return done && [done.before.contents.data, done.after.contents.data];
}

/** A session with `{ a: 1 }` that requests have loaded, and functions that commit their changes. */
export async function begun() {
  const backend = new WatchedBackend(new MemoryBackend({ now: () => start }));
  let unreadable = 0;
  const commits = new GroupCommit({ backend, deadline, onUnreadable: () => void unreadable++ });
  const record = {
    contents: { data: { a: 1 }, flashes: [] },
    createdAt: start,
    idleAt: start + 60_000,
    expiresAt: start + 60_000,
    owner: undefined,
    epoch: undefined,
    handle: "handle",
  };
  const known: DecodedRecord = { ...record, version: (await backend.create(key, encodeRecord(record)))! };
  backend.counted();
  const commit = (change: Edit, own = known, milliseconds = deadline) =>
    within(milliseconds, (time) => commits.edit(key, own, change, time));
  return {
    backend,
    commits,
    known,
    commit,
    unreadable: () => unreadable,
    /** The contents of the session in the backend. */
    kept: async () => dataOf(await backend.read(key)),
    /** Sets a value of the session, like another process. */
    elsewhere: async (name: string, value: unknown): Promise<DecodedRecord> => {
      const other = new GroupCommit({ backend, deadline, onUnreadable: () => undefined });
      const changed = await within(deadline, (time) => other.edit(key, known, put(name, value), time));
      backend.counted();
      return changed!.after;
    },
    /** Begins a commit whose swap waits until it is released. Commits that begin in the meantime are made together in the next swap. */
    hold: async (change: Edit = put("first", 1)) => {
      const [reached, held] = [gate(), gate()];
      backend.before = async (name) => {
        if (name !== "swap") return;
        backend.before = () => undefined;
        reached.open();
        await held.opened;
      };
      const first = commit(change);
      await Promise.race([reached.opened, first]);
      return { first, letGo: held.open };
    },
  };
}
