import { createHash } from "node:crypto";
import { RedisReplicas, type RedisWaitOptions } from "./replicas.ts";

/** The key of a script, and its arguments. */
export interface RedisScriptOptions {
  keys: string[];
  arguments: (string | Buffer)[];
}

/** The commands of node-redis that are used, which run scripts. */
export interface RedisScriptsLike {
  evalSha(sha: string, options: RedisScriptOptions): Promise<unknown>;
  eval(script: string, options: RedisScriptOptions): Promise<unknown>;
}

/** The part of a client that is used: of `createClient`, `createCluster`, `createClientPool` or `createSentinel` of node-redis. */
export interface RedisLike {
  /** 36 is `RESP_TYPES.BLOB_STRING`: the strings of Redis, which are bytes. */
  withTypeMapping(typeMapping: { readonly 36: BufferConstructor }): RedisScriptsLike;
}

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

/** A client whose connections are its own, of `createClient` or `createClientPool`. */
interface Connections {
  sendCommand(command: string[]): Promise<unknown>;
}

/** Milliseconds for which a connection may lead to a replica before it is given up: it may be the primary again at once. */
const patience = 1000;

/** Runs scripts, and counts those that are under way. */
export class RedisCalls {
  readonly #client: RedisScriptsLike;
  readonly #replicas: RedisReplicas | undefined;
  /** `undefined` for a cluster and for Sentinel, whose clients find the primary themselves. */
  readonly #connections: Connections | undefined;
  /** When a replica refused a script first; milliseconds of `performance.now()`. */
  #refusedSince: number | undefined;
  /** The number of scripts under way, and the functions to call when there are none. */
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** @throws TypeError for a value that is not a client, or a client that cannot wait for replicas. */
  constructor(client: RedisLike, wait?: RedisWaitOptions) {
    const given: unknown = client;
    if (typeof given !== "object" || given === null || !("withTypeMapping" in given)) {
      throw new TypeError(
        "RedisBackend needs as client what createClient() or createCluster() of redis gives, connected: " +
          "new RedisBackend({ client: await createClient({ url }).connect() }).",
      );
    }
    // Otherwise strings are decoded as UTF-8, which does not keep all bytes.
    this.#client = client.withTypeMapping({ 36: Buffer });
    this.#replicas = wait && new RedisReplicas(client, wait);
    if ("socketEpoch" in client || "totalClients" in client) this.#connections = client as unknown as Connections;
  }

  /** Runs a script on one key, on the server that has it. Rejects for every error of Redis. */
  async run(script: RedisScript, key: string, values: readonly (string | number | Buffer)[]): Promise<unknown> {
    const options = { keys: [key], arguments: values.map((value) => (typeof value === "number" ? String(value) : value)) };
    const send = () => this.#send(script, options);
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

  #send({ text, sha }: RedisScript, options: RedisScriptOptions): Promise<unknown> {
    return this.#client.evalSha(sha, options).catch((error: unknown) => {
      // The first word of a message is the code of an error of Redis. After a restart, Redis no longer has the script, and runs nothing.
      if (error instanceof Error && error.message.startsWith("NOSCRIPT ")) return this.#client.eval(text, options);
      if (error instanceof Error && error.message.startsWith("READONLY ")) this.#giveUp();
      throw error;
    });
  }

  /**
   * Gives up a connection to a server that was the primary and is a replica now. It works, so the client would keep it. Redis closes
   * it after QUIT, and the client connects again, to the server that the name leads to then.
   */
  #giveUp(): void {
    const now = performance.now();
    this.#refusedSince ??= now;
    if (this.#connections === undefined || now - this.#refusedSince < patience) return;
    this.#refusedSince = undefined;
    // When it fails, the connection is closed already, or the next answer of the replica tries again.
    void this.#connections.sendCommand(["QUIT"]).catch(() => undefined);
  }
}
