export { CachedBackend } from "./backends/cached/cached.ts";
export type { CachedBackendOptions } from "./backends/cached/cached.ts";
export type { IoredisLike } from "./backends/ioredis.ts";
export { MemcachedCache } from "./backends/cached/memcached.ts";
export type { MemcachedLike } from "./backends/cached/memcached.ts";
export { RedisCache } from "./backends/cached/redis.ts";
export type { RedisCacheLike } from "./backends/cached/redis.ts";
export type { SessionCache } from "./backends/cached/session-cache.ts";
