import type { PostgresQueries, PostgresResult } from "./queries.ts";
import type { PostgresTables } from "./tables.ts";

/** The most rows that one transaction looks at, because queries for these rows wait for it. */
const sliceSize = 500;

interface Counts {
  readonly examined: number;
  readonly removed: number;
}

/**
 * Removes expired records from the tables. Several processes may do it at once: each skips rows that another process has
 * locked.
 */
export class PostgresPrune {
  readonly #queries: PostgresQueries;
  readonly #records: string;
  readonly #entries: string;

  constructor(queries: PostgresQueries, { records, owners }: PostgresTables) {
    this.#queries = queries;
    // If a record was used after it became due, its due_at is set to its new end.
    this.#records = `
      WITH due AS MATERIALIZED (
        SELECT key, least(idle_at, expires_at) AS ends_at FROM ${records}
        WHERE due_at <= $1 ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED
      ), ended AS (
        DELETE FROM ${records} AS kept USING due WHERE kept.key = due.key AND due.ends_at <= $1 RETURNING kept.key
      ), later AS (
        UPDATE ${records} AS kept SET due_at = due.ends_at FROM due WHERE kept.key = due.key AND due.ends_at > $1
      ), entries AS (
        DELETE FROM ${owners} AS entry USING ended WHERE entry.key = ended.key
      )
      SELECT (SELECT count(*) FROM due) AS examined, (SELECT count(*) FROM ended) AS removed`;
    // An entry whose record exists is removed together with the record, so it need not be checked again.
    this.#entries = `
      WITH due AS MATERIALIZED (
        SELECT owner, key FROM ${owners} WHERE due_at <= $1 ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED
      ), found AS MATERIALIZED (
        SELECT owner, key, EXISTS (SELECT FROM ${records} AS kept WHERE kept.key = due.key) AS kept FROM due
      ), dangling AS (
        DELETE FROM ${owners} AS entry USING found WHERE entry.owner = found.owner AND entry.key = found.key AND NOT found.kept
      ), settled AS (
        UPDATE ${owners} AS entry SET due_at = NULL FROM found WHERE entry.owner = found.owner AND entry.key = found.key AND found.kept
      )
      SELECT count(*) AS examined, 0 AS removed FROM due`;
  }

  /** Removes records, `limit` at most; returns their number. */
  async run(limit: number, now: number): Promise<number> {
    const removed = await this.#inSlices(this.#records, limit, now);
    await this.#inSlices(this.#entries, limit > 0 ? Infinity : 0, now);
    return removed;
  }

  async #inSlices(text: string, limit: number, now: number): Promise<number> {
    let removed = 0;
    for (let most = sliceSize, examined = sliceSize; examined === most && removed < limit;) {
      most = Math.min(sliceSize, Math.ceil(limit - removed));
      // Without a name, so that Postgres plans it for its values each time. One bad plan costs more than the planning.
      const counts = countsIn(await this.#queries.run({ text, values: [now, most] }));
      examined = counts.examined;
      removed += counts.removed;
    }
    return removed;
  }
}

function countsIn({ rows }: PostgresResult): Counts {
  const { examined, removed } = rows[0] as { readonly examined: unknown; readonly removed: unknown };
  return { examined: Number(examined), removed: Number(removed) };
}
