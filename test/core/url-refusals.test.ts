import { Rule, uuid, BuildError } from "@mini/core";
import { describe, expect, test } from "vitest";
import { Router } from "../../packages/core/src/routing/router.ts";
import type { AnyRule } from "../../packages/core/src/rules/rule.ts";

const make = (...rules: readonly unknown[]) =>
  new Router(rules as readonly AnyRule[], { target: () => undefined, methods: (rule) => rule.methods });

describe("urlFor() refuses", () => {
  test.each<readonly [string, Rule<string, string>, Readonly<Record<string, unknown>>]>([
    ["another host", new Rule("//:x", { endpoint: "e" }) as never, { x: "evil.example" }],
    ["steps between folders", new Rule("/a/..*p", { endpoint: "e" }) as never, { p: ["", "x"] }],
    ["steps at the end", new Rule("/b/*p..", { endpoint: "e" }) as never, { p: ["x", ""] }],
    ["holes in lists", new Rule("/x/*p", { endpoint: "e" }) as never, { p: Array.from({ length: 3 }) }],
    ["a host of other arguments", new Rule("/", { endpoint: "e", host: ":a-:b.x.org" }) as never, { a: "p-q", b: "r" }],
    ["what its converter cannot format", new Rule("/x/:id", { endpoint: "e", where: { id: uuid } }) as never, { id: 5 }],
  ])("%s", (_title, rule, args) => {
    expect(() => make(rule).build("e", args)).toThrow(BuildError);
  });

  test("nothing because of a rule that fits worse, whatever the host", () => {
    const router = make(new Rule("/x", { endpoint: "e", host: ":t.x.org" }), new Rule("/y/:t/:u", { endpoint: "e" }));
    expect(router.build("e", { t: "a b", u: 1 }, {}, { scheme: "http", host: "q.org" })).toBe("/y/a%20b/1");
  });
});
