/** What a query that only reads joins what it looks for to, so that {@link foundIn} can tell that a standby has answered. */
export const server = "(SELECT pg_is_in_recovery() AS standby) AS server";

/**
 * The rows that were found; where there are none, the server alone stands in one with nothing in its `column`.
 *
 * @throws Error for those of a standby server, which may be behind: what it has may have ended.
 */
export function foundIn(rows: readonly unknown[], column: string): readonly unknown[] {
  const [first] = rows as readonly Readonly<Record<string, unknown>>[];
  if (first?.["standby"] !== false) {
    throw new Error("A PostgresBackend reads from a standby server, which may be behind: lead its pool to the primary server.");
  }
  return first[column] === null ? [] : rows;
}
