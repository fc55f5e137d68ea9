// The drivers, set as the backends' documentation says, and the least that a session needs of them.
import { Pool } from "pg";
import { createClient } from "redis";

export async function connectRedis() {
  const path = process.env.BENCH_REDIS_SOCKET;
  const socket = { path, connectTimeout: 2000, socketTimeout: 5000, reconnectStrategy: false };
  const client = createClient({ disableOfflineQueue: true, commandsQueueMaxLength: 1000, pingInterval: 1000, socket });
  return client.connect();
}

export function openPool() {
  return new Pool({
    connectionString: process.env.BENCH_POSTGRES_URL,
    connectionTimeoutMillis: 2000,
    statement_timeout: 2000,
    query_timeout: 3000,
    // Between its turns a subject waits longer than connections do by default.
    idleTimeoutMillis: 0,
  });
}

const blobStrings = 36;
const seconds = 86_400;

/**
 * `read` gives what is under a key as `{ version, data }`, in bytes, or `undefined`. `swap` replaces what has the version,
 * and what is not there when the version is `undefined`; it gives whether it did.
 */
export async function bareRedis() {
  const client = (await connectRedis()).withTypeMapping({ [blobStrings]: Buffer });
  const sha = String(
    await client.scriptLoad(`
      if (redis.call('HGET', KEYS[1], 'v') or '') ~= ARGV[1] then return 0 end
      redis.call('HSET', KEYS[1], 'v', ARGV[2], 'd', ARGV[3])
      redis.call('EXPIRE', KEYS[1], ${seconds})
      return 1`),
  );
  const nothing = Buffer.alloc(0);
  return {
    async read(key) {
      const [version, data] = await client.hmGet(`bare:${key}`, ["v", "d"]);
      return version === null ? undefined : { version, data };
    },
    async swap(key, version, next, data) {
      return Number(await client.evalSha(sha, { keys: [`bare:${key}`], arguments: [version ?? nothing, next, data] })) === 1;
    },
  };
}

/** As `bareRedis`. */
export async function barePostgres() {
  const pool = openPool();
  await pool.query(
    `CREATE TABLE IF NOT EXISTS bare_sessions (key text PRIMARY KEY, version bytea, data bytea, expires_at bigint) WITH (fillfactor = 50)`,
  );
  const ask = (name, text) => (values) => pool.query({ name, text, values });
  const select = ask("read", "SELECT version, data FROM bare_sessions WHERE key = $1 AND expires_at > $2");
  const insert = ask("insert", "INSERT INTO bare_sessions VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING");
  const update = ask("update", "UPDATE bare_sessions SET version = $3, data = $4, expires_at = $5 WHERE key = $1 AND version = $2");
  return {
    read: async (key) => (await select([key, Date.now()])).rows[0],
    async swap(key, version, next, data) {
      const end = Date.now() + seconds * 1000;
      const { rowCount } = await (version === undefined ? insert([key, next, data, end]) : update([key, version, next, data, end]));
      return rowCount === 1;
    },
  };
}
