import { MixedSegments, type Edge } from "./mixed-segments.ts";
import type { Alternative, Segment } from "./pattern.ts";
import { isRest, valueReader, type ValueReader } from "./values.ts";

/** One alternative of a pattern, and what it stands for. */
export interface Candidate {
  readonly alternative: Alternative;
  /** Names of parameters that have a converter. */
  readonly constrained: ReadonlySet<string>;
  /** Whether the pattern has optional groups. */
  readonly optional: boolean;
  /** Whether it was made for a final slash that the pattern does not have. */
  readonly lenient: boolean;
}

/** Says which of the candidates that match is wanted. */
export interface Judge<Each> {
  /** Asked of one candidate after the other, best first, until one is accepted. */
  accepts(candidate: Each): boolean;
}

/** A candidate with its place among all: of those that match, the smallest wins. */
interface Entry<Each> {
  readonly candidate: Each;
  readonly order: number;
  /** The next one for the same paths. */
  next: Entry<Each> | undefined;
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
  /**
   * Text that has to follow where the node begins, so that a chain of literal segments is one comparison: below
   * {@link only} from a segment's first character, elsewhere from the slash before it.
   */
  skip = "";
  /** The only literal way on; of several, each is found by its first segment. */
  only: Node<Each> | undefined;
  statics: Map<string, Node<Each>> | undefined;
  /** Segments of text and parameters, and of text and wildcards. */
  mixed: MixedSegments<Node<Each>, Tail<Each>> | undefined;
  /** A parameter with a converter, and one without. */
  constrained: Node<Each> | undefined;
  parameter: Node<Each> | undefined;
  tails: Tail<Each>[] | undefined;
  /** The best of those whose path ends here. */
  entry: Entry<Each> | undefined;
}

const slashCode = 47;

/**
 * Finds the pattern for a path: a tree over the segments of all patterns, so that the cost depends on the path and not
 * on their number. Of the alternatives that match, the one wins that has, segment by segment from the left, more
 * literal text, then a parameter with a converter before one without, then a parameter before a wildcard; among equals
 * one without optional groups, then the one added first.
 */
export class Matcher<Each extends Candidate> {
  readonly #root: Node<Each>;
  /** Paths without parameters, whole: nothing can win over them. */
  readonly #statics = new Map<string, Entry<Each>>();

  /** @param candidates - As {@link rankCandidates} gives them. */
  constructor(candidates: readonly Each[]) {
    const root = new Node<Each>();
    const last = new Map<Node<Each> | string, Entry<Each>>();
    for (const [order, candidate] of candidates.entries()) {
      const entry: Entry<Each> = { candidate, order, next: undefined };
      const place = this.#place(root, entry);
      if (place === undefined) continue;
      const before = last.get(place);
      if (before !== undefined) before.next = entry;
      else if (typeof place === "string") this.#statics.set(place, entry);
      else place.entry = entry;
      last.set(place, entry);
    }
    this.#root = compressed(root);
  }

  /** The best of the candidates whose pattern is the path itself, without parameters. */
  exact(path: string): Each | undefined {
    return this.#statics.get(path)?.candidate;
  }

