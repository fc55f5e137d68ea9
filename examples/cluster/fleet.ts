import cluster from "node:cluster";
import { once } from "node:events";
import { Supervisor, tell } from "./supervisor.ts";

export interface FleetOptions {
  /** The number of processes. */
  readonly size: number;
  /** Environment variables in addition to those of the primary. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The worker processes: starts, replaces and ends them. */
export class Fleet {
  readonly #supervisors: readonly Supervisor[];
  #stopped = false;

  constructor({ size, environment }: FleetOptions) {
    const onChange = () => this.#announce();
    this.#supervisors = Array.from({ length: size }, (_none, index) => new Supervisor({ number: index + 1, environment, onChange }));
  }

  /** Where they listen. */
  get url(): string | undefined {
    return this.#supervisors[0]?.url;
  }

  /** Starts one process, and the others once it listens, so that an error is reported only once. `false` if the first does not listen. */
  async start(): Promise<boolean> {
    const [first, ...others] = this.#supervisors;
    if (!(await first?.renew())) return false;
    await Promise.all(others.map((each) => each.start()));
    return true;
  }

  /** Replaces one process after the other. `false` if a new one does not start; then the remaining old ones stay. */
  async restart(): Promise<boolean> {
    for (const each of this.#supervisors) {
      if (this.#stopped || !(await each.renew())) return false;
    }
    return true;
  }

  /** Tells all processes to finish, even those that are still starting, and resolves when they have ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const each of this.#supervisors) each.close();
    const running = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
    await Promise.all(
      running.map(async (worker) => {
        const ended = worker.isDead() ? undefined : once(worker, "exit");
        tell(worker, "finish");
        await ended;
      }),
    );
  }

  /** Tells every process which processes there are. */
  #announce(): void {
    const team = this.#supervisors.map((each) => each.member).filter((member) => member !== undefined);
    for (const each of this.#supervisors) each.tell({ team });
  }
}
