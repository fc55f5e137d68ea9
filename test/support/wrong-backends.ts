import type { NewRecord, OwnerIndex, SessionBackend, SessionRecord, SwapResult } from "@mini/session";

/** A correct backend in its simplest form. Each wrong one below differs from it in what its name says. */
export class PlainBackend implements SessionBackend {
  protected readonly records = new Map<string, SessionRecord>();
  protected readonly now: () => number;
  #versions = 0;

  constructor(now: () => number) {
    this.now = now;
  }

  async read(key: string): Promise<SessionRecord | undefined> {
    const record = this.find(key);
    return record && this.copy(record);
  }

  async create(key: string, record: NewRecord): Promise<string | undefined> {
    return this.find(key) === undefined ? this.write(key, record) : undefined;
  }

  async swap(key: string, version: string, record: NewRecord): Promise<SwapResult> {
    const current = this.find(key);
    if (current?.version !== version) return { ok: false, current: current && this.copy(current) };
    return { ok: true, version: this.write(key, record) };
  }

  async touch(key: string, idleAt: number): Promise<boolean> {
    const record = this.find(key);
    if (record !== undefined && idleAt > record.idleAt) this.records.set(key, { ...record, idleAt });
    return record !== undefined;
  }

  async take(key: string): Promise<SessionRecord | undefined> {
    const record = this.find(key);
    this.records.delete(key);
    return record;
  }

  async prune(limit: number): Promise<number> {
    const expired = [...this.records.keys()].filter((key) => this.find(key) === undefined).slice(0, limit);
    for (const key of expired) this.records.delete(key);
    return expired.length;
  }

  async *all(): AsyncGenerator<readonly [key: string, record: SessionRecord]> {
    for (const key of this.records.keys()) {
      const record = await this.read(key);
      if (record !== undefined) yield [key, record];
    }
  }

  async count(): Promise<number> {
    return [...this.records.keys()].filter((key) => this.find(key) !== undefined).length;
  }

  protected find(key: string): SessionRecord | undefined {
    const record = this.records.get(key);
    return record !== undefined && this.isAlive(record) ? record : undefined;
  }

  protected isAlive({ idleAt, expiresAt }: SessionRecord): boolean {
    return this.now() < idleAt && this.now() < expiresAt;
  }

  protected write(key: string, record: NewRecord): string {
    const version = this.newVersion();
    this.records.set(key, this.copy({ ...record, version }));
    return version;
  }

