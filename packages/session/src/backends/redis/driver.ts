/** What is asked of a client, whichever package it is from. */
export interface RedisDriver {
  /** What the client itself puts before keys. It does not do so in the pattern and the replies of SCAN. */
  readonly keyPrefix: string;
  /** Runs a script that the server has, by its name; gives strings as bytes. */
  evalSha(sha: string, key: string, values: readonly (string | Buffer)[]): Promise<unknown>;
  eval(text: string, key: string, values: readonly (string | Buffer)[]): Promise<unknown>;
  /** The clients of all primaries. */
  primaries(): AsyncIterable<ScanningClient>;
  /** The connection that serves a key. Missing where that is not known, so that nobody can wait for the replicas. */
  readonly connectionOf?: ((key: string) => RedisConnection | Promise<RedisConnection>) | undefined;
}

export interface ScanningClient {
  /** One page of keys, as bytes or text, and where the next one begins. */
  scan(cursor: string, pattern: string, count: number): Promise<ScanPage>;
}

export interface ScanPage {
  readonly cursor: unknown;
  readonly keys: readonly unknown[];
}

/** A connection to one server. */
export interface RedisConnection {
  /** Changes with each connect. */
  readonly socketEpoch: unknown;
  wait(replicas: number, timeout: number): Promise<number>;
}
