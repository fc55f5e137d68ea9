/** Numbers, picks and changes of text, the same ones for the same seed. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 to below `limit`; mulberry32. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** So many picks, 0 to `most`. */
  picks<T>(list: readonly T[], most: number): T[] {
    return Array.from({ length: this.below(most + 1) }, () => this.pick(list));
  }

  /** Characters with codes from `first` to `last`. */
  text(most: number, first = 0x21, last = 0x7e): string {
    return Array.from({ length: this.below(most + 1) }, () => String.fromCharCode(first + this.below(last - first + 1))).join("");
  }

  /** The text with a few changes: pieces that are left out, doubled, replaced, moved, or come from another text. */
  change(text: string, other: string, first = 0x21, last = 0x7e): string {
    let changed = text;
    for (let steps = 1 + this.below(3); steps > 0; steps--) {
      const start = this.below(changed.length + 1);
      const end = Math.min(changed.length, start + 1 + this.below(this.below(4) === 0 ? 40 : 2));
      const [before, piece, after] = [changed.slice(0, start), changed.slice(start, end), changed.slice(end)];
      const from = this.below(other.length + 1);
      const inserts = ["", piece + piece, this.text(3, first, last), other.slice(from, from + this.below(40)), piece.toUpperCase()];
      changed = before + this.pick(inserts) + after;
    }
    return changed;
  }
}

/** What a fuzzer is told to do. */
export interface Task {
  readonly count: number;
  readonly seed: number;
  /** Called now and then with how many are done. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/** How often there was which outcome. */
export type Tally = Map<string, number>;

export function count(tally: Tally, outcome: string): void {
  tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
}

/** An input that the library does not take as it promises to. */
export class FindingError extends Error {
  override get name(): string {
    return "FindingError";
  }

  constructor(problem: string, input: string) {
    super(`${problem}, for the input ${JSON.stringify(input)}`);
  }
}

/** Milliseconds that one input may take, the machine's other work included. */
const longest = 25_000;

/** Does the work for each number, and holds it to the time one input may take and to the memory many may. */
export async function each({ count: all, onProgress }: Task, work: (index: number) => Promise<string>): Promise<void> {
  const heap = new Heap(all);
  const step = Math.ceil(all / 50);
  for (let done = 0; done < all; done++) {
    const start = performance.now();
    const input = await work(done);
    if (performance.now() - start > longest) throw new FindingError(`It took more than ${longest} ms`, input);
    heap.look(done);
    if (done % step === step - 1) onProgress?.(done + 1);
  }
  heap.look(all);
}

/** Bytes that the heap may be larger at the end than after the first half, with `--expose-gc`: far less than a byte for each input. */
const mostGrowth = 16 * 2 ** 20;

class Heap {
  readonly #all: number;
  #middle: number | undefined;

  constructor(all: number) {
    this.#all = all;
  }

  look(done: number): void {
    if (globalThis.gc === undefined || (done !== this.#all && done !== this.#all >> 1)) return;
    globalThis.gc();
    const { heapUsed } = process.memoryUsage();
    if (done < this.#all) this.#middle = heapUsed;
    else if (heapUsed > this.#middle! + mostGrowth)
      throw new FindingError(`The heap grew by ${heapUsed - this.#middle!} bytes`, "all of them");
  }
}
