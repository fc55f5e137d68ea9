/** A worker process. */
export interface Member {
  /** From 1. A process that replaces another one gets the same number. */
  readonly number: number;
  readonly pid: number;
}

/** What the primary tells a worker: which processes there are, or to finish its requests and end. */
export type Order = { readonly team: readonly Member[] } | "finish";

/** What a worker tells the primary: the URL at which it listens. */
export interface Report {
  readonly url: string;
}
