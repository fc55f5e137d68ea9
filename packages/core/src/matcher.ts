import {
  expressionOf,
  hasWildcard,
  isParameter,
  isStatic,
  matchSegment,
  type Alternative,
  type FlatToken,
  type Segment,
} from "./pattern.ts";

/** Arguments by name, without a prototype; a list for a wildcard. */
export type Params = Readonly<Record<string, string | readonly string[]>>;

/** What is found for a path: one alternative of a rule. */
export interface Candidate<Target> {
  readonly target: Target;
  readonly alternative: Alternative;
  /** Alternatives of the same rule that path-to-regexp tries before this one. */
  readonly earlier: readonly Alternative[];
  /** Whether the rule has optional groups. */
  readonly optional: boolean;
  /** Whether it was made for a final slash that the rule does not have. */
  readonly lenient: boolean;
}

interface Entry<Target> extends Candidate<Target> {
  /** Its place among all; of those that match, the smallest wins. */
  readonly order: number;
}

type Accept<Target> = (target: Target) => boolean;

interface Edge<Target> {
  readonly tokens: readonly FlatToken[];
  readonly shape: string;
  readonly node: Node<Target>;
}

/** A wildcard and all that comes after it. */
interface Tail<Target> {
  readonly entry: Entry<Target>;
  /** Text before a wildcard that is the last of its pattern; `undefined` where only the expression can tell. */
  readonly text: string | undefined;
  readonly expression: RegExp | undefined;
}

/** What may come after the segments that led here. */
class Node<Target> {
  readonly statics = new Map<string, Node<Target>>();
  /** Segments of text and parameters. */
  readonly mixed: Edge<Target>[] = [];
  /** Segments with a wildcard and text. */
  readonly mixedTails: Tail<Target>[] = [];
  parameter: Node<Target> | undefined;
  readonly tails: Tail<Target>[] = [];
  readonly entries: Entry<Target>[] = [];
}

/**
 * Finds the rule for a path: a tree over the segments of all patterns, so that the cost depends on the path and not
 * on the number of rules. Of the alternatives that match, the one wins that has, segment by segment from the left,
 * more literal text, then a parameter before a wildcard; among equals one without optional groups, then the one
 * added first.
 */
export class Matcher<Target> {
  readonly #root = new Node<Target>();
  /** Paths without parameters, whole: nothing can win over them. */
  readonly #statics = new Map<string, Entry<Target>[]>();

  constructor(candidates: readonly Candidate<Target>[]) {
    const ranked = candidates.map((candidate) => ({ candidate, rank: rankOf(candidate.alternative) }));
    // sort() keeps equals in the order in which they were added.
    ranked.sort((a, b) => compareRanks(a.rank, b.rank) || compareTies(a.candidate, b.candidate));
    for (const [order, { candidate }] of ranked.entries()) this.#add({ ...candidate, order });
  }

  /**
   * The best candidate that is accepted. Every candidate that matches the path is offered until one is; so after a
   * refusal of all, `accept` has seen all of them.
   *
   * @param path - Starts with a slash.
   */
  find(path: string, accept: Accept<Target>): Candidate<Target> | undefined {
    const entries = this.#statics.get(path);
    return (entries && pick(entries, accept)) ?? search(this.#root, path, 1, accept);
  }

  #add(entry: Entry<Target>): void {
    const { tokens, segments } = entry.alternative;
    if (segments.every(isStatic)) {
      const path = tokens.map((token) => (token.type === "text" ? token.value : "")).join("");
      const known = this.#statics.get(path);
      if (known === undefined) this.#statics.set(path, [entry]);
      else known.push(entry);
      return;
    }
    let node = this.#root;
    for (const [i, segment] of segments.entries()) {
      if (hasWildcard(segment)) {
        const tail = makeTail(entry, segment, i === segments.length - 1);
        (segment.text === "" ? node.tails : node.mixedTails).push(tail);
        return;
      }
      node = child(node, segment);
    }
    node.entries.push(entry);
  }
}

function child<Target>(node: Node<Target>, segment: Segment): Node<Target> {
  if (isStatic(segment)) {
    const known = node.statics.get(segment.text);
    if (known !== undefined) return known;
    const made = new Node<Target>();
    node.statics.set(segment.text, made);
    return made;
  }
  if (isParameter(segment)) return (node.parameter ??= new Node());
  const shape = JSON.stringify(segment.tokens.map((token) => (token.type === "text" ? token.value : 0)));
  const known = node.mixed.find((edge) => edge.shape === shape);
  if (known !== undefined) return known.node;
  const edge = { tokens: segment.tokens, shape, node: new Node<Target>() };
  node.mixed.push(edge);
  return edge.node;
}

function makeTail<Target>(entry: Entry<Target>, { tokens, text }: Segment, isLast: boolean): Tail<Target> {
  const simple = isLast && tokens.at(-1)!.type === "wildcard" && tokens.slice(0, -1).every(({ type }) => type === "text");
  return simple ? { entry, text, expression: undefined } : { entry, text: undefined, expression: expressionOf(entry.alternative) };
}