  /**
   * The best candidate that is accepted. Every candidate that matches the path is offered until one is; so after a
   * refusal of all, the judge has seen all of them.
   *
   * @param path - Starts with a slash.
   */
  find(path: string, judge: Judge<Each>): Each | undefined {
    return (pick(this.#statics.get(path), judge) ?? follow(this.#root, path, 0, judge))?.candidate;
  }

  /** Where an entry belongs: a whole path, or a node; `undefined` for one that has become a tail. */
  #place(root: Node<Each>, entry: Entry<Each>): Node<Each> | string | undefined {
    const { alternative, constrained } = entry.candidate;
    const { segments } = alternative;
    if (segments.every(({ kind }) => kind === "static")) return `/${segments.map(({ text }) => text).join("/")}`;
    let node = root;
    for (const [i, segment] of segments.entries()) {
      if (segment.kind === "wildcard") {
        const text = i === segments.length - 1 && isRest(segment) ? segment.text : undefined;
        const tail = { entry, text, read: valueReader(alternative) };
        if (segment.text === "") (node.tails ??= []).push(tail);
        else (node.mixed ??= new MixedSegments()).addTail(segment.tokens, tail);
        return undefined;
      }
      node = child(node, segment, constrained);
    }
    return node;
  }
}

function child<Each>(node: Node<Each>, segment: Segment, constrained: ReadonlySet<string>): Node<Each> {
  if (segment.kind === "mixed") return (node.mixed ??= new MixedSegments()).next(segment.tokens, () => new Node<Each>());
  if (segment.kind === "parameter") {
    return isConstrained(segment, constrained) ? (node.constrained ??= new Node()) : (node.parameter ??= new Node());
  }
  node.statics ??= new Map();
  const known = node.statics.get(segment.text);
  if (known !== undefined) return known;
  const made = new Node<Each>();
  node.statics.set(segment.text, made);
  return made;
}

/** The node with chains of literal segments below it put together, or the one below that does for both. */
function compressed<Each>(node: Node<Each>): Node<Each> {
  node.mixed?.replace(compressed);
  if (node.constrained !== undefined) node.constrained = compressed(node.constrained);
  if (node.parameter !== undefined) node.parameter = compressed(node.parameter);
  if (node.statics === undefined) return node;
  for (const [text, each] of node.statics) node.statics.set(text, compressed(each));
  if (node.statics.size > 1) return node;
  const [[text, only]] = [...node.statics] as [[string, Node<Each>]];
  const { mixed, constrained, parameter, tails, entry } = node;
  if ((mixed ?? constrained ?? parameter ?? tails ?? entry) === undefined) {
    only.skip = `/${text}${only.skip}`;
    return only;
  }
  only.skip = text + only.skip;
  node.statics = undefined;
  node.only = only;
  return node;
}

/** What is at a node, where the segment before it ends at `end`. */
function follow<Each>(node: Node<Each>, path: string, end: number, judge: Judge<Each>): Entry<Each> | undefined {
  return node.skip === "" ? enter(node, path, end, judge) : skip(node, path, end, judge);
}

function skip<Each>(node: Node<Each>, path: string, from: number, judge: Judge<Each>): Entry<Each> | undefined {
  return path.startsWith(node.skip, from) ? enter(node, path, from + node.skip.length, judge) : undefined;
}

/** Goes on at a node; not where the path goes on within a literal segment. */
function enter<Each>(node: Node<Each>, path: string, end: number, judge: Judge<Each>): Entry<Each> | undefined {
  if (end === path.length) return pick(node.entry, judge);
  return path.charCodeAt(end) === slashCode ? search(node, path, end + 1, judge) : undefined;
}

/** What is below a node, for a segment that begins at `start`. */
function search<Each>(node: Node<Each>, path: string, start: number, judge: Judge<Each>): Entry<Each> | undefined {
  let found: Entry<Each> | undefined;
  if (node.only !== undefined) {
    found = skip(node.only, path, start, judge);
    if (found !== undefined) return found;
  }
  const slash = path.indexOf("/", start);
  const end = slash === -1 ? path.length : slash;
  if (node.statics !== undefined) {
    const literal = node.statics.get(path.slice(start, end));
    if (literal !== undefined) found = follow(literal, path, end, judge);
    if (found !== undefined) return found;
  }
  if (node.mixed !== undefined) {
    found = searchMixed(node.mixed, path, start, end, judge);
    if (found !== undefined) return found;
  }
  if (end > start) {
    if (node.constrained !== undefined) found = follow(node.constrained, path, end, judge);
    if (found === undefined && node.parameter !== undefined) found = follow(node.parameter, path, end, judge);
    if (found !== undefined) return found;
  }
  return node.tails?.find((tail) => matchesTail(tail, path, start) && judge.accepts(tail.entry.candidate))?.entry;
}

/** Segments with text rank by what comes after them too, so each that matches is followed and the best is taken. */
function searchMixed<Each>(
  mixed: MixedSegments<Node<Each>, Tail<Each>>,
  path: string,
  start: number,
  end: number,
  judge: Judge<Each>,
): Entry<Each> | undefined {
  let best: Entry<Each> | undefined;
  const segment = path.slice(start, end);
  mixed.each(segment, (edge: Edge<Node<Each>>) => {
    const found = follow(edge.node, path, end, judge);
    if (found !== undefined && (best === undefined || found.order < best.order)) best = found;
  });
  mixed.eachTail(segment, (tail) => {
    if (best !== undefined && best.order < tail.entry.order) return;
    if (matchesTail(tail, path, start) && judge.accepts(tail.entry.candidate)) best = tail.entry;
  });
  return best;
}

function matchesTail<Each>({ text, read }: Tail<Each>, path: string, start: number): boolean {
  if (text === undefined) return read(path) !== undefined;
  return path.length > start + text.length && path.startsWith(text, start);
}

function pick<Each>(first: Entry<Each> | undefined, judge: Judge<Each>): Entry<Each> | undefined {
  for (let entry = first; entry !== undefined; entry = entry.next) if (judge.accepts(entry.candidate)) return entry;
  return undefined;
}

/** The candidates, best first. */
export function rankCandidates<Each extends Candidate>(candidates: readonly Each[]): readonly Each[] {
  const ranked = candidates.map((candidate) => ({ candidate, rank: rankOf(candidate) }));
  // sort() keeps equals in the order in which they were added.
  ranked.sort((one, other) => compareRanks(one.rank, other.rank) || compareTies(one.candidate, other.candidate));
  return ranked.map(({ candidate }) => candidate);
}

/** Two numbers for each segment: literal text counts first, then what else there is in it. Smaller is better. */
type Rank = readonly number[];

function rankOf({ alternative: { segments }, constrained }: Candidate): Rank {
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

function compareTies(one: Candidate, other: Candidate): number {
  return Number(one.lenient) - Number(other.lenient) || Number(one.optional) - Number(other.optional);
}
