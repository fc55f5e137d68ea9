import { RuleError, Rule } from "@mini/core";
import { describe, expect, test } from "vitest";
import { isLazy } from "../../packages/core/src/rules/rule.ts";
import { root } from "../support/folder.ts";
import { runNode } from "../support/run-node.ts";

class Handler {}

describe("a rule", () => {
  test("keeps its options, with each method once and in upper case", () => {
    const rule = new Rule("/users/:id", {
      endpoint: "user",
      handler: Handler,
      action: "show",
      methods: ["get", "GET", "post"],
      strictSlashes: false,
    });
    expect(rule).toMatchObject({
      path: "/users/:id",
      endpoint: "user",
      handler: Handler,
      action: "show",
      methods: ["GET", "POST"],
      strictSlashes: false,
    });
  });

  test("needs only its path", () => {
    expect(new Rule("/")).toMatchObject({ path: "/", endpoint: undefined, methods: undefined, strictSlashes: true });
  });

  test("does not make objects that V8 keeps as dictionaries, which urlFor() would copy slowly", async () => {
    const program = `
      import { Rule } from "./packages/core/src/index.ts";
      const { defaults, where } = new Rule("/{:page}", { defaults: { page: 1 }, where: { page: { parse: Number, format: String } } });
      console.log(%HasFastProperties(defaults), %HasFastProperties(where), %HasFastProperties(Object.create(null)));`;
    const flags = ["--allow-natives-syntax", "--import", "tsx", "--input-type=module"];
    expect(await runNode([...flags, "--eval", program], { cwd: root })).toMatchObject({ code: 0, stdout: "true true false\n" });
  });

  test.each([["GET"], [[]], [["GET", ""]], [["GE T"]], [["GET\r\n"]]])("refuses %j as methods and shows how to write them", (methods) => {
    const make = () => Reflect.construct(Rule, ["/users", { methods }]) as unknown;
    expect(make).toThrow(RuleError);
    expect(make).toThrow('The methods of the rule "/users" must be an array of HTTP methods, such as ["GET", "POST"].');
  });

  test.each([[undefined], [42], [null]])("refuses %j as a path", (path) => {
    expect(() => Reflect.construct(Rule, [path]) as unknown).toThrow(RuleError);
  });
});

describe("isLazy", () => {
  test("distinguishes functions that load a class from classes", () => {
    expect(isLazy(() => Promise.resolve(Handler))).toBe(true);
    expect(isLazy(async () => Handler)).toBe(true);
    expect(isLazy(async function load() {})).toBe(true);
    expect(isLazy(function load() {})).toBe(true);
    expect(isLazy(Handler)).toBe(false);
    expect(isLazy(class extends Handler {})).toBe(false);
    expect(isLazy(undefined)).toBe(false);
    expect(isLazy({})).toBe(false);
  });
});
