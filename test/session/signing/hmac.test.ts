import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Hmac } from "../../../packages/session/src/signing/signing.ts";

const hex = (text: string) => Buffer.from(text, "hex");
const mac = (key: Uint8Array, text: string) => Buffer.from(new Hmac(key).sign(text), "base64url").toString("hex");
const byNode = (key: Uint8Array, text: string) => createHmac("sha256", key).update(text).digest("base64url");

describe("the test vectors of RFC 4231 whose data is text", () => {
  // Sections 4.2, 4.3, 4.6, 4.7 and 4.8. The data of 4.4 and 4.5 are bytes that are no UTF-8.
  test.each([
    [1, hex("0b".repeat(20)), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"],
    [2, Buffer.from("Jefe"), "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"],
    [5, hex("0c".repeat(20)), "Test With Truncation", "a3b6167473100ee06e0c796c2955552bfa6f7c0a6a8aef8b93f860aab0cd20c5"],
    [
      6,
      hex("aa".repeat(131)),
      "Test Using Larger Than Block-Size Key - Hash Key First",
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ],
    [
      7,
      hex("aa".repeat(131)),
      "This is a test using a larger than block-size key and a larger than block-size data. " +
        "The key needs to be hashed before being used by the HMAC algorithm.",
      "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ],
  ])("number %i", (_number, key, text, expected) => {
    expect(mac(key, text)).toBe(expected);
  });
});

test("a digest is that of node:crypto, for texts of any length and script, one after the other with one key", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 140, size: "max" }),
      fc.array(fc.tuple(fc.string({ unit: "binary" }), fc.integer({ min: 0, max: 400 })), { minLength: 1, maxLength: 5 }),
      (key, texts) => {
        const one = new Hmac(key);
        for (const [piece, times] of texts) {
          const text = piece.repeat(times);
          expect(one.sign(text)).toBe(byNode(key, text));
          expect(one.verify(text, byNode(key, text))).toBe(true);
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test("a key may have any length: one that is longer than a block is hashed first", () => {
  for (let length = 1; length <= 140; length++) {
    const key = Buffer.alloc(length, length);
    expect(new Hmac(key).sign("text"), String(length)).toBe(byNode(key, "text"));
  }
});

test.each([8191, 8192, 8193, 100_000])("a text of %i bytes is not cut", (length) => {
  const key = Buffer.alloc(32, 1);
  const text = "a".repeat(length - 2) + "é";
  const one = new Hmac(key);
  expect(one.sign(text)).toBe(byNode(key, text));
  expect(one.sign(`${text}b`)).not.toBe(one.sign(`${text}c`));
});

test("a MAC with any bit changed, cut or of another text is refused", () => {
  const key = Buffer.alloc(32, 1);
  const one = new Hmac(key);
  const right = Buffer.from(byNode(key, "a"), "base64url");
  for (let at = 0; at < 8 * right.length; at++) {
    const wrong = Buffer.from(right);
    wrong[at >> 3]! ^= 1 << (at & 7);
    expect(one.verify("a", wrong.toString("base64url")), String(at)).toBe(false);
  }
  for (let length = 0; length < 32; length++) {
    // What was right a moment ago must not fill up what is too short.
    expect(one.verify("a", right.toString("base64url"))).toBe(true);
    expect(one.verify("a", right.subarray(0, length).toString("base64url")), String(length)).toBe(false);
  }
  expect(one.verify("b", right.toString("base64url"))).toBe(false);
});
