import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import fc from "fast-check";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { Signer, type SignerOptions } from "../../../packages/session/src/signing/signing.ts";
import { unsign } from "../../support/unsign.ts";

const key = "a key that is long enough to be one";
const other = "another key that is long enough too";
const start = 1_700_000_000_000;

function make(options: Partial<SignerOptions> = {}): Signer {
  return new Signer({ secretKeys: [key], purpose: "session-data", now: () => start, ...options });
}

describe.each([false, true])("a value with encrypt: %s", (encrypt) => {
  const cookie = make({ encrypt });
  const text = '{"a":"é","b":[1,2]}';
  let value: string;
  // Not beside the tests: what fails there is no failure of any of them.
  beforeAll(() => {
    value = cookie.sign("name", text);
  });

  test("comes back as it was, with the time of its signing in seconds", () => {
    expect(unsign(cookie, "name", value)).toEqual({ ok: true, isOld: false, text, signedAt: start / 1000 });
    expect(unsign(cookie, "name", cookie.sign("name", ""))).toMatchObject({ ok: encrypt });
  });

  test("needs no encoding in a cookie", () => {
    expect(value).toMatch(/^[\w.-]+$/);
  });

  test("is refused with any bit of any byte flipped", () => {
    for (let at = 0; at < value.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = value.slice(0, at) + String.fromCharCode(value.charCodeAt(at) ^ (1 << bit)) + value.slice(at + 1);
        expect(unsign(cookie, "name", changed).ok, changed).toBe(false);
      }
    }
  });

  test("is refused when it is cut or anything is added", () => {
    for (let at = 0; at < value.length; at++) {
      expect(unsign(cookie, "name", value.slice(0, at)).ok).toBe(false);
      expect(unsign(cookie, "name", value.slice(at + 1)).ok).toBe(false);
    }
    for (const added of ["A", "=", ".", "==", "\0", " "]) {
      expect(unsign(cookie, "name", value + added).ok).toBe(false);
      expect(unsign(cookie, "name", added + value).ok).toBe(false);
    }
  });

  test("is refused with parts of another value, in another order or repeated", () => {
    const parts = value.split(".");
    const others = make({ encrypt, now: () => start + 5000 })
      .sign("name", '{"a":"x"}')
      .split(".");
    for (let at = 0; at < parts.length; at++) {
      const swapped = parts.map((part, i) => (i === at ? others[i] : part)).join(".");
      if (swapped !== value) expect(unsign(cookie, "name", swapped).ok, swapped).toBe(false);
      expect(unsign(cookie, "name", [...parts.slice(0, at), parts[at], ...parts.slice(at)].join(".")).ok).toBe(false);
    }
    expect(unsign(cookie, "name", [...parts].reverse().join(".")).ok).toBe(false);
  });

  test("is refused under another name, purpose or key", () => {
    expect(unsign(cookie, "name2", value).ok).toBe(false);
    expect(unsign(cookie, "", value).ok).toBe(false);
    expect(unsign(make({ encrypt, purpose: "secure-cookie" }), "name", value).ok).toBe(false);
    expect(unsign(make({ encrypt, purpose: "session-id" }), "name", value).ok).toBe(false);
    expect(unsign(make({ encrypt, secretKeys: [other] }), "name", value).ok).toBe(false);
  });

  test("is refused with the reason: malformed or forged", () => {
    for (const malformed of ["", "name", value.slice(1), `${value}.`]) {
      expect(unsign(cookie, "name", malformed), malformed).toEqual({ ok: false, reason: "malformed" });
    }
    expect(unsign(cookie, "name2", value)).toEqual({ ok: false, reason: "forged" });
    expect(unsign(make({ encrypt, secretKeys: [other] }), "name", value)).toEqual({ ok: false, reason: "forged" });
    // A wrong value is none whose time could be looked at.
    expect(unsign(make({ encrypt, secretKeys: [other], now: () => start + 10 ** 9 }), "name", value, 1)).toEqual({
      ok: false,
      reason: "forged",
    });
  });

  test("is accepted, and known as old, when the setting encrypt is another one now", () => {
    expect(unsign(make({ encrypt: !encrypt }), "name", value)).toEqual({ ok: true, isOld: true, text, signedAt: start / 1000 });
  });

  test("does not confuse the end of its name with the start of its text", () => {
    expect(unsign(cookie, "a", cookie.sign("a\0b", "c")).ok).toBe(false);
    expect(unsign(cookie, "ab", cookie.sign("a", "bc")).ok).toBe(false);
  });

  test("is valid up to maxAge and not a second longer", () => {
    const at = (seconds: number) => make({ encrypt, now: () => start + seconds * 1000 });
    expect(unsign(at(100), "name", value, 100).ok).toBe(true);
    expect(unsign(at(101), "name", value, 100)).toEqual({ ok: false, reason: "expired" });
    expect(unsign(at(10 ** 9), "name", value).ok).toBe(true);
    expect(unsign(at(0), "name", value, Number.NaN).ok).toBe(false);
  });

  test("from the future is valid up to the allowed difference of two clocks", () => {
    const at = (seconds: number) => make({ encrypt, now: () => start + seconds * 1000 });
    expect(unsign(at(-60), "name", value).ok).toBe(true);
    expect(unsign(at(-61), "name", value)).toEqual({ ok: false, reason: "expired" });
  });

  test("outlives the rotation of keys, and the first key signs", () => {
    const rotated = make({ encrypt, secretKeys: [other, key] });
    expect(unsign(rotated, "name", value).ok).toBe(true);
    const signed = rotated.sign("name", text);
    expect(unsign(make({ encrypt, secretKeys: [other] }), "name", signed).ok).toBe(true);
    expect(unsign(make({ encrypt, secretKeys: [key] }), "name", signed).ok).toBe(false);
  });

  test("that is any text has a result, and never throws", () => {
    const parts = value.split(".");
    fc.assert(
      fc.property(fc.string(), fc.nat(3), (text_, at) => {
        expect(unsign(cookie, "name", text_).ok).toBe(false);
        const mixed = parts.map((part, i) => (i === at % parts.length ? text_ : part)).join(".");
        if (mixed !== value) expect(unsign(cookie, "name", mixed).ok).toBe(false);
      }),
      { seed: 1, numRuns: 2000 },
    );
  });
});

