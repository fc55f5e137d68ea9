import type { Contents } from "./contents.ts";

/** One top-level key and the bytes of its JSON. */
export interface KeySize {
  readonly key: string;
  readonly bytes: number;
}

/** The keys with the largest values of a session: at most three, the biggest first. All flash messages count as one key. */
export function biggestKeys({ data, flashes }: Contents): readonly KeySize[] {
  const values: Readonly<Record<string, unknown>> = flashes.length === 0 ? data : { ...data, "flash messages": flashes };
  return Object.entries(values)
    .map(([key, value]) => ({ key, bytes: Buffer.byteLength(JSON.stringify(value)) }))
    .sort((one, other) => other.bytes - one.bytes)
    .slice(0, 3);
}

/** A Set-Cookie line is longer than browsers accept; thrown before anything is sent. */
export class CookieTooLargeError extends Error {
  readonly code = "MINI_COOKIE_TOO_LARGE";
  readonly cookieName: string;
  /** Bytes of the whole Set-Cookie line. */
  readonly bytes: number;
  /** The biggest keys, at most three, biggest first. */
  readonly biggest: readonly KeySize[];

  constructor(cookieName: string, bytes: number, limit: number, biggest: readonly KeySize[]) {
    super(
      `Cannot send the cookie "${cookieName}": its Set-Cookie line has ${bytes} bytes, and browsers drop it over ${limit}. ` +
        keepLess(biggest),
    );
    this.cookieName = cookieName;
    this.bytes = bytes;
    this.biggest = biggest;
  }

  override get name(): string {
    return "CookieTooLargeError";
  }
}

/** The end of an error message. */
export function keepLess(biggest: readonly KeySize[]): string {
  const keys = biggest.map(({ key, bytes }) => `${JSON.stringify(key)} (${bytes} bytes)`).join(", ");
  return keys === "" ? "Keep less in it." : `Keep less in it; the biggest keys are ${keys}.`;
}
