/** The cookies that a client sent. */
export interface SentCookies {
  /** The values of a name, in order and as they were sent. They are not decoded, because signed values have one spelling. */
  valuesOf(name: string): readonly string[];
}

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

const prefixes = ["__Host-", "__Secure-", ""] as const;

/** The names that a cookie has with other prefixes; the safest first. */
export function otherNames(name: string): readonly string[] {
  const plain = name.replace(/^__(?:Host|Secure)-/, "");
  return prefixes.map((prefix) => prefix + plain).filter((each) => each !== name);
}
