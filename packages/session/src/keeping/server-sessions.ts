import type { BackendRecords } from "./backend-records.ts";
import type { KeptSession, Received, SessionKeeper } from "./keeping.ts";
import { ServerSession } from "./server-session.ts";

/** Keeps sessions in a backend. A session is loaded at the first access; each load and each commit has a deadline. */
export class ServerSessions implements SessionKeeper {
  readonly #records: BackendRecords;

  constructor(records: BackendRecords) {
    this.#records = records;
  }

  load(received: Received): KeptSession | Promise<KeptSession> {
    const [key] = this.#keys(received);
    if (key === undefined) return new ServerSession(this.#records, received, {});
    return this.#records.within("load a session", async (deadline) => {
      const record = await this.#records.find(deadline, key, received);
      if (record === undefined) return new ServerSession(this.#records, received, {});
      const { replaced } = record;
      return new ServerSession(this.#records, received, replaced === undefined ? { found: { key, record } } : { replaced });
    });
  }

  async end(received: Received, endedKey: string | undefined): Promise<void> {
    const keys = this.#keys(received).filter((key) => key !== endedKey);
    await this.#records.within("end a session", (deadline) => Promise.all(keys.map((key) => this.#records.end(key, deadline))));
  }

  #keys({ cookieName, values }: Received): readonly string[] {
    return this.#records.ids.recordKeys(cookieName, values);
  }
}
