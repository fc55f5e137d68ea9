import { DuplicateRuleError, RuleError, Rule } from "@mini/core";
import { describe, expect, test } from "vitest";
import { Router } from "../../packages/core/src/routing/router.ts";

const make = (...rules: readonly Rule[]) => new Router(rules, { target: (rule) => rule.path, methods: (rule) => rule.methods });

describe("a match", () => {
  const router = make(
    new Rule("/", { endpoint: "home" }),
    new Rule("/users/:id", { endpoint: "user", methods: ["GET", "DELETE"] }),
    new Rule("/users/:name", { methods: ["PUT"] }),
    new Rule("/files/*path", { methods: ["GET"] }),
    new Rule("/branch/", { methods: ["GET"] }),
    new Rule("/loose/", { strictSlashes: false }),
    new Rule("/any"),
  );

  test("has the rule, its target and the arguments", () => {
    const found = router.match("GET", "/users/5");
    expect(found).toMatchObject({ type: "found", target: "/users/:id", params: { id: "5" } });
    expect(found.type === "found" && found.rule.endpoint).toBe("user");
  });

  test("has arguments that inherit nothing, so that any name can be used", () => {
    const found = make(new Rule("/:__proto__/:constructor")).match("GET", "/a/b");
    const inherited: unknown = found.type === "found" && Object.getPrototypeOf(found.params);
    expect(Reflect.ownKeys(inherited as object)).toEqual([]);
    expect(Object.getPrototypeOf(inherited)).toBe(null);
    expect(Object.isFrozen(inherited)).toBe(true);
    expect(found.type === "found" && Object.entries(found.params)).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
    ]);
  });

  test("without parameters has arguments that are frozen, because requests share them", () => {
    const found = router.match("GET", "/");
    expect(found.type === "found" && Object.isFrozen(found.params)).toBe(true);
  });

  test("continues to the rule that has the method", () => {
    expect(router.match("PUT", "/users/5")).toMatchObject({ type: "found", params: { name: "5" } });
  });

  test("answers HEAD with GET, or with a rule for HEAD alone if there is one", () => {
    expect(router.match("HEAD", "/users/5")).toMatchObject({ type: "found", target: "/users/:id" });
    const both = make(new Rule("/x", { endpoint: "get", methods: ["GET"] }), new Rule("/x", { endpoint: "head", methods: ["HEAD"] }));
    const found = both.match("HEAD", "/x");
    expect(found.type === "found" && found.rule.endpoint).toBe("head");
  });

  test("with another method lists all methods of the path, sorted", () => {
    expect(router.match("POST", "/users/5")).toEqual({ type: "methodNotAllowed", allow: ["DELETE", "GET", "HEAD", "OPTIONS", "PUT"] });
    expect(router.match("OPTIONS", "/users/5")).toEqual({ type: "options", allow: ["DELETE", "GET", "HEAD", "OPTIONS", "PUT"] });
  });

  test("compares escapes without regard to the case of their digits", () => {
    expect(make(new Rule("/é")).match("GET", "/%c3%a9").type).toBe("found");
  });

  test("keeps an encoded slash inside its value", () => {
    expect(router.match("GET", "/files/a%2Fb/c")).toMatchObject({ params: { path: ["a/b", "c"] } });
  });

  test.each(["/users/%", "/users/%zz", "/users/%E9", "/files/a/%C3/b", "/nothing/%ff"])("of %s is malformed", (path) => {
    expect(router.match("GET", path)).toEqual({ type: "malformed" });
  });

  test.each(["", "*", "users", "/users", "/users/", "/any/", "/nothing"])("of %j finds nothing", (path) => {
    expect(router.match("GET", path)).toEqual({ type: "notFound" });
  });

  test("of a rule without strictSlashes needs no redirect", () => {
    expect(router.match("GET", "/loose")).toMatchObject({ type: "found", target: "/loose/" });
    expect(router.match("GET", "/loose/")).toMatchObject({ type: "found", target: "/loose/" });
    const exact = make(
      new Rule("/a", { strictSlashes: false, endpoint: "leaf" }),
      new Rule("/a/", { strictSlashes: false, endpoint: "branch" }),
    );
    const found = exact.match("GET", "/a/");
    expect(found.type === "found" && found.rule.endpoint).toBe("branch");
  });
});

