import { RedisBackend, type RedisBackendOptions } from "@mini/session/redis";
import { testSessionBackend } from "@mini/session/testing";
import { beforeAll, describe, expect, test } from "vitest";
import { keyOf, recordFor } from "../../support/backends.ts";
import { redisClients } from "../../support/redis-clients.ts";
import { startRedisSentinel, type TestSentinel } from "../../support/redis-sentinel.ts";
import { findRedisServer } from "../../support/redis-server.ts";
import { need } from "../../support/skip.ts";

const patience = { timeout: 60_000, interval: 25 };

need("redis-server", findRedisServer())("a Redis behind Sentinel", () => {
  let clients: ReadonlyMap<string, RedisBackendOptions["client"]>;
  beforeAll(async () => {
    clients = await connectEach(await startRedisSentinel());
  });

  let prefixes = 0;
  describe.each(redisClients)("by $name", ({ name }) => {
    testSessionBackend(
      "RedisBackend",
      () => {
        let time = 1_000_000_000_000;
        const now = () => time;
        const backend = new RedisBackend({ client: clients.get(name)!, prefix: `s${++prefixes}:`, now });
        return { backend, now, advance: (seconds: number) => void (time += seconds * 1000) };
      },
      { describe, test },
    );
  });

  test.each([
    ["demoted", redisClients, (sentinel: TestSentinel) => sentinel.failOver()],
    // createSentinel of redis goes on as well, but took ten seconds more.
    ["killed", redisClients.filter(({ name }) => name !== "redis"), async (sentinel: TestSentinel) => (await sentinel.primary()).kill()],
  ])("whose primary is %s in the midst of changes: they go on with the new one, and none is made twice", async (_how, kinds, lose) => {
    // Each test starts a sentinel, because one waits for some time before it makes another server the primary again.
    const sentinel = await startRedisSentinel();
    const sessions = Array.from(await connectEach(sentinel, kinds), ([name, client]) => {
      const backend = new RedisBackend({ client, prefix: `lost${++prefixes}:` });
      return { name, backend, key: keyOf(name), answered: 0 };
    });
    for (const { backend, key } of sessions) await backend.create(key, recordFor(Date.now(), 3600, "[]"));
    const before = await sentinel.primary();
    let ends = false;
    const writing = sessions.map(async (session) => {
      for (let count = 0; !ends; count++) {
        try {
          if (await append(session.backend, session.key, String(count))) session.answered++;
        } catch (error) {
          // The write may have been made or not.
          expect(error).toBeInstanceOf(Error);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    });
    const progress = async (more: number) => {
      const enough = sessions.map(({ answered }) => answered + more);
      await expect.poll(() => sessions.every(({ answered }, index) => answered >= enough[index]!), patience).toBe(true);
    };
    await progress(20);
    await sentinel.inStep();
    await lose(sentinel);
    await expect.poll(async () => (await sentinel.primary()) !== before, patience).toBe(true);
    await progress(20);
    ends = true;
    await Promise.all(writing);
    for (const { name, backend, key } of sessions) {
      const found = JSON.parse(Buffer.from((await backend.read(key))!.data).toString()) as readonly string[];
      expect(found.length, name).toBeGreaterThan(20);
      expect(new Set(found).size, name).toBe(found.length);
    }
  });
});

async function connectEach({ port }: TestSentinel, kinds = redisClients): Promise<ReadonlyMap<string, RedisBackendOptions["client"]>> {
  return new Map(await Promise.all(kinds.map(async (kind) => [kind.name, (await kind.connectSentinel([port])).client] as const)));
}

/** Adds to the list that a session holds, by one swap; `false`: the session is not there yet, or has changed. */
async function append(backend: RedisBackend, key: string, token: string): Promise<boolean> {
  const current = await backend.read(key);
  if (current === undefined) return false;
  const list = JSON.parse(Buffer.from(current.data).toString()) as readonly string[];
  const { ok } = await backend.swap(key, current.version, recordFor(Date.now(), 3600, JSON.stringify([...list, token])));
  return ok;
}
