import { createSecretKey, hash, hkdfSync, randomBytes, timingSafeEqual, type KeyObject } from "node:crypto";
import { nonceLength, open, seal } from "./encryption.ts";
import { reportRefused } from "./refusals.ts";
import { otherNames, type SignedCookie, type SentCookies, type Signed } from "./sent-cookies.ts";

/** What a value is for. Each purpose has its own keys, so a value for one purpose is refused for another. */
export type Purpose = "session-data" | "session-id" | "secure-cookie";

export interface SignerOptions {
  /** The key, or a list: the first key signs new cookies, all keys are accepted. */
  readonly secretKeys: readonly string[];
  readonly purpose: Purpose;
  /** Whether the client cannot read the values: AES-256-GCM instead of HMAC-SHA-256. Default false. */
  readonly encrypt?: boolean | undefined;
  /** Clock, in milliseconds since the Unix epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
  /** Twelve random bytes for each encryption. */
  readonly nonce?: (() => Uint8Array) | undefined;
}

// Two bits of the last character of 32 bytes in base64url are unused. They must be 0, so that a value has one spelling.
const signedFormat = /^v1\.([\w-]+)\.(0|[1-9]\d{0,11})\.([\w-]{42}[AEIMQUYcgkosw048])$/;
const sealedFormat = /^e1\.([\w-]+)\.(0|[1-9]\d{0,11})$/;

/** Seconds that the clocks of two servers may differ. */
const clockSkew = 60;

/** How many values of one cookie name are tried, and the most characters that each may have. */
const mostValues = 4;
const longestValue = 4096;

/**
 * Signs or encrypts the values of cookies, and checks them when they come back. The version of the format, the purpose, the
 * name of the cookie and the time are authenticated too, separated by NUL, which none of them can contain.
 *
 * So that the configuration of a site can change without ending its sessions, values are accepted in both formats, signed and
 * encrypted, and under each prefix of their name. Each format has its own keys, and each name its own context, so only values from an
 * earlier configuration are accepted. New values are made in the current format only.
 *
 * @see https://www.rfc-editor.org/rfc/rfc2104 (HMAC), https://www.rfc-editor.org/rfc/rfc5869 (HKDF),
 *   https://www.rfc-editor.org/rfc/rfc4648#section-5 (base64url)
 */
export class Signer {
  /** For signed values. */
  readonly #macs: readonly Hmac[];
  /** For encrypted values. */
  readonly #keys: readonly KeyObject[];
  readonly #purpose: Purpose;
  readonly #encrypt: boolean;
  readonly #now: () => number;
  readonly #nonce: () => Uint8Array;

