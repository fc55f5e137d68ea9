export { RedisBackend } from "./backends/redis/redis.ts";
export type { RedisBackendOptions } from "./backends/redis/redis.ts";
export type { IoredisLike } from "./backends/ioredis.ts";
export type { RedisLike, RedisScriptOptions, RedisScriptsLike } from "./backends/redis/node-redis.ts";
export type { RedisWaitOptions } from "./backends/redis/replicas.ts";
