import { BuildError, Rule } from "@mini/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Router } from "../../packages/core/src/routing/router.ts";

const router = new Router(
  [
    new Rule("/", { endpoint: "home" }),
    new Rule("/users/:id", { endpoint: "user" }),
    new Rule("/files/*path", { endpoint: "files" }),
    new Rule("/*path", { endpoint: "any" }),
    new Rule("/blog{/:year{/:month}}", { endpoint: "blog" }),
    new Rule("/é/:a-:b", { endpoint: "mixed" }),
    new Rule("/shop/:category", { endpoint: "shop" }),
    new Rule("/shop/:category/:item", { endpoint: "shop" }),
    new Rule("/:__proto__/x/:constructor", { endpoint: "names" }),
  ],
  { target: () => undefined, methods: () => ["GET"] },
);
const build = router.build.bind(router);

describe("a URL", () => {
  test.each([
    ["home", {}, "/"],
    ["user", { id: "a/b c?é" }, "/users/a%2Fb%20c%3F%C3%A9"],
    ["user", { id: 5 }, "/users/5"],
    ["user", { id: 0 }, "/users/0"],
    ["user", { id: -1.5 }, "/users/-1.5"],
    ["user", { id: 1e21 }, "/users/1000000000000000000000"],
    ["user", { id: 1e-7 }, "/users/0.0000001"],
    ["user", { id: -1.25e-9 }, "/users/-0.00000000125"],
    ["user", { id: 12345678901234567890n }, "/users/12345678901234567890"],
    ["user", { id: false }, "/users/false"],
    ["files", { path: ["a b", "c/d", ""] }, "/files/a%20b/c%2Fd/"],
    ["blog", {}, "/blog"],
    ["blog", { year: 2024, month: 5 }, "/blog/2024/5"],
    ["blog", { month: 5 }, "/blog?month=5"],
    ["blog", { year: null, month: undefined }, "/blog"],
    ["mixed", { a: 1, b: 2 }, "/%C3%A9/1-2"],
    ["home", { q: "a b&c", list: [1, null, "x", undefined], none: null, not: undefined, yes: true }, "/?q=a+b%26c&list=1&list=x&yes=true"],
    ["shop", { category: "tea" }, "/shop/tea"],
    ["shop", { category: "tea", item: 3 }, "/shop/tea/3"],
    ["shop", { category: "tea", color: "red" }, "/shop/tea?color=red"],
    [
      "names",
      Object.fromEntries([
        ["__proto__", "a"],
        ["constructor", "b"],
      ]),
      "/a/x/b",
    ],
  ])("of %s with %o is %s", (endpoint, args, url) => {
    expect(build(endpoint, args)).toBe(url);
  });

  test("has its anchor encoded, after the query", () => {
    expect(build("home", { q: 1 }, { anchor: "a b/é" })).toBe("/?q=1#a%20b%2F%C3%A9");
    expect(build("home", {}, { anchor: "" })).toBe("/");
  });

  test("is absolute with scheme and host of the request, or with those it is given", () => {
    const base = { scheme: "https", host: "example.org:8443" };
    expect(build("home", {}, { absolute: true }, base)).toBe("https://example.org:8443/");
    expect(build("home", {}, { scheme: "http" }, base)).toBe("http://example.org:8443/");
    expect(build("home", {}, { host: "[::1]:80" })).toBe("http://[::1]:80/");
    expect(build("home", {}, { host: "other.example", scheme: "wss" }, base)).toBe("wss://other.example/");
  });
});

describe("a URL that cannot be built", () => {
  test("names what is missing", () => {
    expect(() => build("user", {})).toThrow('Cannot build a URL for "user": missing "id"');
    expect(() => build("user", { id: null })).toThrow('missing "id"');
    expect(() => build("names", {})).toThrow('missing "__proto__", "constructor"');
    expect(() => build("shop", { item: 1 })).toThrow('missing "category"');
  });

  test("names the most similar endpoint", () => {
    expect(() => build("usr", {})).toThrow('Cannot build a URL for "usr": no rule has that endpoint; did you mean "user"?');
    expect(() => build("something else", {})).toThrow(/no rule has that endpoint$/);
  });

  test.each([
    ["user", { id: "" }],
    ["user", { id: "." }],
    ["user", { id: ".." }],
    ["user", { id: Number.NaN }],
    ["user", { id: Infinity }],
    ["user", { id: ["a"] }],
    ["user", { id: {} }],
    ["user", { id: Symbol("x") }],
    ["user", { id: "\uD800" }],
    ["files", { path: [] }],
    ["files", { path: [""] }],
    ["files", { path: "a/b" }],
    ["files", { path: ["a", ".."] }],
    ["files", { path: [null] }],
    ["any", { path: ["", "evil.example"] }],
    ["home", { q: {} }],
    ["home", { q: "\uDC00" }],
    ["home", { "\uDC00": "q" }],
    ["home", { q: [["a"]] }],
  ])("refuses %s with %o", (endpoint, args) => {
    expect(() => build(endpoint, args as Record<string, unknown>)).toThrow(BuildError);
  });

  test.each([
    [{ absolute: true }, "needs a host"],
    [{ scheme: "javascript", host: "a" }, "the scheme must be"],
    [{ host: "a/b" }, "the host must be"],
    [{ host: "user@a" }, "the host must be"],
    [{ host: "a\r\nb" }, "the host must be"],
    [{ anchor: "\uD800" }, '"anchor" has half of a surrogate pair'],
  ])("refuses %o", (options, problem) => {
    expect(() => build("home", {}, options)).toThrow(BuildError);
    expect(() => build("home", {}, options)).toThrow(problem);
  });
});

describe("a round trip", () => {
  const value = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 12 })
    .filter((text) => text !== "." && text !== ".." && text.isWellFormed());

  test("returns every value unchanged", () => {
    fc.assert(
      fc.property(value, fc.array(value, { minLength: 1, maxLength: 4 }), (id, path) => {
        expect(router.match("GET", build("user", { id }))).toMatchObject({ type: "found", params: { id } });
        expect(router.match("GET", build("files", { path }))).toMatchObject({ type: "found", params: { path } });
        expect(new URLSearchParams(build("home", { id, path }).slice(2)).getAll("path")).toEqual(path);
      }),
      { seed: 11, numRuns: 3000 },
    );
  });
});
