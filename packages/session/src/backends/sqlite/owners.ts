import type { OwnerIndex } from "../../keeping/backend.ts";
import { orphanAge } from "../orphan-age.ts";
import { keyIn, keyOf, ownerOf, timeOf } from "../sql-values.ts";
import type { SqliteConnection, SqliteStatementLike } from "./connection.ts";
import type { SqliteTables } from "./tables.ts";

/** Which records belong to an owner. A transaction that removes a record removes its entries. */
export class SqliteOwners implements OwnerIndex {
  readonly #connection: SqliteConnection;
  readonly #now: () => number;
  readonly #epoch: SqliteStatementLike;
  readonly #bump: SqliteStatementLike;
  readonly #add: SqliteStatementLike;
  readonly #remove: SqliteStatementLike;
  readonly #keys: SqliteStatementLike;

  constructor(connection: SqliteConnection, { owners, epochs }: SqliteTables, now: () => number) {
    this.#connection = connection;
    this.#now = now;
    this.#epoch = connection.prepare(`SELECT epoch FROM ${epochs} WHERE owner = ?`);
    this.#bump = connection.prepare(
      `INSERT INTO ${epochs} (owner, epoch) VALUES (?, 1) ON CONFLICT (owner) DO UPDATE SET epoch = epoch + 1`,
    );
    this.#add = connection.prepare(`INSERT INTO ${owners} (owner, key, due_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`);
    this.#remove = connection.prepare(`DELETE FROM ${owners} WHERE owner = ? AND key = ?`);
    this.#keys = connection.prepare(`SELECT key FROM ${owners} WHERE owner = ?`);
  }

  async epoch(owner: string): Promise<number> {
    const bytes = ownerOf(owner);
    return this.#connection.read(() => this.#epochOf(bytes));
  }

  async bump(owner: string): Promise<number> {
    const bytes = ownerOf(owner);
    return this.#connection.write(() => {
      this.#bump.run(bytes);
      return this.#epochOf(bytes);
    });
  }

  async add(owner: string, key: string): Promise<void> {
    const [ownerBytes, keyBytes] = [ownerOf(owner), keyOf(key)];
    // The record is usually created next. If it is not, prune finds the entry by this time.
    await this.#connection.write(() => this.#add.run(ownerBytes, keyBytes, timeOf(this.#now() + orphanAge)));
  }

  async remove(owner: string, key: string): Promise<void> {
    const [ownerBytes, keyBytes] = [ownerOf(owner), keyOf(key)];
    await this.#connection.write(() => this.#remove.run(ownerBytes, keyBytes));
  }

  async keys(owner: string): Promise<readonly string[]> {
    const bytes = ownerOf(owner);
    return this.#connection.read(() => this.#keys.all(bytes).map(keyIn));
  }

  #epochOf(owner: Uint8Array): number {
    const row = this.#epoch.get(owner) as { readonly epoch: number | bigint } | null | undefined;
    return Number(row?.epoch ?? 0);
  }
}
