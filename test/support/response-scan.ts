import { readSetCookie, type SetCookie } from "./set-cookie.ts";

/** What is known about a cookie that the session library may send with a response. */
export interface KnownCookie {
  /** Whether the application has set it without HttpOnly. */
  readonly isReadable: boolean;
  /** Whether the application has set it without Secure. */
  readonly isInsecure: boolean;
}

/** A response, and what the scan must know about its request. */
export interface Scanned {
  readonly status: number;
  /** Alternating names and values. Each line of Set-Cookie is an entry. */
  readonly headers: readonly string[];
  /** Left out if the text cannot be read without consuming the body. */
  readonly text?: string | undefined;
  /** Whether the request came over https. */
  readonly secure: boolean;
  /** Whether it may show the stack of an error. */
  readonly debug: boolean;
  /** Whether the request has used a session or a secure cookie. */
  readonly accessed: boolean;
  /** What is known about a cookie, by its full name; `undefined` for a cookie of another library. */
  readonly known: (name: string) => KnownCookie | undefined;
  /** Whether the request ended in an error that drops its changes. */
  readonly failed: boolean;
  /** Whether a part of its changes may have been saved before it failed. */
  readonly kept: boolean;
}

const token = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;
const fieldValue = /^(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?$/;
const frame = /(?:^|[\s>"]|\\n)at (?:[^\n]*[(/ ])?(?:file:|node:|[A-Za-z]:)?[^\s()]+:\d+:\d+/;
/** Bytes of name and value together; RFC 6265bis section 5.7. */
const longestPair = 4096;
const longestAge = 400 * 24 * 60 * 60;

const found: string[] = [];

/** Scans a response. A rule that it breaks fails the running test. `title` names the response. */
export function scan(title: string, scanned: Scanned): void {
  for (const problem of problemsOf(scanned)) found.push(`${title} ${scanned.status}: ${problem}`);
}

/** The problems that were found since the last call. */
export const takeProblems = (): readonly string[] => found.splice(0);

/** A sentence for each rule that a response breaks. The values of cookies are not repeated. */
export function problemsOf(scanned: Scanned): readonly string[] {
  const { headers } = scanned;
  const problems: string[] = [];
  const lines: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const [name, value] = [headers[i]!, headers[i + 1]!];
    if (!token.test(name)) problems.push(`a header cannot have the name ${JSON.stringify(name)}`);
    if (!fieldValue.test(value)) problems.push(`the header ${name} has a value that no header can have`);
    if (name.toLowerCase() === "set-cookie") lines.push(value);
  }
  if (scanned.status >= 400 && !scanned.debug && scanned.text !== undefined && frame.test(scanned.text)) {
    problems.push("an error's response shows a stack");
  }
  if (scanned.accessed && !isVaried(headers)) problems.push("a session was asked for, and the response does not vary by Cookie");
  if (lines.length > 0) problems.push(...cookieProblems(scanned, lines));
  return problems;
}

function cookieProblems(scanned: Scanned, lines: readonly string[]): string[] {
  const problems: string[] = [];
  const places = new Set<string>();
  for (const line of lines) {
    const cookie = readSetCookie(line);
    if (Buffer.byteLength(line.split(";", 1)[0]!) - 1 > longestPair)
      problems.push(`a cookie's name and value have more than ${longestPair} bytes`);
    if (typeof cookie === "string") {
      problems.push(`a line of Set-Cookie ${cookie}`);
      continue;
    }
    const { name, attributes } = cookie;
    const place = [name, attributes.get("domain")?.toLowerCase(), attributes.get("path"), attributes.has("partitioned")].join(";");
    if (places.has(place)) problems.push(`the cookie ${name} is set twice`);
    places.add(place);
    problems.push(...attributeProblems(cookie));
    const known = scanned.known(name);
    if (known !== undefined) problems.push(...sessionProblems(scanned, cookie, known));
  }
  return problems;
}

function attributeProblems({ name, attributes }: SetCookie): string[] {
  const problems: string[] = [];
  const secure = attributes.has("secure");
  const isForHost = /^__host-/i.test(name);
  if ((isForHost || /^__secure-/i.test(name)) && !secure) problems.push(`the cookie ${name} lacks Secure, which its prefix asks for`);
  if (isForHost && (attributes.has("domain") || attributes.get("path") !== "/")) {
    problems.push(`the cookie ${name} has a Domain or another Path than /, which its prefix forbids`);
  }
  if (attributes.get("samesite") === "None" && !secure) problems.push(`the cookie ${name} is SameSite=None without Secure`);
  if (attributes.has("partitioned") && !secure) problems.push(`the cookie ${name} is Partitioned without Secure`);
  if (Number(attributes.get("max-age") ?? 0) > longestAge) problems.push(`the cookie ${name} has a Max-Age over 400 days`);
  return problems;
}

function sessionProblems(scanned: Scanned, { name, value, attributes }: SetCookie, known: KnownCookie): string[] {
  const problems: string[] = [];
  if (!attributes.has("httponly") && !known.isReadable) problems.push(`the cookie ${name} lacks HttpOnly`);
  if (!attributes.has("samesite")) problems.push(`the cookie ${name} lacks SameSite`);
  if (scanned.secure && !attributes.has("secure") && !known.isInsecure) problems.push(`the cookie ${name} lacks Secure on https`);
  if (!isVaried(scanned.headers)) problems.push(`the response sets the cookie ${name} and does not vary by Cookie`);
  if (!items(scanned.headers, "cache-control").some((item) => item === "private" || item === "no-store")) {
    problems.push(`the response sets the cookie ${name} and may be stored by shared caches`);
  }
  const clears = attributes.get("max-age") === "0";
  if (clears && value !== "") problems.push(`the cookie ${name} is cleared with a value`);
  if (scanned.failed && !scanned.kept && !clears) problems.push(`the cookie ${name} is set by a request that failed`);
  return problems;
}

const isVaried = (headers: readonly string[]) => items(headers, "vary").some((item) => item === "cookie" || item === "*");

/** The items of a list in a header, in lower case. */
function items(headers: readonly string[], wanted: string): string[] {
  return headers.flatMap((name, at) =>
    at % 2 === 0 && name.toLowerCase() === wanted ? headers[at + 1]!.split(",").map((item) => item.trim().toLowerCase()) : [],
  );
}
