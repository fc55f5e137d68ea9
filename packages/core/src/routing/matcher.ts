import { MixedSegments, type Edge } from "./mixed-segments.ts";
import type { Alternative, Segment } from "../rules/pattern.ts";
import { valueReader, type ValueReader } from "../rules/value-reader.ts";

/** One alternative of a pattern that a matcher can find. */
export interface Candidate {
  readonly alternative: Alternative;
  /** Names of parameters that have a converter. */
  readonly constrained: ReadonlySet<string>;
  /** Whether the pattern has optional groups. */
  readonly optional: boolean;
  /** Whether the alternative differs from the pattern in its final slash, for a rule that accepts both. */
  readonly hasOtherSlash: boolean;
  /** Its position among all candidates of the matcher: of those that match, the smallest wins. Set by the matcher. */
  order: number;
  /** The next best candidate for exactly the same paths. Set by the matcher. */
  next: this | undefined;
}

/** Decides whether a candidate that matches the path is accepted. */
export interface CandidateFilter<Each> {
  /** Called for each matching candidate, the best first, until one is accepted. */
  accepts(candidate: Each): boolean;
}

/** A wildcard and everything after it. */
interface Tail<Each extends Candidate> {
  readonly candidate: Each;
  /** Text before a wildcard that takes the rest of the path; `undefined`: the whole path must be read to know whether it matches. */
  readonly text: string | undefined;
  readonly read: ValueReader;
  /** Text at the end of the path, which is faster to compare than the whole path. */
  readonly end: string;
}

/** A node of the tree: the segments that may follow. */
class Node<Each extends Candidate> {
  /**
   * Text that must follow, so that a chain of literal segments takes one comparison. It starts with the first character of a
   * segment if the node is one of {@link few}, and with the slash before it otherwise.
   */
  skip = "";
  /** The nodes of the next literal segments, if there are only a few: then comparing is faster than a lookup. */
  few: readonly Node<Each>[] | undefined;
  /** The first character of each of {@link few}; NUL for an empty segment. */
  heads = "";
  /** The nodes of the next literal segments, by the segment. */
  statics: Map<string, Node<Each>> | undefined;
  /** The nodes of segments with text and parameters, and of those with text and wildcards. */
  mixed: MixedSegments<Node<Each>, Tail<Each>> | undefined;
  /** The nodes of a parameter with a converter, and of one without. */
  constrained: Node<Each> | undefined;
  parameter: Node<Each> | undefined;
  tails: Tail<Each>[] | undefined;
  /** The best candidate whose path ends here. */
  best: Each | undefined;
}

const slashCode = 47;
/** The most literal segments that are compared one after the other. */
const maxCompared = 6;

/**
 * Finds the pattern for a path, in a tree of the segments of all patterns: the cost depends on the length of the path, and not on
 * the number of patterns. If several alternatives match, they are compared segment by segment, from the left: more literal text
 * wins, then a parameter with a converter, then one without, then a wildcard. Among equals, an alternative without optional groups
 * wins, then the one that was added first.
 */
export class Matcher<Each extends Candidate> {
  readonly #root: Node<Each>;
  /** The paths without parameters. No other pattern can win over them. */
  readonly #exact = new Map<string, Each>();
  /** The lengths and last characters of these paths. With them, most other paths are excluded without a lookup. */
  readonly #endings = new Uint8Array(64 * 128);

  /** @param candidates - In the order of {@link rankCandidates}. */
  constructor(candidates: readonly Each[]) {
    const root = new Node<Each>();
    const last = new Map<Node<Each> | string, Each>();
    for (const [order, candidate] of candidates.entries()) {
      candidate.order = order;
      const place = this.#place(root, candidate);
      if (place === undefined) continue;
      const before = last.get(place);
      if (before !== undefined) before.next = candidate;
      else if (typeof place === "string") {
        this.#exact.set(place, candidate);
        this.#endings[ending(place)] = 1;
      } else place.best = candidate;
      last.set(place, candidate);
    }
    this.#root = compressed(root);
  }

  /** The best candidate whose pattern is exactly the path, without parameters. */
  exact(path: string): Each | undefined {
    return this.#endings[ending(path)] === 1 ? this.#exact.get(path) : undefined;
  }

  /**
   * The best candidate that the filter accepts. If it accepts none, it has seen every candidate that matches.
   *
   * @param path - Starts with a slash.
   * @param exact - What {@link exact} has found for the path.
   */
  find(path: string, filter: CandidateFilter<Each>, exact: Each | undefined): Each | undefined {
    return pick(exact, filter) ?? follow(this.#root, path, 0, filter);
  }

  /** The path or the node of a candidate; `undefined`: it has a wildcard, and was added as a tail. */
  #place(root: Node<Each>, candidate: Each): Node<Each> | string | undefined {
    const { alternative, constrained } = candidate;
    const { segments } = alternative;
    if (segments.every(({ kind }) => kind === "static")) return `/${segments.map(({ text }) => text).join("/")}`;
    let node = root;
    for (const segment of segments) {
      if (segment.kind === "wildcard") {
        const text = segment.isRest ? segment.text : undefined;
        const last = alternative.tokens.at(-1)!;
        const tail = { candidate, text, read: valueReader(alternative), end: last.type === "text" ? last.value : "" };
        if (segment.text === "") (node.tails ??= []).push(tail);
        else (node.mixed ??= new MixedSegments()).addTail(segment.tokens, tail);
        return undefined;
      }
      node = child(node, segment, constrained);
    }
    return node;
  }
}

const ending = (path: string) => ((path.length & 63) << 7) | (path.charCodeAt(path.length - 1) & 127);

