import type { NewRecord } from "@mini/session";

export const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

/** A key as the store makes them. */
export function keyOf(name: string | number): string {
  return `${name}x`.padEnd(42, "A") + "A";
}

/** A record that ends so many seconds after a time in milliseconds. */
export function recordFor(now: number, seconds: number, text = "data"): NewRecord {
  return { data: bytes(text), idleAt: now + seconds * 1000, expiresAt: now + seconds * 1000 };
}
