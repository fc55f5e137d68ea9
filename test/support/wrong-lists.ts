import type { NewRecord, SessionRecord } from "@mini/session";
import { PlainBackend } from "./wrong-backends.ts";

type Entries = AsyncGenerator<readonly [key: string, record: SessionRecord]>;

export class AllGivesTheExpired extends PlainBackend {
  override async *all(): Entries {
    yield* this.records;
  }
}

export class AllGivesOnePage extends PlainBackend {
  override async *all(): Entries {
    let given = 0;
    for await (const entry of super.all()) if (++given <= 100) yield entry;
  }
}

export class AllGivesNamesOfTheStorage extends PlainBackend {
  override async *all(): Entries {
    for await (const [key, record] of super.all()) yield [`session:${key}`, record];
  }
}

export class AllGivesTheFirstData extends PlainBackend {
  readonly #first = new Map<string, SessionRecord>();

  override async create(key: string, record: NewRecord): Promise<string | undefined> {
    const version = await super.create(key, record);
    this.#first.set(key, (await this.read(key))!);
    return version;
  }

  override async *all(): Entries {
    for await (const [key] of super.all()) yield [key, this.#first.get(key)!];
  }
}

export class AllGivesOtherVersions extends PlainBackend {
  override async *all(): Entries {
    for await (const [key, record] of super.all()) yield [key, { ...record, version: this.newVersion() }];
  }
}

export class AllForgetsTouches extends PlainBackend {
  readonly #first = new Map<string, number>();

  override async touch(key: string, idleAt: number): Promise<boolean> {
    const before = this.find(key);
    if (before !== undefined && !this.#first.has(key)) this.#first.set(key, before.idleAt);
    return super.touch(key, idleAt);
  }

  override async *all(): Entries {
    for await (const [key, record] of super.all()) yield [key, { ...record, idleAt: this.#first.get(key) ?? record.idleAt }];
  }
}

/** Like a database with an open cursor: it cannot write until the last record has been read. */
export class AllKeepsItsLock extends PlainBackend {
  #isLocked = false;

  override async *all(): Entries {
    this.#isLocked = true;
    yield* super.all();
    this.#isLocked = false;
  }

  override async create(key: string, record: NewRecord): Promise<string | undefined> {
    return this.#isLocked ? undefined : super.create(key, record);
  }
}

export class CountCountsTheExpired extends PlainBackend {
  override async count(): Promise<number> {
    return this.records.size;
  }
}

export class CountForgetsTakes extends PlainBackend {
  #created = 0;

  override async create(key: string, record: NewRecord): Promise<string | undefined> {
    this.#created++;
    return super.create(key, record);
  }

  override async count(): Promise<number> {
    return this.#created;
  }
}

export class CountCountsOnePage extends PlainBackend {
  override async count(): Promise<number> {
    return Math.min(100, await super.count());
  }
}