describe("a redirect", () => {
  const router = make(
    new Rule("/branch/", { methods: ["GET"] }),
    new Rule("/a/b"),
    new Rule("/:name/edit/"),
    new Rule("/", { endpoint: "home" }),
  );

  test.each([
    ["/branch", "/branch/"],
    ["//branch//", "/branch/"],
    ["/a//b", "/a/b"],
    ["//a/b", "/a/b"],
    ["///", "/"],
    ["//", "/"],
    ["/x/edit", "/x/edit/"],
    ["//evil.example//edit", "/evil.example/edit/"],
    ["/\\evil.example/edit", "/%5Cevil.example/edit/"],
    ["/\t/edit", "/%09/edit/"],
    ["/%2F%2fevil.example/edit", "/%2F%2Fevil.example/edit/"],
  ])("redirects %j to %s", (path, target) => {
    expect(router.match("GET", path)).toEqual({ type: "redirect", location: target });
  });

  test("is not made if the rule does not have the method", () => {
    expect(router.match("POST", "/branch")).toEqual({ type: "notFound" });
  });

  test("comes before 405 if another rule has the method", () => {
    const mixed = make(new Rule("/bar", { methods: ["POST"] }), new Rule("/bar/", { methods: ["GET"] }));
    expect(mixed.match("GET", "/bar")).toEqual({ type: "redirect", location: "/bar/" });
    expect(mixed.match("PUT", "/bar")).toMatchObject({ type: "methodNotAllowed" });
  });
});

describe("at start", () => {
  test.each([
    ["users", "it must start with a slash"],
    ["{:lang}/about", "even when its optional groups are left out"],
    ["/:", "Missing parameter name"],
    ["/a(b)", "Unexpected ("],
    ["/a{/:b", "expected }"],
    ["/:a:b", 'the parameter "b" follows another without text between them'],
    ["/:a/:a", 'it has the parameter "a" twice'],
    ["/\uD800", "URI malformed"],
    ["/a{/:b}{/:c}{/:d}{/:e}{/:f}{/:g}{/:h}{/:i}{/:j}", "more than 256 alternatives"],
  ])("the path %s is refused: %s", (path, problem) => {
    expect(() => make(new Rule(path))).toThrow(RuleError);
    expect(() => make(new Rule(path))).toThrow(`The rule "${path}"`);
    expect(() => make(new Rule(path))).toThrow(problem);
  });

  test("all problems are reported at once", () => {
    const build = () => make(new Rule("one"), new Rule("/fine"), new Rule("/:"));
    expect(build).toThrow(/2 things are wrong with the rules:\n- The rule "one".*\n- The rule "\/:"/);
  });

  test("rules that match the same requests are refused, and both are named", () => {
    const build =
      (...rules: readonly Rule[]) =>
      () =>
        make(...rules);
    expect(build(new Rule("/u/:id", { endpoint: "one" }), new Rule("/u/:name", { endpoint: "two" }))).toThrow(DuplicateRuleError);
    expect(build(new Rule("/u/:id", { endpoint: "one" }), new Rule("/u/:name", { endpoint: "two" }))).toThrow(
      'The rule "/u/:name" (endpoint "two") can never answer at least one of its methods: its paths are matched by "/u/:id" (endpoint "one") first.',
    );
    expect(build(new Rule("/a{/:b}"), new Rule("/a{/:c}"))).toThrow(DuplicateRuleError);
    expect(build(new Rule("/a", { methods: ["GET", "POST"] }), new Rule("/a", { methods: ["POST", "PUT"] }))).toThrow(DuplicateRuleError);
    expect(build(new Rule("/a", { methods: ["GET"] }), new Rule("/a"))).toThrow(DuplicateRuleError);
  });

  test("rules that differ in shape or method are accepted", () => {
    const rules = [
      new Rule("/a", { methods: ["GET"] }),
      new Rule("/a", { methods: ["POST"] }),
      new Rule("/a/", { strictSlashes: false }),
      new Rule("/a{/:b}"),
      new Rule("/:a"),
    ];
    expect(() => make(...rules)).not.toThrow();
  });
});
