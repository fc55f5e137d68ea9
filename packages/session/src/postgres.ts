export { PostgresBackend } from "./backends/postgres/postgres.ts";
export type { PostgresBackendOptions } from "./backends/postgres/postgres.ts";
export type { PostgresLike, PostgresQuery, PostgresResult } from "./backends/postgres/queries.ts";
