import { parse, type Token } from "path-to-regexp";
import { asciiHost, isHostLabel, withoutPort } from "../http/host.ts";

/** A token of an alternative, in which there are no groups. */
export type FlatToken = Exclude<Token, { type: "group" }>;

/** The part of a pattern between two slashes. */
export interface Segment {
  readonly tokens: readonly FlatToken[];
  /** All literal text of the segment, joined. */
  readonly text: string;
  /** Only text; only one parameter; parameters and text; or anything with a wildcard. */
  readonly kind: "static" | "parameter" | "mixed" | "wildcard";
  /** Whether it is the last one and ends with a wildcard, with nothing but text before it. */
  readonly isRest: boolean;
}

/** A pattern in which each optional group is either present or omitted. */
export interface Alternative {
  readonly tokens: readonly FlatToken[];
  readonly segments: readonly Segment[];
}

/** The most alternatives of one pattern, as in path-to-regexp. */
const mostAlternatives = 256;

/** @throws TypeError from path-to-regexp, for a pattern that it refuses. */
export function parsePattern(path: string): readonly Token[] {
  return parse(path, { encodePath: encodeURI }).tokens;
}

/**
 * The pattern of a host, with its labels as segments of a path, so that the same matcher finds hosts and paths.
 *
 * @throws TypeError saying what is wrong with the pattern.
 */
export function parseHost(host: string): readonly Token[] {
  return [{ type: "text", value: "/" }, ...parse(host, { encodePath: hostTextAsPath }).tokens];
}

/** The host of a request as a path that the patterns of {@link parseHost} match: in lower case, without a port or final dot. */
export function hostAsPath(host: string): string {
  return `/${withoutPort(host.toLowerCase()).replace(/\.$/, "").replaceAll(".", "/")}`;
}

function hostTextAsPath(text: string): string {
  const labels = text.split(".").flatMap((label) => asciiHost(label).toLowerCase().split("."));
  if (!labels.every((label) => label === "" || isHostLabel(label)))
    throw new TypeError("a host may only have letters, digits, hyphens, dots and parameters, and no port");
  return labels.join("/");
}

/**
 * All alternatives of a pattern, in the order of path-to-regexp: those with a group come before those without it.
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
    throw new TypeError("it must start with a slash, even when its optional groups are left out");
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

function makeAlternative(tokens: readonly FlatToken[]): Alternative {
  const segments: FlatToken[][] = [];
  for (const token of tokens) {
    if (token.type !== "text") {
      segments.at(-1)!.push(token);
      continue;
    }
    for (const [i, text] of token.value.split("/").entries()) {
      if (i > 0) segments.push([]);
      if (text !== "") addText(segments.at(-1)!, text);
    }
  }
  return { tokens, segments: segments.map((parts, i) => makeSegment(parts, i === segments.length - 1)) };
}

function makeSegment(tokens: readonly FlatToken[], isLast: boolean): Segment {
  const text = tokens.map((token) => (token.type === "text" ? token.value : "")).join("");
  const kind = kindOf(tokens);
  const isRest = isLast && kind === "wildcard" && tokens.find(({ type }) => type !== "text") === tokens.at(-1);
  return { tokens, text, kind, isRest };
}

function addText(segment: FlatToken[], text: string): void {
  const last = segment.at(-1);
  // Two texts are adjacent where a group begins or ends.
  const before = last?.type === "text" ? last.value : "";
  if (before !== "") segment.pop();
  segment.push({ type: "text", value: before + text });
}

function kindOf(tokens: readonly FlatToken[]): Segment["kind"] {
  if (tokens.some(({ type }) => type === "wildcard")) return "wildcard";
  if (tokens.every(({ type }) => type === "text")) return "static";
  return tokens.length === 1 ? "parameter" : "mixed";
}

/** The alternative with a final slash added, or with its final slash removed; `undefined` if there is no such path. */
export function otherSlash({ tokens }: Alternative): Alternative | undefined {
  const last = tokens.at(-1)!;
  if (last.type === "wildcard") return undefined;
  if (last.type !== "text" || !last.value.endsWith("/")) return makeAlternative([...tokens, { type: "text", value: "/" }]);
  const before = tokens.slice(0, -1);
  const value = last.value.slice(0, -1);
  if (value === "" && before.length === 0) return undefined;
  return makeAlternative(value === "" ? before : [...before, { type: "text", value }]);
}
