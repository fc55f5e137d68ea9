/** The cookies that a client sent. */
export interface SentCookies {
  /** The values of a name, in order and as they were sent. They are not decoded, because signed values have one spelling. */
  valuesOf(name: string): readonly string[];
}

/** Why a value was refused. `"expired"` also means that the time lies in the future. */
export type Refusal = "malformed" | "forged" | "expired";

/** A text that was signed here. */
export interface Signed {
  readonly text: string;
  /** Seconds since the Unix epoch. */
  readonly signedAt: number;
}

/** A text that was signed here, and the cookie in which a client sent it. */
export interface SignedCookie extends Signed {
  /** The name of its cookie. */
  readonly name: string;
  /** Whether new cookies have another name or format, because the configuration was changed. */
  readonly isOld: boolean;
}

/** The result of `unsign`: the text and when it was signed, or why it was refused. */
export type Unsigned = ({ readonly ok: true } & Signed) | { readonly ok: false; readonly reason: Refusal };

const prefixes = ["__Host-", "__Secure-", ""] as const;

/** The names that a cookie has with other prefixes; the safest first. */
export function otherNames(name: string): readonly string[] {
  const plain = name.replace(/^__(?:Host|Secure)-/, "");
  return prefixes.map((prefix) => prefix + plain).filter((each) => each !== name);
}
