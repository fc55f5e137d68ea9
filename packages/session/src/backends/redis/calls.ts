import { createHash } from "node:crypto";
import { RedisReplicas, type RedisWaitOptions } from "./replicas.ts";

/** The one key that a script touches, and what it is told besides. */
export interface RedisScriptOptions {
  keys: string[];
  arguments: (string | Buffer)[];
}

/** What is called of node-redis: its commands for scripts. */
export interface RedisScriptsLike {
  evalSha(sha: string, options: RedisScriptOptions): Promise<unknown>;
  eval(script: string, options: RedisScriptOptions): Promise<unknown>;
}

/** What is called of a client of node-redis: of `createClient`, `createCluster`, `createClientPool` or `createSentinel`. */
export interface RedisLike {
  /** 36 is `RESP_TYPES.BLOB_STRING`: the strings of Redis, which are bytes. */
  withTypeMapping(typeMapping: { readonly 36: BufferConstructor }): RedisScriptsLike;
}

/** What runs in Redis, by its text and by the name that Redis has for it. */
export interface RedisScript {
  readonly text: string;
  readonly sha: string;
  /** It makes a change that a caller relies on. */
  readonly changes: boolean;
}

export function script(text: string): RedisScript {
  return { text, sha: createHash("sha1").update(text).digest("hex"), changes: false };
}

/** A script that makes a change that its caller relies on. */
export function change(text: string): RedisScript {
  return { ...script(text), changes: true };
}

/** Runs scripts, and knows which are under way. */
export class RedisCalls {
  readonly #client: RedisScriptsLike;
  readonly #replicas: RedisReplicas | undefined;
  /** How many are under way, and who waits for them. */
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** @throws TypeError for what is no client, or none to wait with. */
  constructor(client: RedisLike, wait?: RedisWaitOptions) {
    const given: unknown = client;
    if (typeof given !== "object" || given === null || !("withTypeMapping" in given)) {
      throw new TypeError(
        "RedisBackend needs as client what createClient() or createCluster() of redis gives, connected: " +
          "new RedisBackend({ client: await createClient({ url }).connect() }).",
      );
    }
    // Strings would be decoded as UTF-8, which not all bytes survive.
    this.#client = client.withTypeMapping({ 36: Buffer });
    this.#replicas = wait && new RedisReplicas(client, wait);
  }

  /** Runs a script on one key, wherever that is. Every error of Redis is a rejection. */
  async run(script: RedisScript, key: string, values: readonly (string | number | Buffer)[]): Promise<unknown> {
    const options = { keys: [key], arguments: values.map((value) => (typeof value === "number" ? String(value) : value)) };
    const send = () => this.#send(script, options);
    this.#running++;
    try {
      return await (script.changes && this.#replicas ? this.#replicas.holding(key, send) : send());
    } finally {
      if (--this.#running === 0) for (const resolve of this.#waiting.splice(0)) resolve();
    }
  }

  /** Waits for what is under way. */
  async settle(): Promise<void> {
    while (this.#running > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #send({ text, sha }: RedisScript, options: RedisScriptOptions): Promise<unknown> {
    return this.#client.evalSha(sha, options).catch((error: unknown) => {
      // Redis tells its errors apart by their first word only. Nothing has run then: a restart has forgotten the script.
      if (!(error instanceof Error && error.message.startsWith("NOSCRIPT "))) throw error;
      return this.#client.eval(text, options);
    });
  }
}
