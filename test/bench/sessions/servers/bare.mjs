// The floors: node:http, a signed cookie that holds an id, and the least that a session needs of each medium.
import { AsyncLocalStorage } from "node:async_hooks";
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { join } from "node:path";
import { barePostgres, bareRedis } from "../clients.mjs";
import { bareSqlite, openLmdb } from "../embedded.mjs";
import { fillingOf } from "../filling.mjs";
import { answer, listen, readSigned, writeSigned } from "../signed.mjs";
import { ownFolder } from "./folder.mjs";

const storage = new AsyncLocalStorage();
const parse = (text) => (text === undefined ? {} : JSON.parse(text));
/** @param more - What the session is filled with, where it is. */
const increment = (data, more) => ({ ...data, ...more, count: (data.count ?? 0) + 1 });

function checkSwap(isSwapped) {
  if (!isSwapped) throw new Error("Somebody else has changed the session.");
}

function inMemory() {
  const texts = new Map();
  const read = (id) => parse(texts.get(id));
  function change(id, more) {
    const data = increment(read(id), more);
    texts.set(id, JSON.stringify(data));
    return data;
  }
  return { read, change };
}

function inLmdb(folder = ownFolder()) {
  const root = openLmdb(join(folder, "bare.mdb"));
  const database = root.openDB({ name: "sessions", encoding: "binary", keyEncoding: "binary", cache: false });
  const read = (id) => parse(database.get(Buffer.from(id)));
  async function change(id, more) {
    const committed = root.childTransaction(() => {
      const data = increment(read(id), more);
      void database.put(Buffer.from(id), Buffer.from(JSON.stringify(data)));
      return data;
    });
    // Asked for now, because later it is about a later write.
    const { flushed } = root;
    const data = await committed;
    await flushed;
    return data;
  }
  return { read, change };
}

function inSqlite(folder = ownFolder()) {
  const database = bareSqlite(join(folder, "bare.db"));
  const textOf = (found) => found && Buffer.from(found.data.buffer, found.data.byteOffset, found.data.length);
  const read = (id) => parse(textOf(database.read(id)));
  function change(id, more) {
    const found = database.read(id);
    const data = increment(parse(textOf(found)), more);
    checkSwap(database.swap(id, found?.version, randomBytes(12), Buffer.from(JSON.stringify(data))));
    return data;
  }
  return { read, change };
}

function inDatabase(database) {
  const read = async (id) => parse((await database.read(id))?.data);
  async function change(id, more) {
    const found = await database.read(id);
    const data = increment(parse(found?.data), more);
    checkSwap(await database.swap(id, found?.version, randomBytes(12), Buffer.from(JSON.stringify(data))));
    return data;
  }
  return { read, change };
}

function listener({ read, change }) {
  return (request, response) => {
    const known = readSigned(request.headers.cookie);
    if (request.url === "/read") {
      const found = known === undefined ? {} : read(known);
      if (found instanceof Promise) void found.then((data) => answer(response, data));
      else answer(response, found);
      return;
    }
    const id = known ?? randomBytes(32).toString("base64url");
    const cookie = known === undefined ? writeSigned(id) : undefined;
    const changed = change(id, fillingOf(request.url));
    if (changed instanceof Promise) void changed.then((data) => answer(response, data, cookie));
    else answer(response, changed, cookie);
  };
}

const media = {
  memory: inMemory,
  // Memory with a store around each request.
  als: inMemory,
  lmdb: inLmdb,
  sqlite: inSqlite,
  redis: async () => inDatabase(await bareRedis()),
  postgres: async () => inDatabase(await barePostgres()),
};

/** @param {keyof typeof media} variant */
export async function start(variant, folder) {
  const handle = listener(await media[variant](folder));
  const inStore = (request, response) => storage.run({}, handle, request, response);
  return listen(createServer(variant === "als" ? inStore : handle));
}
