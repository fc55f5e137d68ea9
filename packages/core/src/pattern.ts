import { parse, pathToRegexp, type Token } from "path-to-regexp";

/** A token of an alternative: groups are written out. */
export type FlatToken = Exclude<Token, { type: "group" }>;

/** What stands between two slashes. */
export interface Segment {
  readonly tokens: readonly FlatToken[];
  /** The literal text, put together. */
  readonly text: string;
}

/** One way to write out the optional groups of a pattern. */
export interface Alternative {
  readonly tokens: readonly FlatToken[];
  readonly segments: readonly Segment[];
}

/** Most alternatives of one pattern; path-to-regexp's own limit. */
const mostAlternatives = 256;

/** @throws TypeError of path-to-regexp for a pattern that it refuses. */
export function parsePattern(path: string): readonly Token[] {
  return parse(path, { encodePath: encodeURI }).tokens;
}

/**
 * Every alternative of a pattern, in path-to-regexp's order: with a group before without it.
 *
 * @throws TypeError saying what is wrong with the pattern.
 */
export function alternatives(tokens: readonly Token[]): readonly Alternative[] {
  const found: Alternative[] = [];
  writeOut(tokens, [], (flat) => {
    if (found.length === mostAlternatives)
      throw new TypeError(`it has more than ${mostAlternatives} alternatives; use fewer optional groups`);
    checkAlternative(flat);
    found.push(makeAlternative(flat));
  });
  return found;
}

function writeOut(tokens: readonly Token[], before: readonly FlatToken[], each: (flat: readonly FlatToken[]) => void): void {
  const flat = [...before];
  for (const [i, token] of tokens.entries()) {
    if (token.type === "group") {
      writeOut(token.tokens, flat, (seq) => writeOut(tokens.slice(i + 1), seq, each));
      continue;
    }
    flat.push(token);
  }
  each(flat);
}

function checkAlternative(tokens: readonly FlatToken[]): void {
  const [first] = tokens;
  if (first?.type !== "text" || !first.value.startsWith("/")) {
    throw new TypeError("it must start with a slash, also when its optional groups are left out");
  }
  const names = new Set<string>();
  for (const [i, token] of tokens.entries()) {
    if (token.type === "text") continue;
    if (i > 0 && tokens[i - 1]!.type !== "text")
      throw new TypeError(`the parameter "${token.name}" follows another without text between them`);
    if (names.has(token.name)) throw new TypeError(`it has the parameter "${token.name}" twice`);
    names.add(token.name);
  }
}

export function makeAlternative(tokens: readonly FlatToken[]): Alternative {
  const segments: FlatToken[][] = [];
  for (const token of tokens) {
    if (token.type !== "text") {
      segments.at(-1)!.push(token);
      continue;
    }
    const [end, ...starts] = token.value.split("/");
    if (end !== "") segments.at(-1)!.push({ type: "text", value: end! });
    for (const start of starts) segments.push(start === "" ? [] : [{ type: "text", value: start }]);
  }
  return { tokens, segments: segments.map((parts) => ({ tokens: parts, text: textOf(parts) })) };
}

function textOf(tokens: readonly FlatToken[]): string {
  return tokens.map((token) => (token.type === "text" ? token.value : "")).join("");
}

/** The same with a final slash, or without the one it has; `undefined` where that says nothing new. */
export function otherSlash({ tokens }: Alternative): Alternative | undefined {
  const last = tokens.at(-1)!;
  if (last.type === "wildcard") return undefined;
  if (last.type !== "text" || !last.value.endsWith("/")) return makeAlternative([...tokens, { type: "text", value: "/" }]);
  const before = tokens.slice(0, -1);
  const value = last.value.slice(0, -1);
  if (value === "" && before.length === 0) return undefined;
  return makeAlternative(value === "" ? before : [...before, { type: "text", value }]);
}

/** Equal for alternatives that match the same paths but for the names of their parameters. */
export function shapeOf({ tokens }: Alternative): string {
  return tokens.map((token) => (token.type === "text" ? `t${JSON.stringify(token.value)}` : token.type)).join();
}

/** Whether the segment is one parameter and nothing else. */
export function isParameter({ tokens }: Segment): boolean {
  return tokens.length === 1 && tokens[0]!.type === "param";
}

export function isStatic({ tokens }: Segment): boolean {
  return tokens.every((token) => token.type === "text");
}

export function hasWildcard({ tokens }: Segment): boolean {
  return tokens.some((token) => token.type === "wildcard");
}

/** The expression of path-to-regexp for one alternative, with a capture for each parameter in order. */
export function expressionOf({ tokens }: Alternative): RegExp {
  return pathToRegexp({ tokens }, { sensitive: true, trailing: false }).regexp;
}

/**
 * Matches a segment of text and parameters, without backtracking as path-to-regexp does: a parameter ends where the
 * text after it is found first, and the last one takes what the text at the end leaves.
 *
 * @returns Where each value starts and ends, counted from the segment's start; `undefined`: no match.
 */
export function matchSegment(tokens: readonly FlatToken[], segment: string): readonly number[] | undefined {
  const bounds: number[] = [];
  let at = 0;
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    if (token.type === "text") {
      if (!segment.startsWith(token.value, at)) return undefined;
      at += token.value.length;
      continue;
    }
    const text = literalAfter(tokens, i);
    const isLast = !tokens.slice(i + 1).some(({ type }) => type !== "text");
    const end = isLast ? segment.length - text.length : segment.indexOf(text, at + 1);
    if (end <= at) return undefined;
    bounds.push(at, end);
    at = end;
  }
  return at === segment.length ? bounds : undefined;
}

/** The text between a parameter and the next one, or the segment's end. */
function literalAfter(tokens: readonly FlatToken[], index: number): string {
  let text = "";
  for (let i = index + 1; i < tokens.length; i++) {
    const token = tokens[i]!;
    if (token.type !== "text") break;
    text += token.value;
  }
  return text;
}
