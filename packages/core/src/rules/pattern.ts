import { domainToASCII } from "node:url";
import { parse, type Token } from "path-to-regexp";
import { isHostLabel, withoutPort } from "../http/host.ts";

/** A token of an alternative: groups are written out. */
export type FlatToken = Exclude<Token, { type: "group" }>;

/** What stands between two slashes. */
export interface Segment {
  readonly tokens: readonly FlatToken[];
  /** The literal text, put together. */
  readonly text: string;
  /** Text alone, one parameter alone, parameters with text, or anything with a wildcard. */
  readonly kind: "static" | "parameter" | "mixed" | "wildcard";
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
 * A host's pattern as if its labels were segments of a path, so that one matcher does for both.
 *
 * @throws TypeError saying what is wrong with the pattern.
 */
export function parseHost(host: string): readonly Token[] {
  return [{ type: "text", value: "/" }, ...labelsAsSegments(parse(host, { encodePath: hostText }).tokens)];
}

/** A request's host in the form that {@link parseHost}'s patterns match: small letters, no port. */
export function hostAsPath(host: string): string {
  return `/${withoutPort(host.toLowerCase()).replace(/\.$/, "").replaceAll(".", "/")}`;
}

function labelsAsSegments(tokens: readonly Token[]): readonly Token[] {
  return tokens.map((token) => {
    if (token.type === "text") return { type: "text", value: token.value.replaceAll(".", "/") };
    return token.type === "group" ? { type: "group", tokens: [...labelsAsSegments(token.tokens)] } : token;
  });
}

function hostText(text: string): string {
  const ascii = text
    .split(".")
    .map((label) => (/[^\0-\x7f]/.test(label) ? domainToASCII(label) || label : label.toLowerCase()))
    .join(".");
  if (!ascii.split(".").every((label) => label === "" || isHostLabel(label)))
    throw new TypeError("a host has letters, digits, hyphens, dots and parameters, and no port");
  return ascii;
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

function makeAlternative(tokens: readonly FlatToken[]): Alternative {
  const segments: FlatToken[][] = [];
  for (const token of tokens) {
    if (token.type !== "text") {
      segments.at(-1)!.push(token);
      continue;
    }
    const [end, ...starts] = token.value.split("/");
    // Texts meet where a group begins or ends.
    const last = segments.at(-1)?.at(-1);
    if (end !== "" && last?.type === "text") segments.at(-1)![segments.at(-1)!.length - 1] = { type: "text", value: last.value + end! };
    else if (end !== "") segments.at(-1)!.push({ type: "text", value: end! });
    for (const start of starts) segments.push(start === "" ? [] : [{ type: "text", value: start }]);
  }
  return { tokens, segments: segments.map((parts) => ({ tokens: parts, text: textOf(parts), kind: kindOf(parts) })) };
}

function kindOf(tokens: readonly FlatToken[]): Segment["kind"] {
  if (tokens.some(({ type }) => type === "wildcard")) return "wildcard";
  if (tokens.every(({ type }) => type === "text")) return "static";
  return tokens.length === 1 ? "parameter" : "mixed";
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
