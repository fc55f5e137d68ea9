import Negotiator from "negotiator";

/** A content coding, and how the name of a file in it ends. */
export interface Coding {
  readonly name: string;
  readonly ending: string;
}

/** The codings that are looked for beside a file; the one that usually makes files smallest comes first. */
const codings: readonly Coding[] = [
  { name: "br", ending: ".br" },
  { name: "zstd", ending: ".zst" },
  { name: "gzip", ending: ".gz" },
];

const byName = new Map(codings.map((coding) => [coding.name, coding]));
const preferred = codings.map(({ name }) => name);
const available = [...preferred, "identity"];

/** The types of negotiator are of a version without these options. */
interface Ordering {
  encodings(available: string[], options?: { readonly preferred: readonly string[] }): string[];
}

/** The file without a coding. */
const onlyIdentity = [undefined] as const;

/**
 * The codings that a client accepts, the preferred one first; `undefined` is the file without a coding. Equally preferred codings
 * are in our order, because browsers list gzip first without preferring it. RFC 9110 §12.5.3.
 *
 * @param accept - The header `Accept-Encoding`.
 */
export function acceptedCodings(accept: string | null): readonly (Coding | undefined)[] {
  if (accept === null || accept === "") return onlyIdentity;
  const negotiator: Ordering = new Negotiator({ headers: { "accept-encoding": accept } });
  const names = negotiator.encodings(available, { preferred });
  return names.map((name) => byName.get(name));
}
