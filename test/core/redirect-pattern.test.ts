import { describe, expect, test } from "vitest";
import { readRedirectPattern, safeRedirect, withQuery, writeRedirect } from "../../packages/core/src/urls/redirect-target.ts";

const write = (pattern: string, args: Readonly<Record<string, unknown>> = {}) => writeRedirect(readRedirectPattern(pattern), args);

/** Read as the host's name, what stands before the @ would send visitors to another site than the one that is meant. */
const withUser = [
  "https://user@other.example/",
  "https://user:5000@other.example/",
  "https://user:hunter2@other.example/",
  "https://@other.example/",
  "HTTP://a@b@other.example",
];
const refusal = /^it cannot redirect to a URL with a user name or a password: write what comes after its @$/;

describe("the pattern of a redirect", () => {
  test.each([
    ["/new/:id", { id: "a/b" }, "/new/a%2Fb"],
    ["/new/:id", { id: 5 }, "/new/5"],
    ["/files/*path", { path: ["a", "b c"] }, "/files/a/b%20c"],
    ["/list{/:page}", { page: 2 }, "/list/2"],
    ["/list{/:page}", {}, "/list"],
    ["/list{/:page}/end", {}, "/list/end"],
    ["/é ü/:id", { id: "é" }, "/%C3%A9%20%C3%BC/%C3%A9"],
    ["a", {}, "/a"],
    ["//evil.example", {}, "/evil.example"],
    ["/\\/evil.example", {}, "/evil.example"],
    ["/*path", { path: ["", "", "evil.example"] }, "/evil.example"],
    ["http://other.example/a/:id", { id: 1 }, "http://other.example/a/1"],
    ["https://Other.example:443", {}, "https://other.example/"],
    ["HTTPS://other.example//a\nb", {}, "https://other.example/a%0Ab"],
    ["/to/https\\://other.example", {}, "/to/https://other.example"],
  ])("%j with %j is %j", (pattern, args, url) => {
    expect(write(pattern, args)).toBe(url);
  });

  test.each(["https://*host/a", "https://a b.example", "https://a\tb.example/", "https://[/", "http://a\u007f/"])(
    "%j has no host",
    (pattern) => {
      expect(() => readRedirectPattern(pattern)).toThrow(/^it cannot redirect to ".+", which has no host$/);
    },
  );

  test.each(withUser)("%j has a user name, and the error message does not repeat it", (pattern) => {
    expect(() => readRedirectPattern(pattern)).toThrow(refusal);
  });

  test("leads to the start page when a required parameter is missing", () => {
    expect(write("/a/:id")).toBe("/");
  });
});

describe("a URL that a function returned", () => {
  test.each([
    ["//evil.example", "/evil.example"],
    [" \\\t/evil.example", "/evil.example"],
    ["/a//b", "/a//b"],
    ['/a b\\c"<>^`{|}d', "/a%20b%5Cc%22%3C%3E%5E%60%7B%7C%7Dd"],
    ["/é\ud800\u{1f600}", "/%C3%A9%EF%BF%BD%F0%9F%98%80"],
    ["https://other.example/a b", "https://other.example/a%20b"],
    ["http://other.example", "http://other.example/"],
    ["javascript:alert(1)", "/javascript:alert(1)"],
    ["x https://other.example/", "/x%20https://other.example/"],
    ["https://other.example/@user?to=a@b#c@d", "https://other.example/@user?to=a@b#c@d"],
    ["https://other.example?to=a@b", "https://other.example/?to=a@b"],
  ])("%j is sent as %j", (url, sent) => {
    expect(safeRedirect(url)).toBe(sent);
  });

  test.each(withUser)("%j has a user name, and the error message does not repeat it", (url) => {
    expect(() => safeRedirect(url)).toThrow(refusal);
  });
});

test.each([
  ["/a", "?b=1", "/a?b=1"],
  ["/a", "", "/a"],
  ["/a?c", "?b=1?", "/a?c&b=1?"],
  ["/a#d#e", "?b=1", "/a?b=1#d#e"],
  ["/a?c#d?e", "?b=1", "/a?c&b=1#d?e"],
  ["/a#d?e", "?b=1", "/a?b=1#d?e"],
  ["#d\n", "?b=1", "?b=1#d\n"],
])("%j with the query %j is %j", (location, search, whole) => {
  expect(withQuery(location, search)).toBe(whole);
});
