import type { Lifetime } from "../record/saved-session.ts";
import { AllSessions } from "./all-sessions.ts";
import { BackendRecords, type BackendRecordsOptions } from "./backend-records.ts";
import { OwnedSessions } from "./owned-sessions.ts";
import { ServerSessions } from "./server-session.ts";

/** What keeps sessions in a backend. `BackendSessions` loads this file, and all that only a backend needs, by `import()`. */
export class LoadedSessions {
  readonly records: BackendRecords;
  readonly sessions: ServerSessions;

  constructor(options: BackendRecordsOptions) {
    this.records = new BackendRecords(options);
    this.sessions = new ServerSessions(this.records);
  }

  /** For a backend that has an index of owners. */
  owned(lifetime: Lifetime): OwnedSessions {
    return new OwnedSessions(this.records, lifetime);
  }

  all(lifetime: Lifetime): AllSessions {
    return new AllSessions(this.records, lifetime);
  }
}
