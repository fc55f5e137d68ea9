import { createHash } from "node:crypto";
import type { DemotionGuard } from "../demotion-guard.ts";
import type { RedisDriver } from "./driver.ts";
import { RedisReplicas, type RedisWaitOptions } from "./replicas.ts";

/** A script that Redis runs, by its text and by the name that Redis gives it. */
export interface RedisScript {
  readonly text: string;
  readonly sha: string;
  /** Whether it makes a change that the caller relies on, so that replicas must have it. */
  readonly isWrite: boolean;
}

export function readScript(text: string): RedisScript {
  return { text, sha: createHash("sha1").update(text).digest("hex"), isWrite: false };
}

export function writeScript(text: string): RedisScript {
  return { ...readScript(text), isWrite: true };
}

/** Runs scripts, and counts how many are running. */
export class RedisCalls {
  readonly #driver: RedisDriver;
  readonly #demotionGuard: DemotionGuard;
  readonly #replicas: RedisReplicas | undefined;
  /** The number of scripts under way, and the functions to call when there are none. */
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** @throws TypeError for a client that cannot wait for replicas. */
  constructor(driver: RedisDriver, demotionGuard: DemotionGuard, wait?: RedisWaitOptions) {
    this.#driver = driver;
    this.#demotionGuard = demotionGuard;
    this.#replicas = wait && new RedisReplicas(driver, wait);
  }

  /** Runs a script on one key, on the server that has it. Rejects for every error of Redis. */
  async run(script: RedisScript, key: string, values: readonly (string | number | Buffer)[]): Promise<unknown> {
    const sent = values.map((value) => (typeof value === "number" ? String(value) : value));
    const send = () => this.#send(script, key, sent);
    this.#running++;
    try {
      return await (script.isWrite && this.#replicas ? this.#replicas.changeAndWait(key, send) : send());
    } finally {
      if (--this.#running === 0) for (const resolve of this.#waiting.splice(0)) resolve();
    }
  }

  /** Waits for scripts under way. */
  async settle(): Promise<void> {
    while (this.#running > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #send({ text, sha }: RedisScript, key: string, values: readonly (string | Buffer)[]): Promise<unknown> {
    const fail = (error: unknown): never => {
      this.#demotionGuard.onError(error);
      throw error;
    };
    return this.#driver.evalSha(sha, key, values).catch((error: unknown) => {
      // The first word of a message is the code of an error of Redis. After a restart, Redis no longer has the script, and runs nothing.
      const isUnknown = error instanceof Error && error.message.startsWith("NOSCRIPT ");
      return isUnknown ? this.#driver.eval(text, key, values).catch(fail) : fail(error);
    });
  }
}
