import type { FlatToken } from "../rules/pattern.ts";
import { matchSegment } from "../rules/value-reader.ts";

/** A segment of text and parameters, and what comes after it. */
export interface Edge<Node> {
  readonly tokens: readonly FlatToken[];
  readonly shape: string;
  node: Node;
}

/** Edges and tails whose text before the first parameter, and after the last, has the same lengths. */
interface Group<Node, Tail> {
  readonly before: number;
  readonly after: number;
  /** By the text before, then by the text after. */
  readonly edges: Map<string, Map<string, Edge<Node>[]>>;
  /** By the text before. */
  readonly tails: Map<string, Tail[]>;
}

/**
 * The segments at one place that hold text beside parameters: `v:major`, `:name.json`, `files-*path`. They are found by
 * the text at both ends, so that many cost no more than few; only those that differ in nothing but the text between
 * two parameters are tried one after the other.
 */
export class MixedSegments<Node, Tail> {
  readonly #groups: Group<Node, Tail>[] = [];

  /** The node behind a segment, made where there is none; a segment with converters is another one, for it ranks otherwise. */
  next(tokens: readonly FlatToken[], isConstrained: boolean, make: () => Node): Node {
    const [before, after] = endsOf(tokens);
    const shape = JSON.stringify([isConstrained, ...tokens.map((token) => (token.type === "text" ? token.value : 0))]);
    const { edges } = this.#group(before.length, after.length);
    let byEnd = edges.get(before);
    if (byEnd === undefined) edges.set(before, (byEnd = new Map()));
    const known = byEnd.get(after) ?? [];
    byEnd.set(after, known);
    const found = known.find((edge) => edge.shape === shape);
    if (found !== undefined) return found.node;
    const node = make();
    known.push({ tokens, shape, node });
    return node;
  }

  addTail(tokens: readonly FlatToken[], tail: Tail): void {
    const [before] = endsOf(tokens);
    const { tails } = this.#group(before.length, 0);
    const known = tails.get(before);
    if (known === undefined) tails.set(before, [tail]);
    else known.push(tail);
  }

  /** Puts another node in the place of each. */
  replace(change: (node: Node) => Node): void {
    for (const { edges } of this.#groups)
      for (const byEnd of edges.values()) for (const some of byEnd.values()) for (const edge of some) edge.node = change(edge.node);
  }

  /** Calls `visit` with every edge that a segment matches. */
  each(segment: string, visit: (edge: Edge<Node>) => void): void {
    for (const { before, after, edges } of this.#groups) {
      if (segment.length <= before + after || edges.size === 0) continue;
      const some = edges.get(segment.slice(0, before))?.get(segment.slice(segment.length - after));
      if (some !== undefined) for (const edge of some) if (matchSegment(edge.tokens, segment) !== undefined) visit(edge);
    }
  }

  /** Calls `visit` with every tail whose text the segment begins with. */
  eachTail(segment: string, visit: (tail: Tail) => void): void {
    for (const { before, tails } of this.#groups) {
      if (segment.length < before || tails.size === 0) continue;
      const some = tails.get(segment.slice(0, before));
      if (some !== undefined) for (const tail of some) visit(tail);
    }
  }

  #group(before: number, after: number): Group<Node, Tail> {
    const known = this.#groups.find((group) => group.before === before && group.after === after);
    if (known !== undefined) return known;
    const made: Group<Node, Tail> = { before, after, edges: new Map(), tails: new Map() };
    this.#groups.push(made);
    return made;
  }
}

/** The text before the first parameter or wildcard of a segment, and after the last. */
function endsOf(tokens: readonly FlatToken[]): readonly [string, string] {
  const first = tokens[0]!;
  const last = tokens.at(-1)!;
  return [first.type === "text" ? first.value : "", last.type === "text" ? last.value : ""];
}