  constructor({ secretKeys, purpose, encrypt = false, now = Date.now, nonce = () => randomBytes(nonceLength) }: SignerOptions) {
    const derive = (version: "v1" | "e1") =>
      secretKeys.map((key) => new Uint8Array(hkdfSync("sha256", key, "", `mini-session ${version} ${purpose}`, 32)));
    this.#macs = derive("v1").map((key) => new Hmac(key));
    this.#keys = derive("e1").map((key) => createSecretKey(key));
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
   * The values from a client that were signed here for a cookie, at any time. The newest comes first. Of values from the same
   * second, the last in the header comes first, because browsers send last what they stored last. Values under the name with
   * another prefix are used only if there is none under its own name, because a neighboring host can set cookies without a prefix.
   */
  unsignAll(cookieName: string, sent: SentCookies): readonly SignedCookie[] {
    const found = this.#unsignNamed(cookieName, sent, false);
    if (found.length > 0) return found;
    for (const name of otherNames(cookieName)) {
      const earlier = this.#unsignNamed(name, sent, true);
      if (earlier.length > 0) return earlier;
    }
    return found;
  }

  /** All values that were signed here for a cookie, under its own name and under the names with another prefix. */
  unsignAnyPrefix(cookieName: string, sent: SentCookies): readonly SignedCookie[] {
    const names = [cookieName, ...otherNames(cookieName)];
    return names.flatMap((name) => this.#unsignNamed(name, sent, name !== cookieName));
  }

  /**
   * The names of the values that were signed here, under any prefix, once for each value. If there is only one value, it is not
   * checked.
   */
  namesIn(cookieName: string, sent: SentCookies): readonly string[] {
    const own = sent.valuesOf(cookieName);
    const isAlone = own.length < 2 && otherNames(cookieName).every((name) => sent.valuesOf(name).length === 0);
    return isAlone ? own.map(() => cookieName) : this.unsignAnyPrefix(cookieName, sent).map(({ name }) => name);
  }

  /**
   * The newest value of {@link unsignAll} that is neither older than `maxAge` seconds nor from the future.
   *
   * @param oldMaxAge - `maxAge` for values with an old name or format.
   */
  unsignNewest(cookieName: string, sent: SentCookies, maxAge = Infinity, oldMaxAge = maxAge): SignedCookie | undefined {
    const all = this.unsignAll(cookieName, sent);
    const newest = all.find((found) => this.#isCurrent(found, found.isOld ? oldMaxAge : maxAge));
    if (newest === undefined && all.length > 0) reportRefused(cookieName, "expired");
    return newest;
  }

  /** Skips malformed values, and tries at most four of the others. */
  #unsignNamed(name: string, sent: SentCookies, isOldName: boolean): readonly SignedCookie[] {
    const found: SignedCookie[] = [];
    let tried = 0;
    for (const value of sent.valuesOf(name)) {
      const encrypted = value.startsWith("e1.");
      const signed = value.length <= longestValue ? this.#authenticate(name, value, encrypted) : "malformed";
      if (typeof signed === "string") reportRefused(name, signed);
      if (signed === "malformed") continue;
      if (signed !== "forged") found.unshift({ name, isOld: isOldName || encrypted !== this.#encrypt, ...signed });
      if (++tried === mostValues) break;
    }
    return found.length < 2 ? found : found.sort((one, other) => other.signedAt - one.signedAt);
  }

  /** The text of a value that was signed here; otherwise, why it is refused. */
  #authenticate(name: string, value: string, encrypted: boolean): Signed | "malformed" | "forged" {
    const parts = (encrypted ? sealedFormat : signedFormat).exec(value);
    if (parts === null) return "malformed";
    const payload = parts[1]!;
    const time = parts[2]!;
    const text = encrypted ? this.#open(name, payload, time) : this.#verify(name, payload, time, parts[3]!);
    return text === undefined ? "forged" : { text, signedAt: Number(time) };
  }

  #isCurrent({ signedAt }: Signed, maxAge: number): boolean {
    const age = this.#seconds() - signedAt;
    // Written so that a maxAge that is NaN accepts nothing.
    return age >= -clockSkew && age <= maxAge;
  }

  #seconds(): number {
    return Math.floor(this.#now() / 1000);
  }

  #context(version: "v1" | "e1", name: string, time: string): string {
    return `${version}\0${this.#purpose}\0${name}\0${time}`;
  }

  #verify(name: string, payload: string, time: string, given: string): string | undefined {
    const signed = `${this.#context("v1", name, time)}\0${payload}`;
    // The MAC covers the payload as it is written, so the spelling of the payload need not be checked.
    const valid = this.#macs.some((mac) => mac.verify(signed, given));
    return valid ? Buffer.from(payload, "base64url").toString() : undefined;
  }

  #open(name: string, payload: string, time: string): string | undefined {
    const context = this.#context("e1", name, time);
    for (const key of this.#keys) {
      const text = open(key, context, payload);
      if (text !== undefined) return text;
    }
    return undefined;
  }
}

/** An id, and the key of the session's record in the backend. */
export interface SessionId {
  readonly id: string;
  readonly key: string;
}

/** An id that a client sent. */
export type ReceivedId = SessionId & Pick<SignedCookie, "name" | "isOld">;

/** 32 bytes in base64url. The two unused bits of the last character must be 0, so that an id has one spelling. */
const idFormat = /^[\w-]{42}[AEIMQUYcgkosw048]$/;

