import { parse, type Token } from "path-to-regexp";

/** Where a rule sends its requests: scheme and host, if they are other ones, and the pattern of the path. */
export interface RedirectPattern {
  readonly origin: string;
  readonly tokens: readonly Token[];
}

/** Scheme and host of a whole URL, and what comes after. */
const whole = /^(https?:\/\/[^/\\?#]+)(.*)$/is;

/**
 * Splits a URL; the origin as URLs have it, a host of other scripts in ASCII.
 *
 * @throws TypeError for a host that is none, or that has a user name or a password before it.
 */
function split(url: string): { readonly origin: string; readonly rest: string } {
  const [, origin, rest = url] = whole.exec(url) ?? [];
  if (origin === undefined) return { origin: "", rest };
  // Not named in the message, for a password may stand there.
  if (origin.includes("@")) throw new TypeError("it cannot redirect to a URL with a user name or a password: write what comes after its @");
  // The parser of URLs takes line breaks and tabs out without a word, and an asterisk for a letter.
  if (/[\0-\x20*\x7f]/.test(origin) || !URL.canParse(origin))
    throw new TypeError(`it cannot redirect to ${JSON.stringify(origin)}, which has no host`);
  return { origin: new URL(origin).origin, rest };
}

/** @throws TypeError for a host that is none or has a user, or of path-to-regexp for a pattern that it refuses. */
export function readRedirectPattern(text: string): RedirectPattern {
  const { origin, rest } = split(text);
  return { origin, tokens: parse(`/${rest.replace(/^[/\\]+/, "")}`, { encodePath: encodeURI }).tokens };
}

/** The URL with a rule's arguments; a list in the place of a parameter gives its segments. */
export function writeRedirect({ origin, tokens }: RedirectPattern, args: Readonly<Record<string, unknown>>): string {
  return origin + onePath(write(tokens, args) ?? "/");
}

/** A URL that a function gave, made safe: a path stays on this site. @throws TypeError for a host that is none or has a user. */
export function safeRedirect(url: string): string {
  const { origin, rest } = split(url);
  return origin + onePath(rest);
}

/** A path with exactly one leading slash, which no browser takes for a host. */
function onePath(text: string): string {
  return encodeUnsafe(`/${text.replace(/^[/\\\s]+/, "")}`);
}

/** Browsers read a backslash as a slash, and drop control characters. */
export function encodeUnsafe(path: string): string {
  return path.replace(/[^\x21-\x7e]|[\\"<>^`{|}]/gu, (char) => (char === " " ? "%20" : encodeURIComponent(char.toWellFormed())));
}

function write(tokens: readonly Token[], args: Readonly<Record<string, unknown>>): string | undefined {
  let text = "";
  for (const token of tokens) {
    if (token.type === "text") {
      text += token.value;
    } else if (token.type === "group") {
      text += write(token.tokens, args) ?? "";
    } else {
      const value = args[token.name];
      if (value === undefined) return undefined;
      text += (Array.isArray(value) ? value : [value]).map((each) => encodeURIComponent(String(each))).join("/");
    }
  }
  return text;
}

/**
 * A redirect's target with the query of the request.
 *
 * @param search - With its question mark; empty for none.
 */
export function withQuery(location: string, search: string): string {
  const [, before = location, fragment = ""] = /^([^#]*)(#.*)$/s.exec(location) ?? [];
  return before + (before.includes("?") ? search.replace("?", "&") : search) + fragment;
}
