import { createHmac, timingSafeEqual } from "node:crypto";

/** Whether a signature was made with one of the keys. The algorithms are those of the other libraries. */
export function isSignedBy(keys: readonly string[], algorithm: "sha1" | "sha256", text: string, signature: string): boolean {
  const given = Buffer.from(signature);
  return keys.some((key) => {
    const made = Buffer.from(createHmac(algorithm, key).update(text).digest("base64").replace(/=+$/, ""));
    return made.length === given.length && timingSafeEqual(made, given);
  });
}

/** The object in a JSON text; `undefined` for anything else. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The value, if it is an object and not an array. */
export function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}

/** The value of a cookie, decoded; an empty text if it cannot be decoded. */
export function decodeValue(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return "";
  }
}
