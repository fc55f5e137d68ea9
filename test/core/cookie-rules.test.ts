import { parseCookies, serializeCookie } from "@mini/core";
import { describe, expect, test } from "vitest";
import { keptCases, refusedCases } from "../support/cookie-cases.ts";
import { growth, mostGrowth } from "../support/growth.ts";

/** The same attributes, whatever their order. */
const sorted = (line: string) => line.split("; ").sort();

describe("a cookie that browsers keep", () => {
  test.each(keptCases.map((each) => [each.line.slice(0, 100), each] as const))("%s", (_title, { name, value = "b", options, line }) => {
    expect(sorted(serializeCookie(name, value, options))).toEqual(sorted(line));
  });

  test.each([
    [0, 0],
    [-1, 0],
    [-Number.MAX_VALUE, 0],
    [0.9, 0],
    [1.9, 1],
    [34_560_000, 34_560_000],
    [34_560_001, 34_560_000],
    [Number.MAX_VALUE, 34_560_000],
  ])("with maxAge %d has Max-Age=%d", (maxAge, sent) => {
    expect(serializeCookie("a", "b", { maxAge })).toContain(`a=b; Max-Age=${sent}; `);
  });
});

describe("a cookie that browsers drop or change is refused", () => {
  test.each(refusedCases.map((each) => [each.line.slice(0, 100), each] as const))("%s", (_title, { name, value = "b", options, says }) => {
    expect(() => serializeCookie(name, value, options)).toThrow(TypeError);
    expect(() => serializeCookie(name, value, options)).toThrow(says);
  });
});

describe("a value that no cookie can have is refused", () => {
  const token = /a name may have only letters, digits and/;
  const host = /domain must be a host name/;
  const path = /path must begin with "\/" and have only characters of a path/;

  test.each([
    "",
    " ",
    "a b",
    " a",
    "a ",
    "a\tb",
    "a=b",
    "a;b",
    "a,b",
    'a"b',
    "a(b",
    "a)b",
    "a/b",
    "a:b",
    "a<b",
    "a>b",
    "a?b",
    "a@b",
    "a[b",
    "a]b",
    "a\\b",
    "a{b",
    "a}b",
    "é",
    "a\xa0b",
    "\ud83c",
    "\u0130",
  ])("the name %j", (name) => {
    expect(() => serializeCookie(name, "b")).toThrow(token);
  });

  test.each(["\ud800", "a\udc00b", "\udc00\ud800"])("the value %j", (value) => {
    expect(() => serializeCookie("a", value)).toThrow(/its value must be well-formed text/);
  });

  test.each([5, true, null, undefined, {}, ["a"]])("the value %j, which is not a string", (value) => {
    expect(() => serializeCookie("a", value as never)).toThrow(/its value must be well-formed text/);
  });

  test.each([
    "",
    ".",
    "..",
    "a..b",
    "a.",
    "-a",
    "a-",
    "a b",
    "a_b",
    "a;b",
    "a,b",
    "a/b",
    "a:1",
    "[::1]",
    "*.a",
    "@a",
    "é.example",
    "a\\b",
    `${"a".repeat(64)}.example`,
    "a.example\r\n",
    "%61",
  ])("the domain %j", (domain) => {
    expect(() => serializeCookie("a", "b", { domain })).toThrow(host);
  });

  test.each(["", "a", "a/b", " /", "\\", "/a;b", "/a b", "/é", "/\x7f", "/a\0", "/a\n", "?", "http://a/"])("the path %j", (value) => {
    expect(() => serializeCookie("a", "b", { path: value })).toThrow(path);
  });

  test.each([Number.NaN, Infinity, -Infinity, "60"])("maxAge %j", (maxAge) => {
    expect(() => serializeCookie("a", "b", { maxAge: maxAge as number })).toThrow(/maxAge must be a number of seconds/);
  });

  test.each(["Lax", "LAX", "", "no", true])("sameSite %j", (sameSite) => {
    expect(() => serializeCookie("a", "b", { sameSite: sameSite as "lax" })).toThrow(/sameSite must be "strict", "lax" or "none"/);
  });

  test.each(["tomorrow", 0, {}])("expires %j", (expires) => {
    expect(() => serializeCookie("a", "b", { expires: expires as never })).toThrow(/expires must be a Date/);
  });

  test("the error names the cookie, and never contains its value or other arguments", () => {
    const secret = "hunter2";
    const wrong = [{ domain: `${secret};` }, { path: `${secret};` }, { sameSite: secret as "lax" }, { sameSite: "none" }] as const;
    for (const options of wrong) {
      expect(() => serializeCookie("a", secret, options)).toThrow(/^Cannot set the cookie "a": (?!.*hunter2)/);
    }
  });
});

test("the time to read a Cookie header of blanks grows only in proportion to its length", () => {
  const header = (blanks: string) => `a=b${blanks}c; ${blanks}d${blanks}e =f`;
  const many = " ".repeat(100_000);
  expect([...parseCookies(header(many))]).toEqual([
    ["a", `b${many}c`],
    [`d${many}e`, "f"],
  ]);
  const work = (size: number) => {
    const sent = header(" ".repeat(size));
    return () => parseCookies(sent);
  };
  expect(growth(100_000, work)).toBeLessThan(mostGrowth);
});
