export { SqliteBackend } from "./backends/sqlite/sqlite.ts";
export type { SqliteBackendOptions } from "./backends/sqlite/sqlite.ts";
export type { SqliteLike, SqliteStatementLike, SqliteValue } from "./backends/sqlite/connection.ts";