/**
 * Ids of sessions in a backend: 256 random bits, which are generated here and never taken from a client. An id is only in its
 * cookie; the key in the backend is its SHA-256.
 */
export class SessionIds {
  readonly #signer: Signer;

  constructor(options: Omit<SignerOptions, "purpose">) {
    this.#signer = new Signer({ ...options, purpose: "session-id" });
  }

  /** A new random id. */
  draw(): SessionId {
    const id = randomBytes(32).toString("base64url");
    return { id, key: keyOf(id) };
  }

  /** The value of the cookie that holds an id. */
  sign(cookieName: string, { id }: SessionId): string {
    return this.#signer.sign(cookieName, id);
  }

  /**
   * The ids that a client sent, the newest first, without values that were not signed here for this cookie. The time of the
   * signature is used only for this order, because the record has the times of the session.
   */
  received(cookieName: string, sent: SentCookies): readonly ReceivedId[] {
    return idsIn(this.#signer.unsignAll(cookieName, sent));
  }

  namesIn(cookieName: string, sent: SentCookies): readonly string[] {
    return this.#signer.namesIn(cookieName, sent);
  }

  /** All ids that a client sent, under the name of the cookie and under the names with another prefix. */
  receivedUnderAnyPrefix(cookieName: string, sent: SentCookies): readonly ReceivedId[] {
    return idsIn(this.#signer.unsignAnyPrefix(cookieName, sent));
  }
}

function idsIn(found: readonly SignedCookie[]): readonly ReceivedId[] {
  return found.flatMap(({ text: id, name, isOld }) => (idFormat.test(id) ? [{ id, key: keyOf(id), name, isOld }] : []));
}

function keyOf(id: string): string {
  return hash("sha256", id, "base64url");
}

/** Bytes of a block of SHA-256, and of its digest. */
const blockSize = 64;
const digestSize = 32;

/** The size of the buffer at first, in bytes of text; a cookie is shorter. */
const usualSize = 8192;

/**
 * HMAC-SHA-256 with one key (RFC 2104), made of two calls of Node's one-shot `hash`. Node's `createHmac` makes a stream for
 * each text: with it, a request that changes a session in a cookie takes an eighth more CPU time on Node 24.
 * The buffers are used again for each text, because new buffers of this size cost more than the hash.
 */
export class Hmac {
  /** The key's inner block, and the text after it. */
  #inner = Buffer.alloc(blockSize + usualSize);
  /** The key's outer block, and the inner digest after it. */
  readonly #outer = Buffer.alloc(blockSize + digestSize);
  readonly #expected = Buffer.alloc(digestSize);
  readonly #given = Buffer.alloc(digestSize);

  constructor(key: Uint8Array) {
    const block = Buffer.alloc(blockSize);
    block.set(key.length > blockSize ? hash("sha256", key, "buffer") : key);
    for (let i = 0; i < blockSize; i++) {
      this.#inner[i] = block[i]! ^ 0x36;
      this.#outer[i] = block[i]! ^ 0x5c;
    }
  }

  /** The MAC of a text in UTF-8, in base64url. */
  sign(text: string): string {
    return this.#digest(text, "base64url");
  }

  /**
   * Whether a MAC belongs to the text. It takes the same time for every wrong MAC.
   *
   * @param given - 43 characters of base64url.
   */
  verify(text: string, given: string): boolean {
    this.#expected.write(this.#digest(text, "binary"), "binary");
    return this.#given.write(given, "base64url") === digestSize && timingSafeEqual(this.#expected, this.#given);
  }

  #digest(text: string, encoding: "base64url" | "binary"): string {
    // In UTF-8, a code unit takes three bytes at most.
    if (this.#inner.length < blockSize + 3 * text.length) {
      const larger = Buffer.alloc(blockSize + 3 * text.length);
      this.#inner.copy(larger, 0, 0, blockSize);
      this.#inner = larger;
    }
    const end = blockSize + this.#inner.write(text, blockSize);
    this.#outer.write(hash("sha256", this.#inner.subarray(0, end), "binary"), blockSize, "binary");
    return hash("sha256", this.#outer, encoding);
  }
}
