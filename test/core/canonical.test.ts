import { int, Rule } from "@mini/core";
import { describe, expect, test } from "vitest";
import { Router } from "../../packages/core/src/routing/router.ts";
import type { AnyRule } from "../../packages/core/src/rules/rule.ts";

const make = (...rules: readonly unknown[]) =>
  new Router(rules as readonly AnyRule[], { target: () => undefined, methods: (rule) => rule.methods });

describe("a redirect to the canonical URL leads to a different URL that a rule answers", () => {
  const optional = (options: object) => new Rule("/x{/:p}", { endpoint: "e", ...options });
  test.each<readonly [string, readonly unknown[], string, string]>([
    [
      "of another method",
      [optional({ methods: ["HEAD"] }), optional({ methods: ["GET"], defaults: { p: "1" } })],
      "HEAD",
      "//any.example/x",
    ],
    ["whose converter refuses it", [optional({ where: { p: int } }), optional({ defaults: { p: "a" } })], "GET", "//any.example/x"],
    ["of a host", [optional({ host: "a.com" }), optional({ defaults: { p: "1" } })], "GET", "//a.com/x"],
    [
      "beside one that only builds",
      [new Rule("/x/:p", { endpoint: "e" }), new Rule("/ext/x", { endpoint: "e", buildOnly: true, defaults: { p: "1" } })],
      "GET",
      "//any.example/x/1",
    ],
    [
      "beside one that redirects",
      [new Rule("/x/:p", { endpoint: "e" }), new Rule("/old", { endpoint: "e", redirectTo: "/x/:p", defaults: { p: "1" } })],
      "GET",
      "//any.example/x/1",
    ],
  ])("a rule %s answers without a redirect", (_title, rules, method, url) => {
    const { host, pathname } = new URL(url, "http://any.example");
    expect(make(...rules).match(method, pathname, { scheme: "http", host }).type).toBe("found");
  });
});
