import { mostFlashes, type Flash } from "../record/contents.ts";
import type { DecodedRecord } from "../record/record.ts";
import type { Limits } from "../record/saved-session.ts";
import type { BackendRecords } from "./backend-records.ts";
import type { EditResult } from "./group-commit.ts";

// The flash messages of a session in a backend. They are taken out to be shown, and put back if they were not shown.

/** A session whose record has messages. */
export interface MessageHolder {
  readonly key: string;
  /** The newest record that is known. */
  readonly newest: DecodedRecord;
  readonly limits: Limits;
  /** The idle time of a session that is used now. */
  readonly idle: (current: DecodedRecord) => Partial<DecodedRecord>;
}

/**
 * Removes messages from the record; `undefined` when the session has ended. The caller gets those that were still in the record.
 */
export function takeOut(
  records: BackendRecords,
  { key, newest, limits, idle }: MessageHolder,
  ids: ReadonlySet<string>,
): Promise<EditResult | undefined> {
  return records.within("take out messages", (deadline) =>
    records.edit(deadline, key, newest, limits, (current) => {
      const flashes = current.contents.flashes.filter(({ id }) => !ids.has(id));
      if (flashes.length === current.contents.flashes.length) return current;
      return { ...current, contents: { data: current.contents.data, flashes }, ...idle(current) };
    }),
  );
}

/** Puts messages back. Does not reject. */
export async function putBack(
  records: BackendRecords,
  { key, newest, limits, idle }: MessageHolder,
  claimed: readonly Flash[],
): Promise<void> {
  try {
    await records.within("put back messages", (deadline) =>
      records.edit(deadline, key, newest, limits, (current) => {
        const { data, flashes } = current.contents;
        const all = [...claimed, ...flashes].slice(-mostFlashes);
        return { ...current, contents: records.fresh({ data, flashes: all }), ...idle(current) };
      }),
    );
  } catch (error) {
    // The response is an error already, and this error would hide its cause.
    records.warn("put back messages that were not shown", error);
  }
}
