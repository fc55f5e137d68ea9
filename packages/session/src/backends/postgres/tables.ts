/** The three tables of a backend, quoted for SQL, and the statements that create them. */
export interface PostgresTables {
  /** The name as it was given, for messages. */
  readonly name: string;
  readonly records: string;
  /** Which keys belong to an owner. */
  readonly owners: string;
  readonly epochs: string;
  /** Creates the tables that are missing. It may run again. */
  readonly sql: string;
}

/** Bytes. Postgres cuts longer names without an error, and other names begin with that of the table. */
const longestName = 63;
const longestTable = longestName - "_owners_due".length;

/**
 * The tables for a name such as `"mini_sessions"`, or `"app.sessions"` with a schema.
 *
 * No index has a column that changes when a session is used, and each page has space for new versions of its rows, so that
 * Postgres need not write an index then. That is why the records have a `due_at`: their end or an earlier time, at which `prune`
 * looks at them. If a record was used since, `prune` moves its `due_at`.
 *
 * @throws TypeError for a name that no table can have.
 */
export function postgresTables(name: string): PostgresTables {
  const given: unknown = name;
  const parts = typeof given === "string" ? given.split(".") : [];
  const table = parts.pop() ?? "";
  const isName = (part: string, longest: number) => /^[a-z_][a-z0-9_]*$/i.test(part) && part.length <= longest;
  if (parts.length > 1 || !isName(table, longestTable) || !parts.every((schema) => isName(schema, longestName))) {
    throw new TypeError(
      `The table of a PostgresBackend must be named "table" or "schema.table", in letters, digits and underscores, ${longestTable} at most; not ${JSON.stringify(name)}.`,
    );
  }
  const schema = parts.map((part) => `"${part}".`).join("");
  const quote = (suffix: string) => `${schema}"${table}${suffix}"`;
  const tables = { name, records: quote(""), owners: quote("_owners"), epochs: quote("_epochs") };
  const statements = [
    `CREATE TABLE IF NOT EXISTS ${tables.records} (
      key bytea PRIMARY KEY,
      version bytea NOT NULL,
      data bytea NOT NULL,
      idle_at bigint NOT NULL,
      expires_at bigint NOT NULL,
      due_at bigint NOT NULL
    ) WITH (fillfactor = 70)`,
    `CREATE INDEX IF NOT EXISTS "${table}_due" ON ${tables.records} (due_at)`,
    `CREATE TABLE IF NOT EXISTS ${tables.owners} (
      owner bytea NOT NULL,
      key bytea NOT NULL,
      due_at bigint,
      PRIMARY KEY (owner, key)
    )`,
    `CREATE INDEX IF NOT EXISTS "${table}_owners_key" ON ${tables.owners} (key)`,
    `CREATE INDEX IF NOT EXISTS "${table}_owners_due" ON ${tables.owners} (due_at) WHERE due_at IS NOT NULL`,
    `CREATE TABLE IF NOT EXISTS ${tables.epochs} (
      owner bytea PRIMARY KEY,
      epoch bigint NOT NULL
    )`,
  ];
  return { ...tables, sql: statements.map((statement) => `${statement.replaceAll("\n    ", "\n")};\n`).join("") };
}