function search<Target>(node: Node<Target>, path: string, start: number, accept: Accept<Target>): Entry<Target> | undefined {
  const slash = path.indexOf("/", start);
  const end = slash === -1 ? path.length : slash;
  const segment = path.slice(start, end);
  const next = (to: Node<Target>) => (slash === -1 ? pick(to.entries, accept) : search(to, path, end + 1, accept));

  const literal = node.statics.get(segment);
  const found =
    (literal && next(literal)) ??
    (node.mixed.length + node.mixedTails.length > 0 ? searchMixed(node, path, start, segment, next, accept) : undefined);
  if (found !== undefined) return found;
  if (node.parameter !== undefined && segment !== "") {
    const below = next(node.parameter);
    if (below !== undefined) return below;
  }
  return node.tails.find((tail) => matchesTail(tail, path, start) && accept(tail.entry.target))?.entry;
}

/** Segments with text rank by what comes after them too, so each that matches is followed and the best is taken. */
function searchMixed<Target>(
  node: Node<Target>,
  path: string,
  start: number,
  segment: string,
  next: (to: Node<Target>) => Entry<Target> | undefined,
  accept: Accept<Target>,
): Entry<Target> | undefined {
  let best: Entry<Target> | undefined;
  for (const edge of node.mixed) {
    const found = matchSegment(edge.tokens, segment) && next(edge.node);
    if (found !== undefined && (best === undefined || found.order < best.order)) best = found;
  }
  for (const tail of node.mixedTails) {
    if (best !== undefined && best.order < tail.entry.order) continue;
    if (matchesTail(tail, path, start) && accept(tail.entry.target)) best = tail.entry;
  }
  return best;
}

function matchesTail<Target>({ text, expression }: Tail<Target>, path: string, start: number): boolean {
  if (text === undefined) return expression!.test(path);
  return path.length > start + text.length && path.startsWith(text, start);
}

function pick<Target>(entries: readonly Entry<Target>[], accept: Accept<Target>): Entry<Target> | undefined {
  return entries.find(({ target }) => accept(target));
}

/**
 * The arguments in a path that the candidate was found for.
 *
 * @throws URIError for a malformed escape in a value.
 */
export function paramsOf(path: string, { alternative, earlier }: Candidate<unknown>): Params {
  for (const other of earlier) {
    const values = valuesOf(path, other);
    if (values !== undefined) return decodeAll(other, values);
  }
  return decodeAll(alternative, valuesOf(path, alternative) ?? []);
}

/** The raw text of each parameter; `undefined`: no match. */
function valuesOf(path: string, alternative: Alternative): readonly string[] | undefined {
  const { segments } = alternative;
  if (segments.some(hasWildcard)) return expressionOf(alternative).exec(path)?.slice(1);
  const values: string[] = [];
  let start = 1;
  for (const [i, { tokens, text }] of segments.entries()) {
    const slash = path.indexOf("/", start);
    if ((slash === -1) !== (i === segments.length - 1)) return undefined;
    const segment = path.slice(start, slash === -1 ? path.length : slash);
    start += segment.length + 1;
    if (tokens.length === 1 && tokens[0]!.type === "param") {
      if (segment === "") return undefined;
      values.push(segment);
    } else if (tokens.every(({ type }) => type === "text")) {
      if (segment !== text) return undefined;
    } else {
      const bounds = matchSegment(tokens, segment);
      if (bounds === undefined) return undefined;
      for (let at = 0; at < bounds.length; at += 2) values.push(segment.slice(bounds[at], bounds[at + 1]));
    }
  }
  return values;
}

const decode = (text: string) => (text.includes("%") ? decodeURIComponent(text) : text);

function decodeAll({ tokens }: Alternative, values: readonly string[]): Params {
  const params = Object.create(null) as Record<string, string | readonly string[]>;
  let at = 0;
  for (const token of tokens) {
    if (token.type === "text") continue;
    const value = values[at++]!;
    params[token.name] = token.type === "param" ? decode(value) : value.split("/").map(decode);
  }
  return params;
}

/** Two numbers for each segment: literal text counts first, then what else there is in it. Smaller is better. */
type Rank = readonly (readonly [text: number, kind: number])[];

function rankOf({ segments }: Alternative): Rank {
  return segments.map((segment) => [isStatic(segment) ? -Infinity : -segment.text.length, hasWildcard(segment) ? 1 : 0]);
}

function compareRanks(one: Rank, other: Rank): number {
  for (let i = 0; i < Math.min(one.length, other.length); i++) {
    const [text, kind] = one[i]!;
    const [otherText, otherKind] = other[i]!;
    if (text !== otherText) return text < otherText ? -1 : 1;
    if (kind !== otherKind) return kind - otherKind;
  }
  return other.length - one.length;
}

function compareTies(one: Candidate<unknown>, other: Candidate<unknown>): number {
  return Number(one.lenient) - Number(other.lenient) || Number(one.optional) - Number(other.optional);
}
