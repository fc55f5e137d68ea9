/** A line of Set-Cookie, read by the strict grammar for servers. */
export interface SetCookie {
  readonly name: string;
  readonly value: string;
  /** Attributes by name in lower case; one without a value has "". */
  readonly attributes: ReadonlyMap<string, string>;
}

const token = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;
const cookieValue = /^(?:[!#-+\--:<-[\]-~]*|"[!#-+\--:<-[\]-~]*")$/;
const day = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const month = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";

/** The values that each attribute may have; RFC 6265bis §4.1.1, and Partitioned of CHIPS. */
const attributeForms: ReadonlyMap<string, RegExp> = new Map([
  ["expires", new RegExp(`^${day}, \\d{2} ${month} \\d{4} \\d{2}:\\d{2}:\\d{2} GMT$`)],
  // The grammar does not allow 0, but every server sends it to clear a cookie.
  ["max-age", /^(?:0|[1-9]\d*)$/],
  // The grammar does not allow a leading dot either, which browsers ignore.
  ["domain", /^\.?[\dA-Za-z](?:[\dA-Za-z-]*[\dA-Za-z])?(?:\.[\dA-Za-z](?:[\dA-Za-z-]*[\dA-Za-z])?)*$/],
  ["path", /^\/[ -:<-~]*$/],
  ["samesite", /^(?:Strict|Lax|None)$/],
  ["secure", /^$/],
  ["httponly", /^$/],
  ["partitioned", /^$/],
]);

/** Reads a line by the grammar for servers; returns a sentence if it cannot be read. */
export function readSetCookie(line: string): SetCookie | string {
  // oxlint-disable-next-line no-control-regex
  if (/[\0-\x1f\x7f]/.test(line)) return "has a control character";
  const [pair = "", ...parts] = line.split("; ");
  const equals = pair.indexOf("=");
  const name = pair.slice(0, Math.max(equals, 0));
  const value = pair.slice(equals + 1);
  if (!token.test(name)) return "has no name that a cookie can have";
  if (!cookieValue.test(value)) return "has a value that no cookie can have";
  const attributes = new Map<string, string>();
  for (const part of parts) {
    const end = part.indexOf("=");
    const attribute = (end === -1 ? part : part.slice(0, end)).toLowerCase();
    const given = end === -1 ? "" : part.slice(end + 1);
    const form = attributeForms.get(attribute);
    if (form === undefined) return `has the attribute ${JSON.stringify(attribute)}, which is none`;
    if (!form.test(given)) return `has an attribute ${attribute} that says nothing`;
    if (attributes.has(attribute)) return `has the attribute ${attribute} twice`;
    attributes.set(attribute, given);
  }
  return { name, value, attributes };
}
