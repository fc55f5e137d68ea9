import { hash, timingSafeEqual } from "node:crypto";

/** Bytes of a block of SHA-256, and of its digest. */
const blockSize = 64;
const digestSize = 32;

/** Bytes of text that there is room for from the start: more than a cookie has. */
const usualSize = 8192;

/**
 * HMAC-SHA-256 with one key; RFC 2104. By two one-shot hashes, which cost two thirds of the time of the streaming one: of a
 * request that reads a session it takes a tenth less. All in buffers of its own, because new ones of this size lie outside
 * of the heap and cost more than the hash.
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

  /** The mac of a text, which is taken as UTF-8, in base64url. */
  sign(text: string): string {
    return this.#digest(text, "base64url");
  }

  /**
   * Whether a mac is that of the text, in a time that does not depend on how much of it is right.
   *
   * @param given - 43 characters of base64url.
   */
  verify(text: string, given: string): boolean {
    this.#expected.write(this.#digest(text, "binary"), "binary");
    return this.#given.write(given, "base64url") === digestSize && timingSafeEqual(this.#expected, this.#given);
  }

  #digest(text: string, encoding: "base64url" | "binary"): string {
    // A character takes three bytes at most.
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
