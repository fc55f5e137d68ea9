import { hash } from "node:crypto";

/** Bytes of a block of SHA-256, and of its digest. */
const blockSize = 64;
const digestSize = 32;

/** Bytes of text that there is room for from the start: more than a cookie has. */
const usualSize = 8192;

/**
 * HMAC-SHA-256 with one key; RFC 2104. By two one-shot hashes, which cost two thirds of the time of the streaming one: of a
 * request that reads a session it takes a tenth less.
 */
export class Hmac {
  /** The key's inner block, and the text after it. */
  #inner = Buffer.alloc(blockSize + usualSize);
  /** The key's outer block, and the inner digest after it. */
  readonly #outer = Buffer.alloc(blockSize + digestSize);

  constructor(key: Uint8Array) {
    const block = Buffer.alloc(blockSize);
    block.set(key.length > blockSize ? hash("sha256", key, "buffer") : key);
    for (let i = 0; i < blockSize; i++) {
      this.#inner[i] = block[i]! ^ 0x36;
      this.#outer[i] = block[i]! ^ 0x5c;
    }
  }

  /** The 32 bytes for a text, which is taken as UTF-8. */
  digest(text: string): Buffer {
    // A character takes three bytes at most.
    if (this.#inner.length < blockSize + 3 * text.length) {
      const larger = Buffer.alloc(blockSize + 3 * text.length);
      this.#inner.copy(larger, 0, 0, blockSize);
      this.#inner = larger;
    }
    const end = blockSize + this.#inner.write(text, blockSize);
    this.#outer.write(hash("sha256", this.#inner.subarray(0, end), "binary"), blockSize, "binary");
    return hash("sha256", this.#outer, "buffer");
  }
}
