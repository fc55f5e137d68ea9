import { ConfigError } from "@mini/core/base";
import type { BackendRecords } from "../keeping/backend-records.ts";
import { describeSession, type OwnedSession } from "../keeping/owned-sessions.ts";
import type { Lifetime } from "../record/record.ts";
import type { SessionData } from "../record/session-data.ts";

/** A session in the list of all sessions. */
export interface ListedSession<Data extends object = SessionData> extends Omit<OwnedSession<Data>, "current"> {
  /** The owner of the session; `undefined`: none. */
  readonly owner: string | undefined;
}

/** All sessions in the configured backend. */
export class AllSessions {
  readonly #records: BackendRecords | undefined;
  readonly #lifetime: Lifetime;

  constructor(records: BackendRecords | undefined, lifetime: Lifetime) {
    this.#records = records;
    this.#lifetime = lifetime;
  }

  /** @throws ConfigError when the backend cannot count. */
  async count(): Promise<number> {
    const { backend } = this.#recordsFor("count", "count");
    return this.#records!.asking("count all sessions", () => backend.count!());
  }

  /** @throws ConfigError when the backend cannot list them. */
  async *all(): AsyncGenerator<ListedSession<object>> {
    for await (const record of this.#recordsFor("list", "all").all(this.#lifetime)) {
      yield { ...describeSession(record, this.#lifetime), owner: record.owner };
    }
  }

  #recordsFor(doing: string, call: "all" | "count"): BackendRecords {
    const records = this.#records;
    if (records?.backend[call] !== undefined) return records;
    throw new ConfigError(
      `Cannot ${doing} all sessions: the session setting "backend" must be one with ${call}(), such as new SqliteBackend({ database }).`,
    );
  }
}
