import cluster from "node:cluster";
import { once } from "node:events";
import { Post, tell } from "./post.ts";

export interface FleetOptions {
  /** How many processes. */
  readonly size: number;
  /** Set over the primary's own environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The processes that answer: the primary starts, replaces, restarts and ends them here. */
export class Fleet {
  readonly #posts: readonly Post[];
  #stopped = false;

  constructor({ size, environment }: FleetOptions) {
    const onChange = () => this.#announce();
    this.#posts = Array.from({ length: size }, (_none, index) => new Post({ number: index + 1, environment, onChange }));
  }

  /** Where they listen. */
  get url(): string | undefined {
    return this.#posts[0]?.url;
  }

  /** Starts one, and the others when that listens, so that what is wrong is said once; `false` when it does not. */
  async start(): Promise<boolean> {
    const [first, ...others] = this.#posts;
    if (!(await first?.renew())) return false;
    await Promise.all(others.map((post) => post.fill()));
    return true;
  }

  /** Replaces one after the other; `false` when a new one does not start, and from there on the old ones stay. */
  async restart(): Promise<boolean> {
    for (const post of this.#posts) {
      if (this.#stopped || !(await post.renew())) return false;
    }
    return true;
  }

  /** Lets all finish, those that still start included; resolves when they have ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const post of this.#posts) post.close();
    const running = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
    await Promise.all(
      running.map(async (worker) => {
        const ended = worker.isDead() ? undefined : once(worker, "exit");
        tell(worker, "finish");
        await ended;
      }),
    );
  }

  /** Tells all who they are. */
  #announce(): void {
    const team = this.#posts.map((post) => post.member).filter((member) => member !== undefined);
    for (const post of this.#posts) post.tell({ team });
  }
}
