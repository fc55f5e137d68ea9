import { MixedSegments, type Edge } from "./mixed-segments.ts";
import type { Alternative, Segment } from "../rules/pattern.ts";
import { isRest, valueReader, type ValueReader } from "../rules/value-reader.ts";

/** One alternative of a pattern, and what it stands for. */
export interface Candidate {
  readonly alternative: Alternative;
  /** Names of parameters that have a converter. */
  readonly constrained: ReadonlySet<string>;
  /** Whether the pattern has optional groups. */
  readonly optional: boolean;
  /** Whether it was made for a final slash that the pattern does not have. */
  readonly lenient: boolean;
  /** Its place among all of its matcher: of those that match, the smallest wins. Set by the matcher. */
  order: number;
  /** The next best one for the very same paths. Set by the matcher. */
  next: this | undefined;
}

/** Says which of the candidates that match is wanted. */
export interface Judge<Each> {
  /** Asked of one candidate after the other, best first, until one is accepted. */
  accepts(candidate: Each): boolean;
}

/** A wildcard and all that comes after it. */
interface Tail<Each extends Candidate> {
  readonly candidate: Each;
  /** Text before a wildcard that takes the rest; `undefined` where only reading the whole path can tell. */
  readonly text: string | undefined;
  readonly read: ValueReader;
  /** Text that the path ends with: quicker to see than whether all of it matches. */
  readonly end: string;
}

/** What may come after the segments that led here. */
class Node<Each extends Candidate> {
  /**
   * Text that has to follow where the node begins, so that a chain of literal segments is one comparison: for one of
   * {@link few} from a segment's first character, elsewhere from the slash before it.
   */
  skip = "";
  /** The literal ways on, as long as they are few: then comparing is faster than looking up. */
  few: readonly Node<Each>[] | undefined;
  /** The first character of each of {@link few}; NUL where its segment is empty. */
  heads = "";
  /** The literal ways on by their first segment. */
  statics: Map<string, Node<Each>> | undefined;
  /** Segments of text and parameters, and of text and wildcards. */
  mixed: MixedSegments<Node<Each>, Tail<Each>> | undefined;
  /** A parameter with a converter, and one without. */
  constrained: Node<Each> | undefined;
  parameter: Node<Each> | undefined;
  tails: Tail<Each>[] | undefined;
  /** The best of those whose path ends here. */
  best: Each | undefined;
}

const slashCode = 47;
/** Most literal ways on that are tried one after the other. */
const mostFew = 6;

/**
 * Finds the pattern for a path: a tree over the segments of all patterns, so that the cost depends on the path and not
 * on their number. Of the alternatives that match, the one wins that has, segment by segment from the left, more
 * literal text, then a parameter with a converter before one without, then a parameter before a wildcard; among equals
 * one without optional groups, then the one added first.
 */
export class Matcher<Each extends Candidate> {
  readonly #root: Node<Each>;
  /** Paths without parameters, whole: nothing can win over them. */
  readonly #exact = new Map<string, Each>();
  /** Which lengths and last characters those have: most other paths are told by these, without being hashed. */
  readonly #endings = new Uint8Array(64 * 128);

  /** @param candidates - As {@link rankCandidates} gives them. */
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

  /** The best of the candidates whose pattern is the path itself, without parameters. */
  exact(path: string): Each | undefined {
    return this.#endings[ending(path)] === 1 ? this.#exact.get(path) : undefined;
  }

