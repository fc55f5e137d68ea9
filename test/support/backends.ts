import type { NewRecord, OwnerIndex, SessionBackend } from "@mini/session";

export const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

/** A record key like those of sessions. */
export function keyOf(name: string | number): string {
  return `${name}x`.padEnd(42, "A") + "A";
}

/** A record that ends this number of seconds after a time in milliseconds. */
export function recordFor(now: number, seconds: number, text = "data"): NewRecord {
  return { data: bytes(text), idleAt: now + seconds * 1000, expiresAt: now + seconds * 1000 };
}

/** Every operation that takes the record key of a session. */
export function callsWith(
  backend: SessionBackend & { readonly owners: OwnerIndex },
  key: string,
  now: number,
): readonly (() => Promise<unknown>)[] {
  return [
    () => backend.read(key),
    () => backend.create(key, recordFor(now, 60)),
    () => backend.swap(key, "1", recordFor(now, 60)),
    () => backend.touch(key, now),
    () => backend.take(key),
    () => backend.owners.add("user:1", key),
    () => backend.owners.remove("user:1", key),
  ];
}
