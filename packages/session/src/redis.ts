export { RedisBackend } from "./backends/redis/redis.ts";
export type { RedisBackendOptions } from "./backends/redis/redis.ts";
export type { RedisLike, RedisScriptOptions, RedisScriptsLike } from "./backends/redis/calls.ts";
export type { RedisWaitOptions } from "./backends/redis/replicas.ts";
