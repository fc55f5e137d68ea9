import type { Alternative, FlatToken, Segment } from "./pattern.ts";
import { isRest, matchSegment, valueReader, type ValueReader } from "./values.ts";

/** One alternative of a pattern, and what it stands for. */
export interface Candidate<Target> {
  readonly target: Target;
  readonly alternative: Alternative;
  /** Names of parameters that have a converter. */
  readonly constrained: ReadonlySet<string>;
  /** Whether the pattern has optional groups. */
  readonly optional: boolean;
  /** Whether it was made for a final slash that the pattern does not have. */
  readonly lenient: boolean;
}

/** A candidate with its place among all: of those that match, the smallest wins. */
interface Entry<Each> {
  readonly candidate: Each;
  readonly order: number;
}

type Accept<Each> = (candidate: Each) => boolean;

interface Edge<Each> {
  readonly tokens: readonly FlatToken[];
  readonly shape: string;
  readonly node: Node<Each>;
}

/** A wildcard and all that comes after it. */
interface Tail<Each> {
  readonly entry: Entry<Each>;
  /** Text before a wildcard that takes the rest; `undefined` where only reading the whole path can tell. */
  readonly text: string | undefined;
  readonly read: ValueReader;
}

/** What may come after the segments that led here. */
class Node<Each> {
  readonly statics = new Map<string, Node<Each>>();
  /** Segments of text and parameters. */
  readonly mixed: Edge<Each>[] = [];
  /** Segments with a wildcard and text. */
  readonly mixedTails: Tail<Each>[] = [];
  /** A parameter with a converter, and one without. */
  constrained: Node<Each> | undefined;
  parameter: Node<Each> | undefined;
  readonly tails: Tail<Each>[] = [];
  readonly entries: Entry<Each>[] = [];
}

/**
 * Finds the pattern for a path: a tree over the segments of all patterns, so that the cost depends on the path and not
 * on their number. Of the alternatives that match, the one wins that has, segment by segment from the left, more
 * literal text, then a parameter with a converter before one without, then a parameter before a wildcard; among equals
 * one without optional groups, then the one added first.
 */
export class Matcher<Target, Each extends Candidate<Target> = Candidate<Target>> {
  readonly #root = new Node<Each>();
  /** Paths without parameters, whole: nothing can win over them. */
  readonly #statics = new Map<string, Entry<Each>[]>();

  constructor(candidates: readonly Each[]) {
    for (const [order, candidate] of rankCandidates(candidates).entries()) this.#add({ candidate, order });
  }

