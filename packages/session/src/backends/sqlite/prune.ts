import type { SqliteConnection, SqliteStatementLike } from "./connection.ts";
import type { SqliteTables } from "./tables.ts";

/** The most rows that one transaction looks at, because other writers wait for it. */
const sliceSize = 100;

interface DueRow {
  readonly key: Uint8Array;
  /** Milliseconds since the Unix epoch. */
  readonly ends_at: number | bigint;
}

interface DueEntry {
  readonly owner: Uint8Array;
  readonly key: Uint8Array;
  /** Whether its record is there. */
  readonly kept: number | bigint;
}

/** Removes expired records from the tables, and entries of owners whose record was never created. */
export class SqlitePrune {
  readonly #connection: SqliteConnection;
  readonly #due: SqliteStatementLike;
  readonly #remove: SqliteStatementLike;
  readonly #removeOwners: SqliteStatementLike;
  readonly #postpone: SqliteStatementLike;
  readonly #dueEntries: SqliteStatementLike;
  readonly #settleEntry: SqliteStatementLike;
  readonly #removeEntry: SqliteStatementLike;

  constructor(connection: SqliteConnection, { records, owners }: SqliteTables) {
    this.#connection = connection;
    this.#due = connection.prepare(
      `SELECT key, min(idle_at, expires_at) AS ends_at FROM ${records} WHERE due_at <= ? ORDER BY due_at LIMIT ?`,
    );
    this.#remove = connection.prepare(`DELETE FROM ${records} WHERE key = ?`);
    this.#removeOwners = connection.prepare(`DELETE FROM ${owners} WHERE key = ?`);
    this.#postpone = connection.prepare(`UPDATE ${records} SET due_at = ? WHERE key = ?`);
    this.#dueEntries = connection.prepare(
      `SELECT owner, key, EXISTS (SELECT 1 FROM ${records} AS kept WHERE kept.key = entry.key) AS kept
      FROM ${owners} AS entry WHERE due_at <= ? ORDER BY due_at LIMIT ?`,
    );
    this.#settleEntry = connection.prepare(`UPDATE ${owners} SET due_at = NULL WHERE owner = ? AND key = ?`);
    this.#removeEntry = connection.prepare(`DELETE FROM ${owners} WHERE owner = ? AND key = ?`);
  }

  /** Removes records, `limit` at most; returns their number. */
  async run(limit: number, now: () => number): Promise<number> {
    let removed = 0;
    while (removed < limit && (await this.#isDue(this.#due, now))) {
      const most = Math.min(sliceSize, Math.ceil(limit - removed));
      removed += await this.#connection.write(() => this.#removeRecords(now(), most));
    }
    while (limit > 0 && (await this.#isDue(this.#dueEntries, now))) await this.#connection.write(() => this.#removeEntries(now()));
    return removed;
  }

  /** Reads first, so that other writers do not wait for a write that would change nothing. */
  #isDue(statement: SqliteStatementLike, now: () => number): Promise<boolean> {
    return this.#connection.read(() => statement.all(now(), 1).length > 0);
  }

  #removeRecords(now: number, most: number): number {
    let removed = 0;
    for (const { key, ends_at } of this.#due.all(now, most) as DueRow[]) {
      if (ends_at > now) {
        // The record was used after it became due.
        this.#postpone.run(Number(ends_at), key);
        continue;
      }
      this.#remove.run(key);
      this.#removeOwners.run(key);
      removed++;
    }
    return removed;
  }

  /** An entry whose record exists is removed together with the record, so it need not be checked again. */
  #removeEntries(now: number): void {
    for (const { owner, key, kept } of this.#dueEntries.all(now, sliceSize) as DueEntry[]) {
      const statement = Number(kept) === 1 ? this.#settleEntry : this.#removeEntry;
      statement.run(owner, key);
    }
  }
}
