import { RedisBackend, type RedisBackendOptions } from "@mini/session/redis";
import { testSessionBackend } from "@mini/session/testing";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { bytes, keyOf, recordFor } from "../../support/backends.ts";
import { startRedisCluster, type TestCluster } from "../../support/redis-cluster.ts";
import { redisClients, type RedisClientKind } from "../../support/redis-clients.ts";
import { findRedisServer } from "../../support/redis-server.ts";
import { need } from "../../support/skip.ts";

need("redis-server", findRedisServer())("a Redis cluster", () => {
  let cluster: TestCluster;
  let clients: ReadonlyMap<string, RedisBackendOptions["client"]>;
  /** Another connection to Redis, because calls over one connection wait for each other. */
  let waitingClient: RedisBackendOptions["client"];
  beforeAll(async () => {
    cluster = await startRedisCluster();
    const connect = async ({ connectCluster }: RedisClientKind) => (await connectCluster(cluster.urls)).client;
    clients = new Map(await Promise.all(redisClients.map(async (kind) => [kind.name, await connect(kind)] as const)));
    waitingClient = await connect(redisClients[0]!);
  });

  let prefixes = 0;
  describe.each(redisClients)("by $name", ({ name }) => {
    testSessionBackend("RedisBackend", openBackend, { describe, test });

    function openBackend() {
      let time = 1_000_000_000_000;
      const now = () => time;
      const backend = new RedisBackend({ client: clients.get(name)!, prefix: `s${++prefixes}:`, now });
      return { backend, now, advance: (seconds: number) => void (time += seconds * 1000) };
    }

    test("has sessions on every primary, and reads none from a replica, even if the client allows that", async () => {
      const { backend, now } = openBackend();
      for (const node of cluster.nodes) await cluster.ask(node, "CONFIG", "RESETSTAT");
      for (let index = 0; index < 60; index++) {
        await backend.create(keyOf(`k${index}x`), recordFor(now(), 60));
        expect(await backend.read(keyOf(`k${index}x`))).toBeDefined();
        expect(await backend.owners.keys(`user:${index}`)).toEqual([]);
      }
      const asked = await Promise.all(
        cluster.nodes.map(async (node) => (await cluster.ask(node, "INFO", "commandstats")).includes("cmdstat_evalsha:")),
      );
      expect(asked).toEqual([true, true, true, false, false, false]);
    });

    test("moves a slot, and its sessions are found on their new node", async () => {
      const { backend, now } = openBackend();
      const key = keyOf("moves");
      const version = (await backend.create(key, recordFor(now(), 3600)))!;
      const name = `s${prefixes}:${key}`;
      const slot = await cluster.ask(cluster.nodes[0]!, "CLUSTER", "KEYSLOT", name);
      const from = await cluster.primaryOf(name);
      const to = cluster.nodes.slice(0, 3).find((node) => node !== from)!;
      const ids = await Promise.all([from, to].map((node) => cluster.ask(node, "CLUSTER", "MYID")));
      await cluster.ask(to, "CLUSTER", "SETSLOT", slot, "IMPORTING", ids[0]!);
      await cluster.ask(from, "CLUSTER", "SETSLOT", slot, "MIGRATING", ids[1]!);
      expect((await backend.read(key))?.version).toBe(version);
      await cluster.ask(from, "MIGRATE", "127.0.0.1", String(to.port), name, "0", "5000");
      const swapped = await backend.swap(key, version, recordFor(now(), 3600, "on the way"));
      expect(swapped.ok).toBe(true);
      for (const node of [to, from]) await cluster.ask(node, "CLUSTER", "SETSLOT", slot, "NODE", ids[1]!);
      expect((await backend.take(key))?.data).toEqual(bytes("on the way"));
    });
  });

  test("that loses a primary during writes continues with the replica; few answered writes are lost, and none that waited for the replica", async () => {
    const prefix = "w:";
    const waiting = new RedisBackend({ client: waitingClient, prefix, wait: { replicas: 1, timeout: 500 } });
    const backends = [...Array.from(clients.values(), (client) => new RedisBackend({ client, prefix })), waiting];
    const [lost, successor] = [cluster.nodes[0]!, cluster.nodes[3]!];
    const sessions = await Promise.all(
      Array.from({ length: 48 }, async (_, index) => {
        const key = keyOf(`k${index}x`);
        const isThere = (await cluster.primaryOf(prefix + key)) === lost;
        return { key, isThere, backend: backends[Math.floor(index / 12)]!, answered: [] as string[] };
      }),
    );
    const waitingThere = sessions.filter(({ isThere, backend }) => isThere && backend === waiting);
    expect(waitingThere.length).toBeGreaterThan(0);
    // Without the wait, which is short: on a busy machine the replica may take longer.
    const first = new RedisBackend({ client: waitingClient, prefix });
    for (const { key } of sessions) await first.create(key, recordFor(Date.now(), 3600, "[]"));
    let ends = false;
    const writing = sessions.map(async (session, index) => {
      for (let count = 0; !ends; count++) {
        const token = `${index}.${count}`;
        try {
          if (await append(session.backend, session.key, token)) session.answered.push(token);
        } catch (error) {
          // The write may have been made or not.
          expect(error).toBeInstanceOf(Error);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    });
    await vi.waitFor(() => expect(sessions.every(({ answered }) => answered.length > 20)).toBe(true), 60_000);
    await lost.kill();
    await vi.waitFor(async () => expect(await cluster.ask(successor, "INFO", "replication")).toContain("role:master"), 60_000);
    const before = new Map(sessions.map((session) => [session, session.answered.length]));
    // The replica that is the primary now has none itself, so who waits for one goes on waiting.
    const goingOn = sessions.filter((session) => !waitingThere.includes(session));
    const hasGoneOn = (session: (typeof sessions)[number]) => session.answered.length > before.get(session)! + 5;
    await vi.waitFor(() => expect(goingOn.every(hasGoneOn)).toBe(true), 60_000);
    ends = true;
    await Promise.all(writing);
    for (const { key } of waitingThere) {
      // Its client may not know the new primary yet.
      const late = () => append(waiting, key, "late").catch(String);
      await expect.poll(late).toMatch(/^Error: Only 0 of 1 replicas of Redis had the change/);
    }

    const losses = { there: 0, elsewhere: 0, waited: 0 };
    for (const { key, isThere, backend, answered } of sessions) {
      const found = JSON.parse(Buffer.from((await backend.read(key))!.data).toString()) as readonly string[];
      expect(new Set(found).size).toBe(found.length);
      const where = backend === waiting ? "waited" : isThere ? "there" : "elsewhere";
      losses[where] += answered.filter((token) => !found.includes(token)).length;
    }
    expect(losses.elsewhere, "answered writes that are lost, of sessions on other primaries").toBe(0);
    expect(losses.waited, "answered writes that are lost though they waited for the replica").toBe(0);
    // A replica gets a write after it was answered: what was under way between the two is lost.
    expect(losses.there, "answered writes that are lost, of sessions on the primary that was killed").toBeLessThanOrEqual(2 * 36);
  });
});

/** Adds to the list that a session holds, by one swap; `false`: somebody else was faster. */
async function append(backend: RedisBackend, key: string, token: string): Promise<boolean> {
  const current = (await backend.read(key))!;
  const list = JSON.parse(Buffer.from(current.data).toString()) as readonly string[];
  const { ok } = await backend.swap(key, current.version, recordFor(Date.now(), 3600, JSON.stringify([...list, token])));
  return ok;
}
