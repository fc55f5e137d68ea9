// A session that is read, or changed in one key, as it grows.
import { clientsOf, countOf, newSessions } from "../sessions/answers.mjs";
import { endDatabases, startDatabases } from "../sessions/databases.mjs";
import { pathOf } from "../sessions/filling.mjs";
import { cookies, subjects } from "../sessions/subjects.mjs";
import { measureGrowth, sizesOf } from "./growth.mjs";

const clients = 32;

const inCookie = { "100 B": 100, "1 KB": 1000, "2.9 KB": 2900 };
const inRecord = { "100 B": 100, "1 KB": 1000, "4 KB": 4000, "16 KB": 16_000, "64 KB": 64_000 };
const floors = { memory: "bare Map", LMDB: "bare LMDB", SQLite: "bare SQLite", Redis: "bare Redis" };
const kinds = { read: "A growing session read", change: "One key of a growing session changed" };

/** Sessions of a size, and what clients send that have one each. */
async function prepare(server, bytes, path) {
  const all = [];
  // One by one: other servers are launched meanwhile.
  while (all.length < clients) all.push(...(await newSessions(server, 1, pathOf(bytes))));
  const counts = await Promise.all(all.map((cookie) => countOf(server, cookie)));
  if (counts.some((count) => count !== 1)) throw new Error(`${server.name} does not keep a session of ${bytes} bytes`);
  return clientsOf(path, all);
}

/** @param steps - Sizes in bytes by what they are called. */
function measureKind({ name, kind, where, sizes, mini, bare }, plan) {
  const steps = sizesOf(plan, Object.entries(sizes)).map(([size, bytes]) => ({ size, bytes, mini, bare }));
  const growth = { name: `${name}-${kind}`, title: `${kinds[kind]} in ${where}`, steps };
  return measureGrowth({ ...growth, prepare: (server, { bytes }) => prepare(server, bytes, `/${kind}`) }, plan);
}

export async function* measureCookie(plan) {
  const of = { name: "cookie", where: "a signed cookie", sizes: inCookie, mini: cookies.mini, bare: cookies.bare };
  for (const kind of Object.keys(kinds)) yield await measureKind({ ...of, kind }, plan);
}

export async function* measureRecord(plan) {
  const databases = await startDatabases(Object.keys(floors));
  try {
    for (const [medium, floor] of Object.entries(floors)) {
      if (medium === "Redis" && !databases.has(medium)) {
        console.log("\nLeft out, because this machine has no redis-server: records in Redis.");
        continue;
      }
      const name = `record-${medium.toLowerCase()}`;
      const of = { name, where: medium, sizes: inRecord, mini: subjects[`mini ${medium}`], bare: subjects[floor] };
      for (const kind of Object.keys(kinds)) yield await measureKind({ ...of, kind }, plan);
    }
  } finally {
    await endDatabases(databases);
  }
}
