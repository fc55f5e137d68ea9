/** A process that answers. */
export interface Member {
  /** From 1; whoever takes its place has the same. */
  readonly number: number;
  readonly pid: number;
}

/** What the primary tells a worker: who answers beside it, or to answer what it has and end. */
export type Order = { readonly team: readonly Member[] } | "finish";

/** What a worker tells the primary: that it listens, and where. */
export interface Report {
  readonly url: string;
}
