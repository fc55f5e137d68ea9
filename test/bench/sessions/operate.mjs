// Answers the benchmark's messages: warms up an operation, then measures a batch of it each time it is asked.
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryBackend } from "@mini/session";
import { LmdbBackend } from "@mini/session/lmdb";
import { PostgresBackend } from "@mini/session/postgres";
import { RedisBackend } from "@mini/session/redis";
import { SqliteBackend } from "@mini/session/sqlite";
import { barePostgres, bareRedis, connectRedis, openPool } from "./clients.mjs";
import { bareSqlite, openLmdb, openSqlite } from "./embedded.mjs";

const sessions = 1024;
const versionBytes = 12;
/** How many calls at a time. */
const width = 32;
const expiresAt = Date.now() + 3_600_000;
const keys = Array.from({ length: sessions }, () => randomBytes(32).toString("base64url"));
const data = randomBytes(200);

const folder = mkdtempSync(join(tmpdir(), "mini-bench-"));
const root = openLmdb(join(folder, "operations.mdb"));
const database = root.openDB({ name: "bare", encoding: "binary", keyEncoding: "binary", cache: false });
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
process.on("disconnect", () => process.exit());

/** Where results go, so that no compiler leaves out the work. */
const kept = { result: undefined };

/** Runs one call after the other, and waits for those that give a promise. */
const inTurn = (call) => async (count) => {
  for (let i = 0; i < count; i++) {
    const result = call(i % sessions);
    kept.result = result instanceof Promise ? await result : result;
  }
};

/** Runs so many calls at a time. */
const together = (width, call) => async (count) => {
  for (let i = 0; i < count; i += width) await Promise.all(Array.from({ length: width }, (_none, k) => call((i + k) % sessions)));
};

function mapOperations() {
  const map = new Map(keys.map((key) => [key, { data, version: 1 }]));
  const get = (i) => map.get(keys[i]);
  const versions = keys.map(() => 1);
  function swap(i) {
    if (map.get(keys[i]).version !== versions[i]) throw new Error("A version does not fit.");
    map.set(keys[i], { data, version: ++versions[i] });
  }
  return { get, swap };
}

/** The least of a compare-and-swap: one record, a version at its beginning, on the disk when it resolves. */
async function lmdbOperations() {
  const names = keys.map((key) => Buffer.from(key));
  const versions = keys.map(() => Buffer.alloc(versionBytes));
  const record = (version) => Buffer.concat([version, data]);
  const put = (i, version) => database.put(names[i], record(version));
  await Promise.all(keys.map((_key, i) => put(i, versions[i])));
  const get = (i) => database.get(names[i]);
  const getNewest = (i) => {
    database.resetReadTxn();
    return get(i);
  };
  async function swap(i) {
    const next = randomBytes(versionBytes);
    const committed = root.childTransaction(() => {
      if (get(i).compare(versions[i], 0, versionBytes, 0, versionBytes) !== 0) return false;
      void put(i, next);
      return true;
    });
    const { flushed } = root;
    if (!(await committed)) throw new Error("A version does not fit.");
    await flushed;
    versions[i] = next;
  }
  return { get, getNewest, swap };
}

async function databaseOperations(database) {
  const versions = keys.map(() => randomBytes(versionBytes));
  await together(width, (i) => database.swap(keys[i], undefined, versions[i], data))(sessions);
  const read = (i) => database.read(keys[i]);
  async function swap(i) {
    const next = randomBytes(versionBytes);
    if (!(await database.swap(keys[i], versions[i], next, data))) throw new Error("A version does not fit.");
    versions[i] = next;
  }
  return { read, swap };
}

async function backendOperations(backend) {
  const record = { data, idleAt: expiresAt, expiresAt };
  const versions = [];
  // A client of Redis keeps no more than so many commands.
  await together(width, async (i) => void (versions[i] = await backend.create(keys[i], record)))(sessions);
  const read = (i) => backend.read(keys[i]);
  async function swap(i) {
    const result = await backend.swap(keys[i], versions[i], record);
    if (!result.ok) throw new Error("A version does not fit.");
    versions[i] = result.version;
  }
  return { read, swap };
}

