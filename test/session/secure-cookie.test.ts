import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SecureCookie, type SecureCookieOptions } from "../../packages/session/src/secure-cookie.ts";

const key = "a key that is long enough to be one";
const other = "another key that is long enough too";
const start = 1_700_000_000_000;

function make(options: Partial<SecureCookieOptions> = {}): SecureCookie {
  return new SecureCookie({ keys: [key], purpose: "session-data", now: () => start, ...options });
}

describe.each([false, true])("a value with encrypt: %s", (encrypt) => {
  const cookie = make({ encrypt });
  const text = '{"a":"é","b":[1,2]}';
  const value = cookie.sign("name", text);

  test("comes back as it was, with the time of its signing in seconds", () => {
    expect(cookie.unsign("name", value)).toEqual({ ok: true, text, signedAt: start / 1000 });
    expect(cookie.unsign("name", cookie.sign("name", ""))).toMatchObject({ ok: encrypt });
  });

  test("needs no encoding in a cookie", () => {
    expect(value).toMatch(/^[\w.-]+$/);
  });

  test("is refused with any bit of any byte flipped", () => {
    for (let at = 0; at < value.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = value.slice(0, at) + String.fromCharCode(value.charCodeAt(at) ^ (1 << bit)) + value.slice(at + 1);
        expect(cookie.unsign("name", changed).ok, changed).toBe(false);
      }
    }
  });

  test("is refused cut anywhere, and with anything added", () => {
    for (let at = 0; at < value.length; at++) {
      expect(cookie.unsign("name", value.slice(0, at)).ok).toBe(false);
      expect(cookie.unsign("name", value.slice(at + 1)).ok).toBe(false);
    }
    for (const added of ["A", "=", ".", "==", "\0", " "]) {
      expect(cookie.unsign("name", value + added).ok).toBe(false);
      expect(cookie.unsign("name", added + value).ok).toBe(false);
    }
  });

  test("is refused with parts of another, in another order or repeated", () => {
    const parts = value.split(".");
    const others = make({ encrypt, now: () => start + 5000 })
      .sign("name", '{"a":"x"}')
      .split(".");
    for (let at = 0; at < parts.length; at++) {
      const swapped = parts.map((part, i) => (i === at ? others[i] : part)).join(".");
      if (swapped !== value) expect(cookie.unsign("name", swapped).ok, swapped).toBe(false);
      expect(cookie.unsign("name", [...parts.slice(0, at), parts[at], ...parts.slice(at)].join(".")).ok).toBe(false);
    }
    expect(cookie.unsign("name", [...parts].reverse().join(".")).ok).toBe(false);
  });

  test("is refused under another name, purpose, key or form", () => {
    expect(cookie.unsign("name2", value).ok).toBe(false);
    expect(cookie.unsign("", value).ok).toBe(false);
    expect(make({ encrypt, purpose: "secure-cookie" }).unsign("name", value).ok).toBe(false);
    expect(make({ encrypt, purpose: "session-id" }).unsign("name", value).ok).toBe(false);
    expect(make({ encrypt, keys: [other] }).unsign("name", value).ok).toBe(false);
    expect(make({ encrypt: !encrypt }).unsign("name", value).ok).toBe(false);
  });

  test("does not confuse the end of its name with the start of its text", () => {
    expect(cookie.unsign("a", cookie.sign("a\0b", "c")).ok).toBe(false);
    expect(cookie.unsign("ab", cookie.sign("a", "bc")).ok).toBe(false);
  });

  test("is valid up to its age and not a second longer", () => {
    const at = (seconds: number) => make({ encrypt, now: () => start + seconds * 1000 });
    expect(at(100).unsign("name", value, 100).ok).toBe(true);
    expect(at(101).unsign("name", value, 100)).toEqual({ ok: false, reason: "expired" });
    expect(at(10 ** 9).unsign("name", value).ok).toBe(true);
    expect(at(0).unsign("name", value, Number.NaN).ok).toBe(false);
  });

  test("from the future is valid as far as two clocks may differ", () => {
    const at = (seconds: number) => make({ encrypt, now: () => start + seconds * 1000 });
    expect(at(-60).unsign("name", value).ok).toBe(true);
    expect(at(-61).unsign("name", value)).toEqual({ ok: false, reason: "expired" });
  });

  test("outlives the rotation of keys, and the first key signs", () => {
    const rotated = make({ encrypt, keys: [other, key] });
    expect(rotated.unsign("name", value).ok).toBe(true);
    const signed = rotated.sign("name", text);
    expect(make({ encrypt, keys: [other] }).unsign("name", signed).ok).toBe(true);
    expect(make({ encrypt, keys: [key] }).unsign("name", signed).ok).toBe(false);
  });

  test("that is any text at all is an answer and no exception", () => {
    const parts = value.split(".");
    fc.assert(
      fc.property(fc.string(), fc.nat(3), (text_, at) => {
        expect(cookie.unsign("name", text_).ok).toBe(false);
        const mixed = parts.map((part, i) => (i === at % parts.length ? text_ : part)).join(".");
        if (mixed !== value) expect(cookie.unsign("name", mixed).ok).toBe(false);
      }),
      { seed: 1, numRuns: 2000 },
    );
  });
});

describe("an encrypted value", () => {
  test("hides its text, and is another one each time", () => {
    const cookie = make({ encrypt: true });
    const value = cookie.sign("name", "secret text");
    expect(Buffer.from(value.split(".")[1]!, "base64url").includes("secret")).toBe(false);
    expect(cookie.sign("name", "secret text")).not.toBe(value);
  });

  test("is refused with its last character spelled otherwise", () => {
    const cookie = make({ encrypt: true });
    for (let length = 1; length <= 6; length++) {
      const [version, payload, time] = cookie.sign("name", "x".repeat(length)).split(".");
      const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
      const same = [...alphabet].filter((last) => cookie.unsign("name", `${version}.${payload!.slice(0, -1)}${last}.${time}`).ok);
      expect(same).toEqual([payload!.at(-1)]);
    }
  });
});

test("a signed value of the same text, name and time is the same from any process", () => {
  expect(make().sign("name", "text")).toBe(make().sign("name", "text"));
  expect(make().sign("name", "text")).toMatch(/^v1\.dGV4dA\.1700000000\.[\w-]{43}$/);
});
