import { RedisBackend } from "@mini/session/redis";
import { testSessionBackend } from "@mini/session/testing";
import { describe, test } from "vitest";
import { need } from "../../support/skip.ts";
import { redisServer, sharedRedis } from "../../support/redis.ts";

const redis = await sharedRedis();

need(redisServer, redis)("on a server", () => {
  function open() {
    const { client, prefix } = redis!;
    let time = 1_000_000_000_000;
    const now = () => time;
    return {
      backend: new RedisBackend({ client, prefix: prefix(), now }),
      now,
      advance: (seconds: number) => void (time += seconds * 1000),
    };
  }

  testSessionBackend("RedisBackend", open, { describe, test });
});
