import { cookieValues, parseCookies, serializeCookie } from "@mini/core";
import { stringifySetCookie } from "cookie";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

describe("reading cookies", () => {
  test("gives the first of equal names, and cookieValues all of them in order", () => {
    expect([...parseCookies("a=1; b=2; a=3")]).toEqual([
      ["a", "1"],
      ["b", "2"],
    ]);
    expect(cookieValues("a=1; b=2; a=3", "a")).toEqual(["1", "3"]);
    expect(cookieValues("a=1; a=2; a=3", "a", 2)).toEqual(["1", "2"]);
    expect(cookieValues(null, "a")).toEqual([]);
    expect(cookieValues("aa=1; A=2; a =3", "a")).toEqual(["3"]);
  });

  test("decodes values, leaves those with malformed encoding, and removes quotes", () => {
    expect([...parseCookies('a=%C3%A9; b=%zz; c="x y"; d=; __proto__=e')]).toEqual([
      ["a", "é"],
      ["b", "%zz"],
      ["c", "x y"],
      ["d", ""],
      ["__proto__", "e"],
    ]);
  });

  test("never throws, and returns only what the header has", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (header, name) => {
        expect(parseCookies(header).size).toBeLessThanOrEqual(header.length);
        expect(Array.isArray(cookieValues(header, name))).toBe(true);
      }),
      { seed: 4, numRuns: 2000 },
    );
  });
});

describe("writing a cookie", () => {
  test("returns its Set-Cookie line, with the value encoded if necessary", () => {
    expect(serializeCookie("a", 'é;, "\\', {})).toBe("a=%C3%A9%3B%2C%20%22%5C; Path=/; HttpOnly; SameSite=Lax");
    expect(serializeCookie("a", "v1.ab_c-d~", {})).toMatch(/^a=v1\.ab_c-d~;/);
    const options = {
      maxAge: 60,
      domain: "example.org",
      path: "/a",
      secure: true,
      httpOnly: true,
      sameSite: "none",
      partitioned: true,
    } as const;
    expect(serializeCookie("a", "b", options).split("; ").sort()).toEqual([
      "Domain=example.org",
      "HttpOnly",
      "Max-Age=60",
      "Partitioned",
      "Path=/a",
      "SameSite=None",
      "Secure",
      "a=b",
    ]);
  });

  test("returns the same line as the package cookie, for any attributes that browsers accept", () => {
    const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
    const options = fc.record({
      maxAge: optional(fc.integer({ min: 0, max: 400 * 24 * 60 * 60 })),
      expires: optional(fc.date({ min: new Date("1970-01-01"), max: new Date("9999-01-01"), noInvalidDate: true })),
      domain: optional(fc.constantFrom("example.org", ".a.example.org")),
      path: fc.constantFrom("/", "/a", "/a/%20b"),
      secure: fc.constant(true),
      httpOnly: fc.boolean(),
      sameSite: fc.constantFrom("strict", "lax", "none"),
      partitioned: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), options, (value, given) => {
        const others = Object.fromEntries(Object.entries(given).filter(([, each]) => each !== undefined));
        const expected = stringifySetCookie({ ...others, name: "a", value }, { encode: encodeURIComponent });
        expect(serializeCookie("a", value, given)).toBe(expected);
      }),
      { seed: 8 },
    );
  });

  test("reads back as it was", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (value) => {
        expect(cookieValues(serializeCookie("a", value, {}).split("; ")[0]!, "a")).toEqual([value]);
      }),
      { seed: 6 },
    );
  });

  const controls = Array.from({ length: 33 }, (_, i) => (i === 32 ? "\x7f" : String.fromCharCode(i)));
  test("refuses every control character in name, domain and path", () => {
    for (const char of controls) {
      expect(() => serializeCookie(`a${char}b`, "x", {}), JSON.stringify(char)).toThrow(TypeError);
      expect(() => serializeCookie("a", "x", { domain: `a${char}b` }), JSON.stringify(char)).toThrow(TypeError);
      expect(() => serializeCookie("a", "x", { path: `/a${char}b` }), JSON.stringify(char)).toThrow(TypeError);
      expect(serializeCookie("a", `x${char}y`, {})).not.toContain(char);
    }
  });

  test.each([
    ["", {}],
    ["a;b", {}],
    ["a=b", {}],
    ["a b", {}],
    ["é", {}],
    ["a", { sameSite: "none" }],
    ["a", { partitioned: true }],
    ["a", { domain: "a;b" }],
    ["a", { path: "a;b" }],
    ["a", { maxAge: Number.NaN }],
    ["__Host-a", {}],
    ["__Host-a", { secure: true, path: "/a" }],
    ["__Host-a", { secure: true, path: "/", domain: "example.org" }],
    ["__Secure-a", {}],
  ])("refuses %j with %j, which browsers would drop", (name, options) => {
    expect(() => serializeCookie(name, "x", options as object)).toThrow(TypeError);
  });

  test("returns the same line for frozen options, which are checked only once", () => {
    const names = ["a", "b", "__Host-a", "a b", ""];
    const values: unknown[] = ["x", "a b", "é", "", "\ud800", "x".repeat(4096), undefined, 1, ["x"]];
    const attempt = (work: () => string) => {
      try {
        return work();
      } catch (error) {
        return String(error);
      }
    };
    for (const options of [{}, { maxAge: 60, path: "/a" }, { secure: true }, { sameSite: "none" }, { expires: new Date(0) }] as object[]) {
      const frozen = Object.freeze({ ...options });
      for (let times = 0; times < 2; times++) {
        for (const name of names) {
          for (const value of values as string[]) {
            const wanted = attempt(() => serializeCookie(name, value, { ...options }));
            expect(attempt(() => serializeCookie(name, value, frozen))).toBe(wanted);
          }
        }
      }
    }
    const expires = new Date(0);
    const dated = Object.freeze({ expires });
    serializeCookie("a", "x", dated);
    expires.setUTCFullYear(2030);
    expect(serializeCookie("a", "x", dated)).toContain("2030");
    let maxAge = 0;
    const counting = Object.freeze({
      get maxAge() {
        return ++maxAge;
      },
    });
    const base = { maxAge: 5 };
    const inheriting = Object.freeze(Object.create(base) as typeof base);
    const lines = () => [counting, inheriting].map((options) => serializeCookie("a", "x", options).match(/Max-Age=\d+/)?.[0]);
    expect(lines()).toEqual(["Max-Age=1", "Max-Age=5"]);
    base.maxAge = 9;
    expect(lines()).toEqual(["Max-Age=2", "Max-Age=9"]);
    expect(serializeCookie("a", "x", "none" as never)).toBe(serializeCookie("a", "x"));
  });
});
