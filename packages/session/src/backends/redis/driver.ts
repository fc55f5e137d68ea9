/** What every client can do, whichever package it is from. */
export interface RedisDriver {
  /** The prefix that the client itself adds to keys. It does not add it to the pattern of SCAN, or remove it from the replies. */
  readonly keyPrefix: string;
  /** Runs a script that the server has, by its name; returns strings as bytes. */
  evalSha(sha: string, key: string, values: readonly (string | Buffer)[]): Promise<unknown>;
  eval(text: string, key: string, values: readonly (string | Buffer)[]): Promise<unknown>;
  /** The clients of all primaries. */
  primaries(): AsyncIterable<ScanningClient>;
  /** The connection that serves a key. Left out if it is not known; then `wait` is not possible. */
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