  protected newVersion(): string {
    return String(++this.#versions);
  }

  protected copy(record: SessionRecord): SessionRecord {
    return { ...record, data: Uint8Array.from(record.data) };
  }
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

export class SwapUpserts extends PlainBackend {
  override async swap(key: string, version: string, record: NewRecord): Promise<SwapResult> {
    return this.find(key) === undefined ? { ok: true, version: this.write(key, record) } : super.swap(key, version, record);
  }
}

export class SwapIsBlind extends PlainBackend {
  override async swap(key: string, _version: string, record: NewRecord): Promise<SwapResult> {
    return this.find(key) === undefined ? { ok: false, current: undefined } : { ok: true, version: this.write(key, record) };
  }
}

export class SwapIsNotAtomic extends PlainBackend {
  override async swap(key: string, version: string, record: NewRecord): Promise<SwapResult> {
    const current = await this.read(key);
    if (current?.version !== version) return { ok: false, current };
    await nextTurn();
    return { ok: true, version: this.write(key, record) };
  }
}

export class SwapGivesStaleCurrent extends PlainBackend {
  readonly #first = new Map<string, SessionRecord>();

  override async swap(key: string, version: string, record: NewRecord): Promise<SwapResult> {
    const before = await this.read(key);
    if (before !== undefined && !this.#first.has(key)) this.#first.set(key, before);
    const result = await super.swap(key, version, record);
    return result.ok || result.current === undefined ? result : { ok: false, current: this.#first.get(key) };
  }
}

export class CreateIsNotAtomic extends PlainBackend {
  override async create(key: string, record: NewRecord): Promise<string | undefined> {
    const there = this.find(key);
    await nextTurn();
    return there === undefined ? this.write(key, record) : undefined;
  }
}

export class CreateReplaces extends PlainBackend {
  override async create(key: string, record: NewRecord): Promise<string | undefined> {
    return this.write(key, record);
  }
}

export class VersionsRepeat extends PlainBackend {
  protected override write(key: string, record: NewRecord): string {
    const version = Buffer.from(record.data).toString("hex");
    this.records.set(key, this.copy({ ...record, version }));
    return version;
  }
}

export class IdleIsForgotten extends PlainBackend {
  protected override isAlive({ expiresAt }: SessionRecord): boolean {
    return this.now() < expiresAt;
  }
}

export class LifeIsForgotten extends PlainBackend {
  protected override isAlive({ idleAt }: SessionRecord): boolean {
    return this.now() < idleAt;
  }
}

export class EndIsASecondLate extends PlainBackend {
  protected override isAlive({ idleAt, expiresAt }: SessionRecord): boolean {
    return this.now() < Math.min(idleAt, expiresAt) + 1000;
  }
}

export class OnlyReadKnowsTheEnd extends PlainBackend {
  protected override find(key: string): SessionRecord | undefined {
    return this.records.get(key);
  }

  override async read(key: string): Promise<SessionRecord | undefined> {
    const record = await super.read(key);
    return record !== undefined && this.isAlive(record) ? record : undefined;
  }
}

export class ExpiredKeepsItsKey extends PlainBackend {
  override async create(key: string, record: NewRecord): Promise<string | undefined> {
    return this.records.has(key) ? undefined : this.write(key, record);
  }
}

export class BytesAreShared extends PlainBackend {
  protected override copy(record: SessionRecord): SessionRecord {
    return record;
  }
}

export class BytesAreText extends PlainBackend {
  protected override copy(record: SessionRecord): SessionRecord {
    return { ...record, data: new Uint8Array(Buffer.from(Buffer.from(record.data).toString("utf8"))) };
  }
}

export class ViewsAreNotSeen extends PlainBackend {
  protected override write(key: string, record: NewRecord): string {
    return super.write(key, { ...record, data: new Uint8Array(record.data.buffer) });
  }
}

export class TakeLeavesTheRecord extends PlainBackend {
  override take(key: string): Promise<SessionRecord | undefined> {
    return this.read(key);
  }
}

export class TakeIsNotAtomic extends PlainBackend {
  override async take(key: string): Promise<SessionRecord | undefined> {
    const record = await this.read(key);
    await nextTurn();
    this.records.delete(key);
    return record;
  }
}

export class TouchGoesBack extends PlainBackend {
  override async touch(key: string, idleAt: number): Promise<boolean> {
    const record = this.find(key);
    if (record !== undefined) this.records.set(key, { ...record, idleAt });
    return record !== undefined;
  }
}

export class TouchIsReadAndSet extends PlainBackend {
  override async touch(key: string, idleAt: number): Promise<boolean> {
    const record = await this.read(key);
    if (record === undefined) return false;
    await nextTurn();
    this.records.set(key, { ...record, idleAt: Math.max(idleAt, record.idleAt) });
    return true;
  }
}

export class TouchCreates extends PlainBackend {
  override async touch(key: string, idleAt: number): Promise<boolean> {
    if (this.find(key) === undefined) this.write(key, { data: new Uint8Array(), idleAt, expiresAt: idleAt });
    return super.touch(key, idleAt);
  }
}

export class TouchGivesAVersion extends PlainBackend {
  override async touch(key: string, idleAt: number): Promise<boolean> {
    const record = this.find(key);
    if (record !== undefined) this.write(key, { ...record, idleAt: Math.max(idleAt, record.idleAt) });
    return record !== undefined;
  }
}

export class TouchMovesTheEnd extends PlainBackend {
  override async touch(key: string, idleAt: number): Promise<boolean> {
    const record = this.find(key);
    if (record !== undefined) {
      const later = Math.max(idleAt, record.idleAt);
      this.records.set(key, { ...record, idleAt: later, expiresAt: Math.max(later, record.expiresAt) });
    }
    return record !== undefined;
  }
}

export class PruneTakesAll extends PlainBackend {
  override async prune(limit: number): Promise<number> {
    const keys = [...this.records.keys()].slice(0, limit);
    for (const key of keys) this.records.delete(key);
    return keys.length;
  }
}

export class PruneKnowsNoLimit extends PlainBackend {
  override prune(): Promise<number> {
    return super.prune(Infinity);
  }
}

export class PruneGoesByTheFirstTimes extends PlainBackend {
  readonly #ends = new Map<string, number>();

  override async create(key: string, record: NewRecord): Promise<string | undefined> {
    this.#ends.set(key, Math.min(record.idleAt, record.expiresAt));
    return super.create(key, record);
  }

  override async prune(limit: number): Promise<number> {
    const due = [...this.records.keys()].filter((key) => (this.#ends.get(key) ?? 0) <= this.now()).slice(0, limit);
    for (const key of due) this.records.delete(key);
    return due.length;
  }
}

/** A correct backend, except that it confuses owners with similar names. */
export class OwnersArePrefixes extends PlainBackend {
  readonly #entries = new Set<string>();
  readonly #epochs = new Map<string, number>();

  readonly owners: OwnerIndex = {
    epoch: async (owner) => this.#epochs.get(owner) ?? 0,
    bump: async (owner) => {
      const epoch = this.#epochs.get(owner) ?? 0;
      await nextTurn();
      this.#epochs.set(owner, epoch + 1);
      return epoch + 1;
    },
    add: async (owner, key) => void this.#entries.add(owner + key),
    remove: async (owner, key) => void this.#entries.delete(owner + key),
    keys: async (owner) => [...this.#entries].filter((entry) => entry.startsWith(owner)).map((entry) => entry.slice(owner.length)),
  };
}
