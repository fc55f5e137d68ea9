import { pathToRegexp } from "path-to-regexp";
import type { Alternative, FlatToken, Segment } from "./pattern.ts";

/** Reads the raw text of each parameter of a path, in the order of the pattern; `undefined`: the path does not match. */
export type ValueReader = (path: string) => readonly string[] | undefined;

/** The regular expression of path-to-regexp for one alternative, with a capture for each parameter, in order. */
function expressionOf({ tokens }: Alternative): RegExp {
  return pathToRegexp({ tokens }, { sensitive: true, trailing: false }).regexp;
}

/** Makes the reader of one alternative. */
export function valueReader(alternative: Alternative): ValueReader {
  const { segments } = alternative;
  if (segments.some(({ kind, isRest }) => kind === "wildcard" && !isRest)) {
    const expression = expressionOf(alternative);
    return (path) => expression.exec(path)?.slice(1);
  }
  return (path) => readSegments(segments, path);
}

function readSegments(segments: readonly Segment[], path: string): readonly string[] | undefined {
  const values: string[] = [];
  const last = segments.length - 1;
  let start = 1;
  for (let i = 0; i <= last; i++) {
    const segment = segments[i]!;
    if (segment.isRest) {
      const from = start + segment.text.length;
      if (!path.startsWith(segment.text, start) || path.length === from) return undefined;
      values.push(path.slice(from));
      return values;
    }
    const slash = path.indexOf("/", start);
    if ((slash === -1) !== (i === last)) return undefined;
    const text = path.slice(start, slash === -1 ? path.length : slash);
    if (!readSegment(segment, text, values)) return undefined;
    start += text.length + 1;
  }
  return values;
}

function readSegment(segment: Segment, text: string, values: string[]): boolean {
  if (segment.kind === "static") return text === segment.text;
  if (segment.kind === "parameter") {
    if (text === "") return false;
    values.push(text);
    return true;
  }
  const bounds = matchSegment(segment.tokens, text);
  if (bounds === undefined) return false;
  for (let at = 0; at < bounds.length; at += 2) values.push(text.slice(bounds[at], bounds[at + 1]));
  return true;
}

/**
 * Matches a segment of text and parameters without backtracking, with the result of path-to-regexp: a parameter ends where the
 * text after it is found first, and the last parameter ends before the text at the end.
 *
 * @returns Where each value starts and ends in the segment; `undefined`: no match.
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
    // A parameter is followed by text or by nothing.
    const next = tokens[i + 1];
    const text = next?.type === "text" ? next.value : "";
    const isLast = i + 2 >= tokens.length;
    const end = isLast ? segment.length - text.length : segment.indexOf(text, at + 1);
    if (end <= at) return undefined;
    bounds.push(at, end);
    at = end;
  }
  return at === segment.length ? bounds : undefined;
}