  /**
   * The best candidate that is accepted. Every candidate that matches the path is offered until one is; so after a
   * refusal of all, `accept` has seen all of them.
   *
   * @param path - Starts with a slash.
   */
  find(path: string, accept: Accept<Each>): Each | undefined {
    const entries = this.#statics.get(path);
    return ((entries && pick(entries, accept)) ?? search(this.#root, path, 1, accept))?.candidate;
  }

  #add(entry: Entry<Each>): void {
    const { alternative, constrained } = entry.candidate;
    const { segments } = alternative;
    if (segments.every(({ kind }) => kind === "static")) {
      const path = `/${segments.map(({ text }) => text).join("/")}`;
      const known = this.#statics.get(path);
      if (known === undefined) this.#statics.set(path, [entry]);
      else known.push(entry);
      return;
    }
    let node = this.#root;
    for (const [i, segment] of segments.entries()) {
      if (segment.kind === "wildcard") {
        const text = i === segments.length - 1 && isRest(segment) ? segment.text : undefined;
        (segment.text === "" ? node.tails : node.mixedTails).push({ entry, text, read: valueReader(alternative) });
        return;
      }
      node = child(node, segment, constrained);
    }
    node.entries.push(entry);
  }
}

function child<Each>(node: Node<Each>, segment: Segment, constrained: ReadonlySet<string>): Node<Each> {
  if (segment.kind === "static") {
    const known = node.statics.get(segment.text);
    if (known !== undefined) return known;
    const made = new Node<Each>();
    node.statics.set(segment.text, made);
    return made;
  }
  if (segment.kind === "parameter") {
    return isConstrained(segment, constrained) ? (node.constrained ??= new Node()) : (node.parameter ??= new Node());
  }
  const shape = JSON.stringify(segment.tokens.map((token) => (token.type === "text" ? token.value : 0)));
  const known = node.mixed.find((edge) => edge.shape === shape);
  if (known !== undefined) return known.node;
  const edge = { tokens: segment.tokens, shape, node: new Node<Each>() };
  node.mixed.push(edge);
  return edge.node;
}

function search<Each>(node: Node<Each>, path: string, start: number, accept: Accept<Each>): Entry<Each> | undefined {
  const slash = path.indexOf("/", start);
  const end = slash === -1 ? path.length : slash;
  const segment = path.slice(start, end);
  const literal = node.statics.get(segment);
  let found: Entry<Each> | undefined;
  if (literal !== undefined) found = follow(literal, path, slash, accept);
  if (found === undefined && node.mixed.length + node.mixedTails.length > 0) found = searchMixed(node, path, start, segment, slash, accept);
  if (found === undefined && node.constrained !== undefined && end > start) found = follow(node.constrained, path, slash, accept);
  if (found === undefined && node.parameter !== undefined && end > start) found = follow(node.parameter, path, slash, accept);
  if (found !== undefined || node.tails.length === 0) return found;
  return node.tails.find((tail) => matchesTail(tail, path, start) && accept(tail.entry.candidate))?.entry;
}

/** What is below a node, after a segment that ends at `slash`; -1: the path ends there. */
function follow<Each>(node: Node<Each>, path: string, slash: number, accept: Accept<Each>): Entry<Each> | undefined {
  return slash === -1 ? pick(node.entries, accept) : search(node, path, slash + 1, accept);
}

/** Segments with text rank by what comes after them too, so each that matches is followed and the best is taken. */
function searchMixed<Each>(
  node: Node<Each>,
  path: string,
  start: number,
  segment: string,
  slash: number,
  accept: Accept<Each>,
): Entry<Each> | undefined {
  let best: Entry<Each> | undefined;
  for (const edge of node.mixed) {
    if (matchSegment(edge.tokens, segment) === undefined) continue;
    const found = follow(edge.node, path, slash, accept);
    if (found !== undefined && (best === undefined || found.order < best.order)) best = found;
  }
  for (const tail of node.mixedTails) {
    if (best !== undefined && best.order < tail.entry.order) continue;
    if (matchesTail(tail, path, start) && accept(tail.entry.candidate)) best = tail.entry;
  }
  return best;
}

function matchesTail<Each>({ text, read }: Tail<Each>, path: string, start: number): boolean {
  if (text === undefined) return read(path) !== undefined;
  return path.length > start + text.length && path.startsWith(text, start);
}

function pick<Each>(entries: readonly Entry<Each>[], accept: Accept<Each>): Entry<Each> | undefined {
  for (const entry of entries) if (accept(entry.candidate)) return entry;
  return undefined;
}

/** The candidates, best first. */
export function rankCandidates<Each extends Candidate<unknown>>(candidates: readonly Each[]): readonly Each[] {
  const ranked = candidates.map((candidate) => ({ candidate, rank: rankOf(candidate) }));
  // sort() keeps equals in the order in which they were added.
  ranked.sort((one, other) => compareRanks(one.rank, other.rank) || compareTies(one.candidate, other.candidate));
  return ranked.map(({ candidate }) => candidate);
}

/** Two numbers for each segment: literal text counts first, then what else there is in it. Smaller is better. */
type Rank = readonly number[];

function rankOf({ alternative: { segments }, constrained }: Candidate<unknown>): Rank {
  return segments.flatMap((segment) => {
    if (segment.kind === "static") return [-Infinity, 0];
    return [-segment.text.length, segment.kind === "wildcard" ? 2 : isConstrained(segment, constrained) ? 0 : 1];
  });
}

function isConstrained({ tokens }: Segment, constrained: ReadonlySet<string>): boolean {
  return constrained.size > 0 && tokens.some((token) => token.type !== "text" && constrained.has(token.name));
}

function compareRanks(one: Rank, other: Rank): number {
  for (let i = 0; i < Math.min(one.length, other.length); i++) {
    if (one[i] !== other[i]) return one[i]! < other[i]! ? -1 : 1;
  }
  return other.length - one.length;
}

function compareTies(one: Candidate<unknown>, other: Candidate<unknown>): number {
  return Number(one.lenient) - Number(other.lenient) || Number(one.optional) - Number(other.optional);
}
