import type { OwnerIndex } from "../../keeping/backend.ts";
import { orphanAge } from "../orphan-age.ts";
import { keyIn, keyOf, ownerOf, timeOf } from "../sql-values.ts";
import { foundIn, type PostgresQueries, server, type Statement } from "./queries.ts";
import type { PostgresTables } from "./tables.ts";

/** The owners of the records. A query that removes a record removes its entries. */
export class PostgresOwners implements OwnerIndex {
  readonly #now: () => number;
  readonly #epoch: Statement;
  readonly #bump: Statement;
  readonly #add: Statement;
  readonly #remove: Statement;
  readonly #keys: Statement;

  constructor(queries: PostgresQueries, { owners, epochs }: PostgresTables, now: () => number) {
    this.#now = now;
    this.#epoch = queries.statement(`SELECT standby, epoch FROM ${server} LEFT JOIN ${epochs} ON owner = $1`);
    this.#bump = queries.statement(
      `INSERT INTO ${epochs} AS kept (owner, epoch) VALUES ($1, 1) ON CONFLICT (owner) DO UPDATE SET epoch = kept.epoch + 1 RETURNING epoch`,
    );
    this.#add = queries.statement(`INSERT INTO ${owners} (owner, key, due_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`);
    this.#remove = queries.statement(`DELETE FROM ${owners} WHERE owner = $1 AND key = $2`);
    this.#keys = queries.statement(`SELECT standby, key FROM ${server} LEFT JOIN ${owners} ON owner = $1`);
  }

  async epoch(owner: string): Promise<number> {
    const [row] = foundIn((await this.#epoch(ownerOf(owner))).rows, "epoch");
    return row === undefined ? 0 : epochIn(row);
  }

  async bump(owner: string): Promise<number> {
    const { rows } = await this.#bump(ownerOf(owner));
    return epochIn(rows[0]);
  }

  async add(owner: string, key: string): Promise<void> {
    // The record is usually created next. If it is not, prune finds the entry by this time.
    await this.#add(ownerOf(owner), keyOf(key), timeOf(this.#now() + orphanAge));
  }

  async remove(owner: string, key: string): Promise<void> {
    await this.#remove(ownerOf(owner), keyOf(key));
  }

  async keys(owner: string): Promise<readonly string[]> {
    return foundIn((await this.#keys(ownerOf(owner))).rows, "key").map(keyIn);
  }
}

function epochIn(row: unknown): number {
  return Number((row as { readonly epoch: string | number | bigint }).epoch);
}