  /**
   * The best candidate that is accepted. Every candidate that matches the path is offered until one is; so after a
   * refusal of all, the judge has seen all of them.
   *
   * @param path - Starts with a slash.
   * @param exact - What {@link exact} has found for it.
   */
  find(path: string, judge: Judge<Each>, exact: Each | undefined): Each | undefined {
    return pick(exact, judge) ?? follow(this.#root, path, 0, judge);
  }

  /** Where a candidate belongs: a whole path, or a node; `undefined` for one that has become a tail. */
  #place(root: Node<Each>, candidate: Each): Node<Each> | string | undefined {
    const { alternative, constrained } = candidate;
    const { segments } = alternative;
    if (segments.every(({ kind }) => kind === "static")) return `/${segments.map(({ text }) => text).join("/")}`;
    let node = root;
    for (const [i, segment] of segments.entries()) {
      if (segment.kind === "wildcard") {
        const text = i === segments.length - 1 && isRest(segment) ? segment.text : undefined;
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

/** The node with chains of literal segments below it put together, or the one below that does for both. */
function compressed<Each extends Candidate>(node: Node<Each>): Node<Each> {
  node.mixed?.replace(compressed);
  if (node.constrained !== undefined) node.constrained = compressed(node.constrained);
  if (node.parameter !== undefined) node.parameter = compressed(node.parameter);
  if (node.statics === undefined) return node;
  for (const [text, each] of node.statics) node.statics.set(text, compressed(each));
  if (node.statics.size > mostFew) return node;
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

/** What is at a node, where the segment before it ends at `end`; nothing where the path goes on within a literal segment. */
function follow<Each extends Candidate>(node: Node<Each>, path: string, end: number, judge: Judge<Each>): Each | undefined {
  const { skip } = node;
  // For the short texts of paths quicker than startsWith().
  for (let i = 0; i < skip.length; i++) if (path.charCodeAt(end + i) !== skip.charCodeAt(i)) return undefined;
  const at = end + skip.length;
  if (at === path.length) return pick(node.best, judge);
  return path.charCodeAt(at) === slashCode ? search(node, path, at + 1, judge) : undefined;
}

/** What is below a node, for a segment that begins at `start`. */
function search<Each extends Candidate>(node: Node<Each>, path: string, start: number, judge: Judge<Each>): Each | undefined {
  const { few } = node;
  let found: Each | undefined;
  if (few !== undefined) {
    const { heads } = node;
    const code = path.charCodeAt(start);
    for (let i = 0; i < heads.length; i++) {
      const head = heads.charCodeAt(i);
      if (head !== code && head !== 0) continue;
      found = follow(few[i]!, path, start, judge);
      if (found !== undefined) return found;
    }
  }
  const { statics, mixed, constrained, parameter, tails } = node;
  const slash = path.indexOf("/", start);
  const end = slash === -1 ? path.length : slash;
  if (statics !== undefined) {
    const literal = statics.get(path.slice(start, end));
    if (literal !== undefined) found = follow(literal, path, end, judge);
    if (found !== undefined) return found;
  }
  if (mixed !== undefined) {
    found = searchMixed(mixed, path, start, end, judge);
    if (found !== undefined) return found;
  }
  if (end > start) {
    if (constrained !== undefined) found = follow(constrained, path, end, judge);
    if (found === undefined && parameter !== undefined) found = follow(parameter, path, end, judge);
    if (found !== undefined) return found;
  }
  if (tails === undefined) return undefined;
  for (const tail of tails) if (matchesTail(tail, path, start) && judge.accepts(tail.candidate)) return tail.candidate;
  return undefined;
}

/** Segments with text rank by what comes after them too, so each that matches is followed and the best is taken. */
function searchMixed<Each extends Candidate>(
  mixed: MixedSegments<Node<Each>, Tail<Each>>,
  path: string,
  start: number,
  end: number,
  judge: Judge<Each>,
): Each | undefined {
  let best: Each | undefined;
  const segment = path.slice(start, end);
  mixed.each(segment, (edge: Edge<Node<Each>>) => {
    const found = follow(edge.node, path, end, judge);
    if (found !== undefined && (best === undefined || found.order < best.order)) best = found;
  });
  mixed.eachTail(segment, (tail) => {
    if (best !== undefined && best.order < tail.candidate.order) return;
    if (matchesTail(tail, path, start) && judge.accepts(tail.candidate)) best = tail.candidate;
  });
  return best;
}

function matchesTail<Each extends Candidate>({ text, read, end }: Tail<Each>, path: string, start: number): boolean {
  if (text === undefined) return path.endsWith(end) && read(path) !== undefined;
  return path.length > start + text.length && path.startsWith(text, start);
}

function pick<Each extends Candidate>(first: Each | undefined, judge: Judge<Each>): Each | undefined {
  for (let candidate = first; candidate !== undefined; candidate = candidate.next) if (judge.accepts(candidate)) return candidate;
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
