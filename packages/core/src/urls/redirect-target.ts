import { parse, type Token } from "path-to-regexp";

/** The target of a rule that redirects: scheme and host, empty for this site, and the pattern of the path. */
export interface RedirectPattern {
  readonly origin: string;
  readonly tokens: readonly Token[];
}

/** Scheme and host of an absolute URL, and the rest. */
const whole = /^(https?:\/\/[^/\\?#]+)(.*)$/is;

/**
 * Splits a URL into origin and rest. A host in other scripts becomes ASCII.
 *
 * @throws TypeError for an invalid host, and for a user name or password before it.
 */
function split(url: string): { readonly origin: string; readonly rest: string } {
  const [, origin, rest = url] = whole.exec(url) ?? [];
  if (origin === undefined) return { origin: "", rest };
  // The message does not repeat the URL, because it may have a password.
  if (origin.includes("@")) throw new TypeError("it cannot redirect to a URL with a user name or a password: write what comes after its @");
  // The URL parser removes line breaks and tabs, and accepts an asterisk like a letter.
  if (/[\0-\x20*\x7f]/.test(origin) || !URL.canParse(origin))
    throw new TypeError(`it cannot redirect to ${JSON.stringify(origin)}, which has no host`);
  return { origin: new URL(origin).origin, rest };
}

/** Reads a `redirectTo` pattern. @throws TypeError for an invalid host or one with a user name, and for a pattern that path-to-regexp refuses. */
export function readRedirectPattern(text: string): RedirectPattern {
  const { origin, rest } = split(text);
  return { origin, tokens: parse(`/${rest.replace(/^[/\\]+/, "")}`, { encodePath: encodeURI }).tokens };
}

/** The URL of a pattern with arguments; an array becomes several segments. */
export function writeRedirect({ origin, tokens }: RedirectPattern, args: Readonly<Record<string, unknown>>): string {
  return origin + onePath(write(tokens, args) ?? "/");
}

/** A URL that a `redirectTo` function returned, made safe: a path stays on this site. @throws TypeError for an invalid host or one with a user name. */
export function safeRedirect(url: string): string {
  const { origin, rest } = split(url);
  return origin + onePath(rest);
}

/** A path with exactly one leading slash, so that no browser reads a host in it. */
function onePath(text: string): string {
  return encodeUnsafe(`/${text.replace(/^[/\\\s]+/, "")}`);
}

/** Encodes what a URL must not contain. Browsers read a backslash as a slash, and remove control characters. */
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
 * The target of a redirect with the query of the request added.
 *
 * @param search - The query with its question mark; empty for none.
 */
export function withQuery(location: string, search: string): string {
  const [, before = location, fragment = ""] = /^([^#]*)(#.*)$/s.exec(location) ?? [];
  return before + (before.includes("?") ? search.replace("?", "&") : search) + fragment;
}
