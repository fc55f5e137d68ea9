import { createCipheriv, createDecipheriv, type KeyObject } from "node:crypto";

// AES-256-GCM. What is encrypted: the nonce, the text, and the tag.

export const nonceLength = 12;
const tagLength = 16;

/** The text encrypted, in base64url. The context is authenticated too. */
export function seal(key: KeyObject, nonce: Uint8Array, context: string, text: string): string {
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]).toString("base64url");
}

/** The text that {@link seal} has encrypted with this context; `undefined` for any other value. */
export function open(key: KeyObject, context: string, value: string): string | undefined {
  const sealed = Buffer.from(value, "base64url");
  if (sealed.length < nonceLength + tagLength || sealed.toString("base64url") !== value) return undefined;
  const tagStart = sealed.length - tagLength;
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, nonceLength), { authTagLength: tagLength });
  decipher.setAAD(Buffer.from(context));
  decipher.setAuthTag(sealed.subarray(tagStart));
  const start = decipher.update(sealed.subarray(nonceLength, tagStart));
  try {
    return Buffer.concat([start, decipher.final()]).toString();
  } catch (error) {
    // final() fails only when the tag does not fit this text, context and key.
    if (error instanceof Error) return undefined;
    throw error;
  }
}