const map = mapOperations();
const memory = await backendOperations(new MemoryBackend());
const bare = await lmdbOperations();
const lmdb = await backendOperations(new LmdbBackend({ root }));
const plainSqlite = await databaseOperations(bareSqlite(join(folder, "bare.db")));
const sqlite = await backendOperations(new SqliteBackend({ database: openSqlite(join(folder, "mini.db")) }));

const operations = {
  "Map get": inTurn(map.get),
  "Map compare and set": inTurn(map.swap),
  "MemoryBackend read": inTurn(memory.read),
  "MemoryBackend swap": inTurn(memory.swap),
  get: inTurn(bare.get),
  "resetReadTxn and get": inTurn(bare.getNewest),
  "LmdbBackend read": inTurn(lmdb.read),
  "conditional put": inTurn(bare.swap),
  "LmdbBackend swap": inTurn(lmdb.swap),
  "32 conditional puts": together(width, bare.swap),
  "32 LmdbBackend swaps": together(width, lmdb.swap),
  "SQLite SELECT": inTurn(plainSqlite.read),
  "SqliteBackend read": inTurn(sqlite.read),
  "SQLite UPDATE": inTurn(plainSqlite.swap),
  "SqliteBackend swap": inTurn(sqlite.swap),
  "32 SQLite UPDATE": together(width, plainSqlite.swap),
  "32 SqliteBackend swaps": together(width, sqlite.swap),
};

/** @param names - Of one read and one swap, then of 32. */
function addOperations({ read, swap }, names) {
  const calls = [inTurn(read), inTurn(swap), together(width, read), together(width, swap)];
  for (const [i, name] of names.entries()) operations[name] = calls[i];
}

const ofBackend = (name) => [`${name} read`, `${name} swap`, `32 ${name} reads`, `32 ${name} swaps`];
if (process.env.BENCH_REDIS_SOCKET !== undefined) {
  addOperations(await databaseOperations(await bareRedis()), ["HMGET", "EVALSHA", "32 HMGET", "32 EVALSHA"]);
  addOperations(await backendOperations(new RedisBackend({ client: await connectRedis() })), ofBackend("RedisBackend"));
}
if (process.env.BENCH_POSTGRES_URL !== undefined) {
  const backend = new PostgresBackend({ pool: openPool() });
  await backend.createTable();
  addOperations(await databaseOperations(await barePostgres()), ["SELECT", "UPDATE", "32 SELECT", "32 UPDATE"]);
  addOperations(await backendOperations(backend), ofBackend("PostgresBackend"));
}
const counts = new Map();

async function measure(name, count) {
  const before = process.cpuUsage();
  const start = process.hrtime.bigint();
  await operations[name](count);
  const ns = Number(process.hrtime.bigint() - start) / count;
  const { user, system } = process.cpuUsage(before);
  return { ns, cpu: ((user + system) * 1000) / count };
}

/** Runs until the compiler has nothing left to do, and finds out how many operations a batch has. */
async function warmUp(name, milliseconds) {
  const started = performance.now();
  let { ns } = await measure(name, width);
  for (let count = width; performance.now() - started < milliseconds * 4; count *= 2) ({ ns } = await measure(name, count));
  counts.set(name, Math.max(width, Math.ceil((milliseconds * 1e6) / ns / width) * width));
  return {};
}

process.on("message", ({ warmUp: started, measure: asked, milliseconds }) => {
  // What is measured again is the same operation.
  const name = (started ?? asked).replace(/ again$/, "");
  const answer = started === undefined ? measure(name, counts.get(name)) : warmUp(name, milliseconds);
  answer.then(
    (figures) => process.send(figures),
    (error) => process.send({ error: error.stack }),
  );
});