describe("an encrypted value", () => {
  test("hides its text, and is different each time", () => {
    const cookie = make({ encrypt: true });
    const value = cookie.sign("name", "secret text");
    expect(Buffer.from(value.split(".")[1]!, "base64url").includes("secret")).toBe(false);
    expect(cookie.sign("name", "secret text")).not.toBe(value);
  });

  test("has a new nonce each time", () => {
    const cookie = make({ encrypt: true });
    const nonces = Array.from({ length: 5000 }, () => cookie.sign("name", "text").slice("e1.".length, "e1.".length + 16));
    expect(new Set(nonces).size).toBe(5000);
  });

  test("is refused with another spelling of its last character", () => {
    const cookie = make({ encrypt: true });
    for (let length = 1; length <= 6; length++) {
      const [version, payload, time] = cookie.sign("name", "x".repeat(length)).split(".");
      const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
      const same = [...alphabet].filter((last) => unsign(cookie, "name", `${version}.${payload!.slice(0, -1)}${last}.${time}`).ok);
      expect(same).toEqual([payload!.at(-1)]);
    }
  });
});

test("a signed value of the same text, name and time is the same from any process", () => {
  expect(make().sign("name", "text")).toBe(make().sign("name", "text"));
  expect(make().sign("name", "text")).toMatch(/^v1\.dGV4dA\.1700000000\.[\w-]{43}$/);
});

// Made with HKDF, HMAC and AES-GCM of Python's cryptography: one key for each purpose, and every part of the context in its place.
test.each([
  ["session-data", false, "v1.eyJhIjoiw6kiLCJiIjpbMSwyXX0.1700000000.vaH-492BVC8A552TSjATKxPcLHFh3CqAH7kOQPyp6x0"],
  ["session-id", false, "v1.eyJhIjoiw6kiLCJiIjpbMSwyXX0.1700000000.RkIPywCdVseckk-XLp0Y7o6KlwJjOfPf1QUedBKBMtU"],
  ["secure-cookie", false, "v1.eyJhIjoiw6kiLCJiIjpbMSwyXX0.1700000000.dN-_i2YgI_cVfg5dvBKgfrd2-yEU66_Cuyf1gU_UDZQ"],
  ["session-data", true, "e1.AQIDBAUGBwgJCgsMNfMYhC3Y6GLTbq68jGWz5BxqCYE0yW7zL4KYYXSq-9L0JGhO.1700000000"],
  ["session-id", true, "e1.AQIDBAUGBwgJCgsM2fgWsGsBwxXKHZ-SkRprytNKKfioL5jpV7pmZkyTAjJItPQ8.1700000000"],
  ["secure-cookie", true, "e1.AQIDBAUGBwgJCgsMWOwLkJhQNe4gfZRiO6LwaSW1i-pFyrzihaiqtKGYkvR3bKQ_.1700000000"],
] as const)("is equal to the value of another implementation: %s, encrypted: %s", (purpose, encrypt, value) => {
  const nonce = () => new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  const cookie = make({ purpose, encrypt, nonce });
  const text = '{"a":"é","b":[1,2]}';
  expect(cookie.sign("name", text)).toBe(value);
  expect(unsign(cookie, "name", value)).toEqual({ ok: true, isOld: false, text, signedAt: 1_700_000_000 });
});

describe("a mac", () => {
  const compare = crypto.timingSafeEqual;
  afterEach(() => {
    crypto.timingSafeEqual = compare;
    syncBuiltinESMExports();
  });

  test("is compared as a whole in constant time, with each key until one fits", () => {
    const compared = vi.fn<typeof compare>(compare);
    crypto.timingSafeEqual = compared;
    syncBuiltinESMExports();
    const cookie = make({ secretKeys: [other, key] });
    const value = make().sign("name", "text");
    expect(unsign(cookie, "name", value).ok).toBe(true);
    // Wrong from its first byte on, and in its last only.
    for (const forged of [value.replace(/[^.]{42}.$/, `${"A".repeat(42)}E`), value.replace(/.$/, value.endsWith("A") ? "E" : "A")]) {
      expect(unsign(cookie, "name", forged).ok).toBe(false);
    }
    expect(compared.mock.calls.map(([own, given]) => [own.byteLength, given.byteLength])).toEqual(
      Array.from({ length: 6 }, () => [32, 32]),
    );
  });
});
