export { LmdbBackend } from "./backends/lmdb/lmdb.ts";
export type { LmdbBackendOptions } from "./backends/lmdb/lmdb.ts";
export type { LmdbDatabaseLike, LmdbDatabaseOptions, LmdbLike } from "./backends/lmdb/table.ts";
