import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, randomBytes, type KeyObject } from "node:crypto";
import { Hmac } from "./hmac.ts";

/** What a value was made for. Each purpose has keys of its own, so a value of one is nothing under another. */
export type Purpose = "session-data" | "session-id" | "secure-cookie";

/** Why a value was refused; `"expired"` also says that its time is still to come. */
export type Refusal = "malformed" | "forged" | "expired";

/** What {@link SecureCookie.unsign} found: the text and when it was signed, or why it was refused. */
export type Unsigned =
  | { readonly ok: true; readonly text: string; readonly signedAt: number }
  | { readonly ok: false; readonly reason: Refusal };

export interface SecureCookieOptions {
  /** Secrets: the first signs, all verify. */
  readonly keys: readonly string[];
  readonly purpose: Purpose;
  /** Whether values are unreadable for the client: AES-256-GCM in place of HMAC-SHA-256. Default false. */
  readonly encrypt?: boolean | undefined;
  /** Clock, in milliseconds since the Unix epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
  /** Twelve random bytes for each encryption. */
  readonly nonce?: (() => Uint8Array) | undefined;
}

// The last character of 32 bytes in base64url has two bits to spare; only where they are 0 is it the one spelling.
const signedForm = /^v1\.([\w-]+)\.(0|[1-9]\d{0,11})\.([\w-]{42}[AEIMQUYcgkosw048])$/;
const sealedForm = /^e1\.([\w-]+)\.(0|[1-9]\d{0,11})$/;

const nonceLength = 12;
const tagLength = 16;

/** Seconds that the clocks of two servers may differ. */
const clockSkew = 60;

/**
 * Signs, or encrypts, the values of cookies, and checks them when they come back. The format's version, the
 * purpose, the cookie's name and the time are part of what is authenticated, separated by NUL, which none of them
 * can hold. A signed value is never taken for an encrypted one, nor the other way round.
 *
 * @see https://www.rfc-editor.org/rfc/rfc2104 (HMAC), https://www.rfc-editor.org/rfc/rfc5869 (HKDF),
 *   https://www.rfc-editor.org/rfc/rfc4648#section-5 (base64url)
 */
export class SecureCookie {
  /** For what is signed, and for what is encrypted: only those that are needed. */
  readonly #macs: readonly Hmac[];
  readonly #keys: readonly KeyObject[];
  readonly #purpose: Purpose;
  readonly #encrypt: boolean;
  readonly #now: () => number;
  readonly #nonce: () => Uint8Array;

  constructor({ keys, purpose, encrypt = false, now = Date.now, nonce = () => randomBytes(nonceLength) }: SecureCookieOptions) {
    const info = `mini-session ${encrypt ? "e1" : "v1"} ${purpose}`;
    const derived = keys.map((key) => new Uint8Array(hkdfSync("sha256", key, "", info, 32)));
    this.#macs = encrypt ? [] : derived.map((key) => new Hmac(key));
    this.#keys = encrypt ? derived.map((key) => createSecretKey(key)) : [];
    this.#purpose = purpose;
    this.#encrypt = encrypt;
    this.#now = now;
    this.#nonce = nonce;
  }

  /** A cookie's value for `text`: `v1.payload.time.mac`, or encrypted `e1.payload.time`. */
  sign(name: string, text: string): string {
    const time = String(this.#seconds());
    if (this.#encrypt) return `e1.${seal(this.#keys[0]!, this.#nonce(), this.#context("e1", name, time), text)}.${time}`;
    const payload = Buffer.from(text).toString("base64url");
    return `v1.${payload}.${time}.${this.#macs[0]!.sign(`${this.#context("v1", name, time)}\0${payload}`)}`;
  }

  /**
   * Checks a value that came from a client, and gives back the text that was signed. Hostile input is an answer
   * here, never an exception.
   *
   * @param name - Cookie name; a value signed for one cookie is refused under another.
   * @param maxAge - Seconds since signing after which the value is `"expired"`; left out, it never is.
   * @returns `signedAt` in seconds since the Unix epoch.
   */
  unsign(name: string, value: string, maxAge = Infinity): Unsigned {
    const parts = (this.#encrypt ? sealedForm : signedForm).exec(value);
    if (parts === null) return { ok: false, reason: "malformed" };
    const payload = parts[1]!;
    const time = parts[2]!;
    const found = this.#encrypt ? this.#open(name, payload, time) : this.#verify(name, payload, time, parts[3]!);
    if (found === undefined) return { ok: false, reason: "forged" };
    const signedAt = Number(time);
    const age = this.#seconds() - signedAt;
    // Asked this way round, an age limit that is not a number lets nothing pass.
    return age >= -clockSkew && age <= maxAge ? { ok: true, text: found, signedAt } : { ok: false, reason: "expired" };
  }

  #seconds(): number {
    return Math.floor(this.#now() / 1000);
  }

  #context(version: "v1" | "e1", name: string, time: string): string {
    return `${version}\0${this.#purpose}\0${name}\0${time}`;
  }

  #verify(name: string, payload: string, time: string, given: string): string | undefined {
    const signed = `${this.#context("v1", name, time)}\0${payload}`;
    // What the right mac covers is what was signed, so the payload's own spelling needs no check.
    const valid = this.#macs.some((mac) => mac.verify(signed, given));
    return valid ? Buffer.from(payload, "base64url").toString() : undefined;
  }

  #open(name: string, payload: string, time: string): string | undefined {
    const sealed = Buffer.from(payload, "base64url");
    if (sealed.length < nonceLength + tagLength || sealed.toString("base64url") !== payload) return undefined;
    const context = this.#context("e1", name, time);
    for (const key of this.#keys) {
      const text = open(key, context, sealed);
      if (text !== undefined) return text;
    }
    return undefined;
  }
}

function seal(key: KeyObject, nonce: Uint8Array, context: string, text: string): string {
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]).toString("base64url");
}

function open(key: KeyObject, context: string, sealed: Buffer): string | undefined {
  const tagStart = sealed.length - tagLength;
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, nonceLength), { authTagLength: tagLength });
  decipher.setAAD(Buffer.from(context));
  decipher.setAuthTag(sealed.subarray(tagStart));
  const start = decipher.update(sealed.subarray(nonceLength, tagStart));
  try {
    return Buffer.concat([start, decipher.final()]).toString();
  } catch (error) {
    // final() has one way to fail: the tag is not that of this text, context and key.
    if (error instanceof Error) return undefined;
    throw error;
  }
}
