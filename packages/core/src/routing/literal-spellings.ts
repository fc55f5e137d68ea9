import type { Alternative, Segment } from "../rules/pattern.ts";

/**
 * Characters that some clients percent-encode and others do not, and that mean the same in a path. Letters, digits, `-`, `.`
 * and `_` are not among them, because no client encodes those; nor are `/`, `\`, `%`, `?` and `#`, which have a special meaning.
 */
const characters = "!'()*;:@&=+$,~[]|^\"<>`{}";

/** Converts a path to the spelling that patterns use for these characters, so that a literal matches in both spellings. */
export type Spelling = (path: string) => string;

/**
 * The spelling of the literals of all rules; `undefined` if none has such a character.
 *
 * A character that separates parameters of one segment keeps both spellings: encoded, it is part of a value.
 */
export function literalSpelling(alternatives: readonly Alternative[]): Spelling | undefined {
  const literal = new Set<string>();
  const separating = new Set<string>();
  for (const { segments } of alternatives) {
    for (const segment of segments) {
      if (segment.text === "") continue;
      const found = separates(segment) ? separating : literal;
      for (const char of characters) if (segment.text.includes(encodeURI(char))) found.add(char);
    }
  }
  const changes = new Map<string, string>();
  for (const char of literal) {
    if (separating.has(char)) continue;
    const written = encodeURI(char);
    const encoded = `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
    changes.set(written === char ? encoded : char, written);
  }
  if (changes.size === 0) return undefined;
  const others = new RegExp([...changes.keys()].map((other) => other.replace(/[^%\w]/g, "\\$&")).join("|"), "g");
  return (path) => path.replace(others, (other) => changes.get(other)!);
}

/** Whether the text of a segment decides where a value ends. */
function separates({ kind, isRest, tokens }: Segment): boolean {
  if (kind === "wildcard") return !isRest;
  return tokens.filter(({ type }) => type !== "text").length > 1;
}