function child<Each extends Candidate>(node: Node<Each>, segment: Segment, constrained: ReadonlySet<string>): Node<Each> {
  if (segment.kind === "mixed")
    return (node.mixed ??= new MixedSegments()).next(segment.tokens, isConstrained(segment, constrained), () => new Node<Each>());
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

/** The node with chains of literal segments joined. If a node has only one child and nothing else, the child replaces it. */
function compressed<Each extends Candidate>(node: Node<Each>): Node<Each> {
  node.mixed?.replace(compressed);
  if (node.constrained !== undefined) node.constrained = compressed(node.constrained);
  if (node.parameter !== undefined) node.parameter = compressed(node.parameter);
  if (node.statics === undefined) return node;
  for (const [text, each] of node.statics) node.statics.set(text, compressed(each));
  if (node.statics.size > maxCompared) return node;
  const { mixed, constrained, parameter, tails, best } = node;
  const few = [...node.statics];
  if (few.length === 1 && mixed === undefined && (constrained ?? parameter) === undefined && (tails ?? best) === undefined) {
    const [text, only] = few[0]!;
    return below(only, `/${text}`);
  }
  node.few = few.map(([text, each]) => below(each, text));
  node.heads = few.map(([text]) => (text === "" ? "\0" : text[0])).join("");
  node.statics = undefined;
  return node;
}

function below<Each extends Candidate>(node: Node<Each>, text: string): Node<Each> {
  node.skip = text + node.skip;
  return node;
}

/** Searches at a node, after a segment that ends at `end`. */
function follow<Each extends Candidate>(node: Node<Each>, path: string, end: number, filter: CandidateFilter<Each>): Each | undefined {
  const { skip } = node;
  // For short texts this is faster than startsWith().
  for (let i = 0; i < skip.length; i++) if (path.charCodeAt(end + i) !== skip.charCodeAt(i)) return undefined;
  const at = end + skip.length;
  if (at === path.length) return pick(node.best, filter);
  return path.charCodeAt(at) === slashCode ? search(node, path, at + 1, filter) : undefined;
}

/** Searches below a node, with the segment that starts at `start`. */
function search<Each extends Candidate>(node: Node<Each>, path: string, start: number, filter: CandidateFilter<Each>): Each | undefined {
  const { few } = node;
  let found: Each | undefined;
  if (few !== undefined) {
    const { heads } = node;
    const code = path.charCodeAt(start);
    for (let i = 0; i < heads.length; i++) {
      const head = heads.charCodeAt(i);
      if (head !== code && head !== 0) continue;
      found = follow(few[i]!, path, start, filter);
      if (found !== undefined) return found;
    }
  }
  const { statics, mixed, constrained, parameter, tails } = node;
  const slash = path.indexOf("/", start);
  const end = slash === -1 ? path.length : slash;
  if (statics !== undefined) {
    const literal = statics.get(path.slice(start, end));
    if (literal !== undefined) found = follow(literal, path, end, filter);
    if (found !== undefined) return found;
  }
  if (mixed !== undefined) {
    found = searchMixed(mixed, path, start, end, filter);
    if (found !== undefined) return found;
  }
  if (end > start) {
    if (constrained !== undefined) found = follow(constrained, path, end, filter);
    if (found === undefined && parameter !== undefined) found = follow(parameter, path, end, filter);
    if (found !== undefined) return found;
  }
  if (tails === undefined) return undefined;
  for (const tail of tails) if (matchesTail(tail, path, start) && filter.accepts(tail.candidate)) return tail.candidate;
  return undefined;
}

/** Segments with text are ranked together with what follows them, so each that matches is searched, and the best candidate wins. */
function searchMixed<Each extends Candidate>(
  mixed: MixedSegments<Node<Each>, Tail<Each>>,
  path: string,
  start: number,
  end: number,
  filter: CandidateFilter<Each>,
): Each | undefined {
  let best: Each | undefined;
  const segment = path.slice(start, end);
  mixed.each(segment, (edge: Edge<Node<Each>>) => {
    const found = follow(edge.node, path, end, filter);
    if (found !== undefined && (best === undefined || found.order < best.order)) best = found;
  });
  mixed.eachTail(segment, (tail) => {
    if (best !== undefined && best.order < tail.candidate.order) return;
    if (matchesTail(tail, path, start) && filter.accepts(tail.candidate)) best = tail.candidate;
  });
  return best;
}

function matchesTail<Each extends Candidate>({ text, read, end }: Tail<Each>, path: string, start: number): boolean {
  if (text === undefined) return path.endsWith(end) && read(path) !== undefined;
  return path.length > start + text.length && path.startsWith(text, start);
}

function pick<Each extends Candidate>(first: Each | undefined, filter: CandidateFilter<Each>): Each | undefined {
  for (let candidate = first; candidate !== undefined; candidate = candidate.next) if (filter.accepts(candidate)) return candidate;
  return undefined;
}

/** The candidates, the best first. */
export function rankCandidates<Each extends Candidate>(candidates: readonly Each[]): readonly Each[] {
  const ranked = candidates.map((candidate) => ({ candidate, rank: rankOf(candidate) }));
  // sort() keeps the order of equal ones.
  ranked.sort((one, other) => compareRanks(one.rank, other.rank) || compareTies(one.candidate, other.candidate));
  return ranked.map(({ candidate }) => candidate);
}

/** Two numbers for each segment, the length of its text and the kind of its parameters. Smaller ranks are better. */
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
  return Number(one.hasOtherSlash) - Number(other.hasOtherSlash) || Number(one.optional) - Number(other.optional);
}
