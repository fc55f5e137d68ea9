/** The three tables of a backend, quoted for SQL, and the statements that make them. */
export interface SqliteTables {
  readonly records: string;
  /** Which keys belong to an owner. */
  readonly owners: string;
  readonly epochs: string;
  /** Makes the tables that are missing. */
  readonly schema: string;
}

/** Characters. */
const longestName = 63;

/**
 * The tables for a name such as `"mini_sessions"`.
 *
 * No index contains a column that changes when a session is used, so that a change writes few pages. That is why the records have a
 * `due_at`: their end or an earlier time, at which `prune` looks at them. If a record was used since, `prune` moves its `due_at`.
 *
 * @throws TypeError for a name that a table cannot have.
 */
export function sqliteTables(name: string): SqliteTables {
  const given: unknown = name;
  if (typeof given !== "string" || !/^[a-z_][a-z0-9_]*$/i.test(given) || given.length > longestName || /^sqlite_/i.test(given)) {
    throw new TypeError(
      `The table of a SqliteBackend must be named in letters, digits and underscores, ${longestName} at most, and not begin with "sqlite_"; not ${JSON.stringify(name)}.`,
    );
  }
  const quote = (suffix: string) => `"${name}${suffix}"`;
  const tables = { records: quote(""), owners: quote("_owners"), epochs: quote("_epochs") };
  const statements = [
    `CREATE TABLE IF NOT EXISTS ${tables.records} (
      key BLOB PRIMARY KEY,
      version BLOB NOT NULL,
      data BLOB NOT NULL,
      idle_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      due_at INTEGER NOT NULL
    ) WITHOUT ROWID`,
    `CREATE INDEX IF NOT EXISTS ${quote("_due")} ON ${tables.records} (due_at)`,
    `CREATE TABLE IF NOT EXISTS ${tables.owners} (
      owner BLOB NOT NULL,
      key BLOB NOT NULL,
      due_at INTEGER,
      PRIMARY KEY (owner, key)
    ) WITHOUT ROWID`,
    `CREATE INDEX IF NOT EXISTS ${quote("_owners_key")} ON ${tables.owners} (key)`,
    `CREATE INDEX IF NOT EXISTS ${quote("_owners_due")} ON ${tables.owners} (due_at) WHERE due_at IS NOT NULL`,
    `CREATE TABLE IF NOT EXISTS ${tables.epochs} (
      owner BLOB PRIMARY KEY,
      epoch INTEGER NOT NULL
    ) WITHOUT ROWID`,
  ];
  // The last statement changes nothing, and fails for a file that cannot be written.
  return { ...tables, schema: [...statements, `DELETE FROM ${tables.records} WHERE 0`].join(";\n") };
}
