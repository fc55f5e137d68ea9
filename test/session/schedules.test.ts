import type { SessionBackend } from "@mini/session";
import { RedisBackend } from "@mini/session/redis";
import fc from "fast-check";
import { expect, test } from "vitest";
import { schedules, seed } from "../support/long-run.ts";
import { serverSideMedia } from "../support/media.ts";
import { redisServer, sharedRedis } from "../support/redis.ts";
import { redisClients } from "../support/redis-clients.ts";
import { need } from "../support/skip.ts";
import type { Operation, Plan } from "../support/schedule-model.ts";
import { ScheduledApps } from "../support/schedule-run.ts";

const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ type: fc.constantFrom("set" as const, "delete" as const), key: fc.constantFrom("a" as const, "b" as const) }),
  fc.record({
    type: fc.constantFrom(
      "increment" as const,
      "increment" as const,
      "update" as const,
      "update" as const,
      "flash" as const,
      "take flashes" as const,
      "clear" as const,
      "read" as const,
    ),
  }),
);
const withCommits: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 3, arbitrary: operation },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("commit" as const) }) },
);
const plan = (...ends: readonly Plan["end"][]): fc.Arbitrary<Plan> =>
  fc.record({ operations: fc.array(operation, { maxLength: 3 }), end: fc.constantFrom(...ends) });

/** Requests that commit in their midst, and go on while they do. */
const committing = fc.array(
  fc.record({
    operations: fc.array(withCommits, { maxLength: 5 }),
    end: fc.constantFrom<Plan["end"]>("answer", "answer", "answer", "error"),
  }),
  { minLength: 1, maxLength: 3 },
);

/** Requests that only change, up to two that give the session a new id, and at most one that ends it: their order is what is looked for. */
const plans = fc
  .tuple(
    fc.array(plan("answer", "answer", "answer", "error", "let time pass"), { minLength: 1, maxLength: 3 }),
    fc.array(plan("log in", "renew"), { maxLength: 2 }),
    fc.array(plan("log out", "log out", "let the session expire"), { maxLength: 1 }),
  )
  .chain((parts) => fc.shuffledSubarray(parts.flat(), { minLength: parts.flat().length }));

/** What is wrong in some order, in as few steps as it can be found; `undefined`: nothing. */
async function explore(apps: ScheduledApps, numRuns: number): Promise<string | undefined> {
  let count = 0;
  const isRight = fc.asyncProperty(
    fc.oneof({ weight: 3, arbitrary: plans }, { weight: 1, arbitrary: committing }),
    fc.scheduler(),
    async (requests, scheduler) => {
      if (++count % 20_000 === 0) console.error(`schedule ${count} of ${numRuns}`);
      const wrong = await apps.run(requests, scheduler);
      if (wrong.length > 0) throw new Error(wrong.join("; "));
    },
  );
  const details = await fc.check(isRight, { numRuns, seed });
  return details.failed ? `${String(details.errorInstance)}\n${fc.defaultReportMessage(details)}` : undefined;
}

test(
  `${schedules} ways in which the calls of parallel requests interleave have the result of some order`,
  { timeout: 300_000 + 10 * schedules },
  async () => {
    expect(await explore(new ScheduledApps(), schedules)).toBeUndefined();
  },
);

test.each((await serverSideMedia()).filter(({ name }) => name !== "memory"))("and 200 in $name", async (medium) => {
  const open = (now: () => number) => medium.open(now) as SessionBackend;
  expect(await explore(new ScheduledApps(open), 200)).toBeUndefined();
});

const redis = await sharedRedis();
/** A long run has all of them. */
const others = redisClients.filter(({ name }) => name !== "redis" && (name !== "iovalkey" || schedules > 10_000));
need(redisServer, redis).each(others)("and some in Redis", ({ name, connect }) => {
  test(`by ${name}`, async () => {
    const { client } = await connect(redis!.url);
    const apps = new ScheduledApps((now) => new RedisBackend({ client, prefix: redis!.prefix(), now }));
    expect(await explore(apps, schedules > 10_000 ? 200 : 50)).toBeUndefined();
  });
});
