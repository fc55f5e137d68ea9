/** A query that only reads joins its table to this, so that {@link foundIn} notices an answer of a standby server. */
export const server = "(SELECT pg_is_in_recovery() AS standby) AS server";

/**
 * The rows that were found. When there are none, the result has one row, of the server, with null in its `column`.
 *
 * @throws Error for rows of a standby server, because sessions in them may have ended already.
 */
export function foundIn(rows: readonly unknown[], column: string): readonly unknown[] {
  const [first] = rows as readonly Readonly<Record<string, unknown>>[];
  if (first?.["standby"] !== false) {
    throw new Error("A PostgresBackend reads from a standby server, which may be behind: connect its pool to the primary server.");
  }
  return first[column] === null ? [] : rows;
}
