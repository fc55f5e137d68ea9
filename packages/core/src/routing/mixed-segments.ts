import type { FlatToken } from "../rules/pattern.ts";
import { matchSegment } from "../rules/value-reader.ts";

/** A segment with text and parameters, and the node after it. */
export interface Edge<Node> {
  readonly tokens: readonly FlatToken[];
  readonly shape: string;
  node: Node;
}

/** Edges and tails with equal lengths of the text before the first parameter and after the last. */
interface Group<Node, Tail> {
  readonly before: number;
  readonly after: number;
  /** By the text before the first parameter, then by the text after the last. */
  readonly edges: Map<string, Map<string, Edge<Node>[]>>;
  /** By the text before the wildcard. */
  readonly tails: Map<string, Tail[]>;
}

/**
 * The segments at one node that have both text and parameters: `v:major`, `:name.json`, `files-*path`. They are found by the text
 * at both ends, so that the cost does not depend on their number. Only segments that differ just in the text between two parameters
 * are tried one after the other.
 */
export class MixedSegments<Node, Tail> {
  readonly #groups: Group<Node, Tail>[] = [];

  /**
   * The node after a segment, made if there is none. A segment with converters has a separate node, because it ranks differently.
   */
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

  /** Calls `visit` with every tail whose text is at the start of the segment. */
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
