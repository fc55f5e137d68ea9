import {
  EndpointPrefix,
  Host,
  int,
  matching,
  number,
  oneOf,
  Rule,
  Submount,
  uuid,
  type Converter,
  DuplicateRuleError,
  RuleError,
} from "@mini/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Router } from "../../packages/core/src/routing/router.ts";
import type { AnyRule } from "../../packages/core/src/rules/rule.ts";

const make = (...rules: readonly unknown[]) =>
  new Router(rules as readonly AnyRule[], { target: () => undefined, methods: (rule) => rule.methods });

/** The endpoint and arguments that answer a GET, or where it is sent, or what else. */
function ask(router: Router, url: string): unknown {
  const { host, pathname } = new URL(url, "http://any.example");
  const found = router.match("GET", pathname, { scheme: "http", host });
  if (found.type === "found") return [found.rule.endpoint, { ...found.params }];
  return found.type === "redirect" ? found.location : found.type;
}

describe("converters", () => {
  test.each<readonly [Converter<unknown>, string, unknown]>([
    [int, "42", 42],
    [int, "007", 7],
    [int, "-1", undefined],
    [int, "1.0", undefined],
    [int, "", undefined],
    [int, "9007199254740993", undefined],
    [int, "1".repeat(5000), undefined],
    [number, "-2.5", -2.5],
    [number, "1e3", undefined],
    [number, "Infinity", undefined],
    [number, ".5", undefined],
    [number({ min: 1, max: 3 }), "3", 3],
    [number({ min: 1, max: 3 }), "3.1", undefined],
    [number({ integer: true }), "-4", -4],
    [number({ integer: true }), "4.5", undefined],
    [uuid, "A8098C1A-F86E-11DA-BD1A-00112444BE1E", "a8098c1a-f86e-11da-bd1a-00112444be1e"],
    [uuid, "a8098c1af86e11dabd1a00112444be1e", undefined],
    [oneOf("a", "b"), "b", "b"],
    [oneOf("a", "b"), "c", undefined],
    [oneOf("a"), "__proto__", undefined],
    [matching(/\d{4}|x/), "2024", "2024"],
    [matching(/\d{4}|x/), "20245", undefined],
    [matching(/a/g), "a", "a"],
  ])("%o reads %j as %j", (converter, text, value) => {
    expect(converter.parse(text)).toBe(value);
  });

  test("read the values that they have written", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }), fc.nat(), (decimal, whole) => {
        expect(number.parse(number.format(decimal))).toBe(decimal === 0 ? Number(number.format(decimal)) : decimal);
        expect(int.parse(int.format(whole))).toBe(whole);
      }),
      { seed: 2 },
    );
  });

  test("that refuse a value let the router try the next rule", () => {
    const router = make(
      new Rule("/:name", { endpoint: "name" }),
      new Rule("/:id", { endpoint: "id", where: { id: int } }),
      new Rule("/:key", { endpoint: "key", where: { key: uuid } }),
      new Rule("/v:major.:minor", { endpoint: "version", where: { minor: int } }),
      new Rule("/list/*ids", { endpoint: "ids", where: { ids: int } }),
    );
    expect(ask(router, "/5")).toEqual(["id", { id: 5 }]);
    expect(ask(router, "/a8098c1a-f86e-11da-bd1a-00112444be1e")).toMatchObject(["key", {}]);
    expect(ask(router, "/five")).toEqual(["name", { name: "five" }]);
    expect(ask(router, "/v1.2")).toEqual(["version", { major: "1", minor: 2 }]);
    expect(ask(router, "/v1.x")).toEqual(["name", { name: "v1.x" }]);
    expect(ask(router, "/list/1/2")).toEqual(["ids", { ids: [1, 2] }]);
    expect(ask(router, "/list/1/b")).toBe("notFound");
    expect([router.build("ids", { ids: [1, 2] }), router.build("id", { id: 5 })]).toEqual(["/list/1/2", "/5"]);
    expect(() => router.build("id", { id: -5 })).toThrow('the converter of "id" does not accept its value');
  });

  test("that refuse a value do not add their methods to Allow", () => {
    const router = make(new Rule("/:id", { endpoint: "id", where: { id: int }, methods: ["POST"] }));
    expect(router.match("GET", "/5")).toMatchObject({ type: "methodNotAllowed" });
    expect(router.match("GET", "/five")).toEqual({ type: "notFound" });
  });
});

describe("defaults", () => {
  const router = make(
    new Rule("/list", { endpoint: "list", defaults: { page: 1 } }),
    new Rule("/list/:page", { endpoint: "list", where: { page: int } }),
    new Rule("/blog{/:page}", { endpoint: "blog", where: { page: int }, defaults: { page: 1 } }),
  );

  test("are arguments, and the canonical URL is the one without them", () => {
    expect(ask(router, "/list")).toEqual(["list", { page: 1 }]);
    expect(ask(router, "/list/2")).toEqual(["list", { page: 2 }]);
    expect(ask(router, "/list/1")).toBe("/list");
    expect(ask(router, "/blog")).toEqual(["blog", { page: 1 }]);
    expect(ask(router, "/blog/2")).toEqual(["blog", { page: 2 }]);
    expect(ask(router, "/blog/1")).toBe("/blog");
  });

  test("decide which rule builds the URL", () => {
    expect([1, 2, undefined].map((page) => router.build("list", { page }))).toEqual(["/list", "/list/2", "/list"]);
    expect([1, 2, null].map((page) => router.build("blog", { page }))).toEqual(["/blog", "/blog/2", "/blog"]);
  });
});

describe("redirectTo", () => {
  const router = make(
    new Rule("/old/:id", { redirectTo: "/new/:id" }),
    new Rule("/tree/*path", { redirectTo: "/files/*path" }),
    new Rule("/away/:id", { redirectTo: "https://other.example/x/:id" }),
    new Rule("/named/:id", { redirectTo: { endpoint: "user" } }),
    new Rule("/made/:id", { where: { id: int }, redirectTo: ({ id }) => `/made-${id + 1}` }),
    new Rule("/evil/*path", { redirectTo: ({ path }) => `//${path.join("/")}` }),
    new Rule("/users/:id", { endpoint: "user" }),
  );

  test.each([
    ["/old/a%2Fb", "/new/a%2Fb"],
    ["/old/%5C%5Cevil.example", "/new/%5C%5Cevil.example"],
    ["/tree/a/b%20c", "/files/a/b%20c"],
    ["/away/5", "https://other.example/x/5"],
    ["/named/5", "/users/5"],
    ["/made/5", "/made-6"],
    ["/evil/evil.example", "/evil.example"],
  ])("redirects %s to %s", (path, location) => {
    expect(ask(router, path)).toBe(location);
  });
});

describe("hosts", () => {
  const router = make(
    new Rule("/", { endpoint: "any" }),
    ...Host("example.org", [new Rule("/", { endpoint: "main" }), new Rule("/about", { endpoint: "about" })]),
    ...Host(":tenant.example.org", [new Rule("/", { endpoint: "tenant" }), new Rule("/users/:id", { endpoint: "user" })]),
    new Rule("/", { endpoint: "shop", host: "shop.example.org" }),
  );

  test.each([
    ["http://example.org/", ["main", {}]],
    ["http://EXAMPLE.org:8080/", ["main", {}]],
    ["http://acme.example.org/", ["tenant", { tenant: "acme" }]],
    ["http://acme.example.org/users/5", ["user", { tenant: "acme", id: "5" }]],
    ["http://shop.example.org/", ["shop", {}]],
    ["http://shop.example.org/users/5", ["user", { tenant: "shop", id: "5" }]],
    ["http://a.b.example.org/", ["any", {}]],
    ["http://other.example/", ["any", {}]],
    ["http://other.example/about", "notFound"],
  ])("%s is %j", (url, expected) => {
    expect(ask(router, url)).toEqual(expected);
  });

  test("are in a URL if they are not the host of the request", () => {
    const base = { scheme: "https", host: "example.org:8443" };
    expect(router.build("about", {}, {}, base)).toBe("/about");
    expect(router.build("user", { tenant: "acme", id: 5 }, {}, base)).toBe("https://acme.example.org:8443/users/5");
    expect(router.build("user", { id: 5 }, { host: "local.example" }, base)).toBe("https://local.example/users/5");
    expect(() => router.build("user", { id: 5 }, {}, base)).toThrow('missing "tenant"');
    expect(() => router.build("user", { tenant: "a.b", id: 5 }, {}, base)).toThrow('"tenant" must be letters');
  });
});

describe("factories", () => {
  const router = make(
    ...EndpointPrefix("blog/", [
      ...Submount("/blog/", [
        new Rule("/", { endpoint: "index" }),
        new Rule("/:slug", { endpoint: "show", where: { slug: matching(/[a-z]+/) } }),
        new Rule("/raw"),
      ]),
    ]),
    ...Submount("/:lang", Host("api.example.org", [new Rule("/about", { endpoint: "about", where: { lang: oneOf("en", "de") } })])),
  );

  test("nest", () => {
    expect(ask(router, "/blog/")).toEqual(["blog/index", {}]);
    expect(ask(router, "/blog/post")).toEqual(["blog/show", { slug: "post" }]);
    expect(ask(router, "/blog/raw")).toEqual([undefined, {}]);
    expect(ask(router, "http://api.example.org/de/about")).toEqual(["about", { lang: "de" }]);
    expect(ask(router, "http://api.example.org/fr/about")).toBe("notFound");
    expect(router.build("blog/show", { slug: "a" })).toBe("/blog/a");
  });
});

test("buildOnly rules answer nothing", () => {
  const router = make(new Rule("/static/*file", { endpoint: "static", buildOnly: true }), new Rule("/*any", { endpoint: "rest" }));
  expect(ask(router, "/static/a")).toMatchObject(["rest", {}]);
  expect(router.build("static", { file: ["a.css"] })).toBe("/static/a.css");
});

describe("at start", () => {
  test.each<readonly [string, () => readonly unknown[]]>([
    ['where names "nope"', () => [new Rule("/:id", { where: { nope: int } })]],
    ["not a converter", () => [new Rule("/:id", { where: { id: 5 as never } })]],
    ['a default for "id", which every URL of the rule contains', () => [new Rule("/:id", { defaults: { id: "a" } })]],
    ['its default for "id" is refused by its converter', () => [new Rule("/a{/:id}", { where: { id: int }, defaults: { id: -1 } })]],
    ['redirectTo has "nope"', () => [new Rule("/:id", { redirectTo: "/x/:nope" })]],
    ['no rule has the endpoint "nope"', () => [new Rule("/:id", { redirectTo: { endpoint: "nope" } })]],
    [
      'the endpoint "user" needs "id"',
      () => [new Rule("/x", { redirectTo: { endpoint: "user" } }), new Rule("/u/:id", { endpoint: "user" })],
    ],
    ['cannot redirect to "https://other example", which has no host', () => [new Rule("/x", { redirectTo: "https://other example/" })]],
    ['cannot redirect to "https://other.example*path"', () => [new Rule("/*path", { redirectTo: "https://other.example*path" })]],
    ['cannot redirect to "https://:id.example"', () => [new Rule("/:id", { redirectTo: "https://:id.example" })]],
    ["a handler and redirectTo", () => [new Rule("/x", { redirectTo: "/y", handler: class {} })]],
    ["it only builds URLs and has no endpoint", () => [new Rule("/x", { buildOnly: true })]],
    ['host and path both have the parameter "id"', () => [new Rule("/:id", { host: ":id.example.org" })]],
    ["no port", () => [new Rule("/", { host: "example.org\\:80" })]],
    ['"?" or "#"', () => [new Rule("/a\\?b")]],
    ["its host must be text", () => [new Rule("/x", { host: 5 as never })]],
    ["its endpoint must be text", () => [new Rule("/x", { endpoint: 5 as never })]],
    ["its redirectTo must be a pattern, a function or { endpoint }", () => [new Rule("/x", { redirectTo: 5 as never })]],
    ["its redirectTo must be a pattern, a function or { endpoint }", () => [new Rule("/x", { redirectTo: {} as never })]],
    ['the segment "." or ".."', () => [new Rule("/a/../b")]],
    [
      'its default for "id" is refused by its converter',
      () => [new Rule("/a{/:id}", { where: { id: uuid }, defaults: { id: 5 as never } })],
    ],
    ['its paths are matched by "/a/:c", "/a" first', () => [new Rule("/a{/:b}"), new Rule("/a"), new Rule("/a/:c")]],
    ['its paths are matched by "/:a" first', () => [new Rule("/:a", { where: { a: int } }), new Rule("/:b", { where: { b: int } })]],
  ])("a rule is refused: %s", (problem, rules) => {
    expect(() => make(...rules())).toThrow(RuleError);
    expect(() => make(...rules())).toThrow(problem);
  });

  test("all problems are in one message, a sentence each", () => {
    const broken = () =>
      make(
        new Rule("/a{"),
        new Rule("/:id", { where: { nope: int, id: 5 as never } }),
        new Rule("/x/:a", { redirectTo: "/y/:b" }),
        new Rule("/z", { redirectTo: { endpoint: "nope" } }),
        new Rule("/same/:one", { endpoint: "first" }),
        new Rule("/same/:two", { endpoint: "second" }),
      );
    const problems = [
      /"\/a\{" cannot work/,
      /where names "nope"/,
      /where gives "id"/,
      /has "b"/,
      /the endpoint "nope"/,
      /"second".*"first"/,
    ];
    expect(broken).toThrow(DuplicateRuleError);
    for (const problem of problems) expect(broken).toThrow(problem);
    expect(broken).toThrow(/^6 things are wrong with the rules:/);
  });

  test("a rule that redirects to one that cannot work is not reported", () => {
    const broken = () => make(new Rule("/a{", { endpoint: "it" }), new Rule("/b", { redirectTo: { endpoint: "it" } }));
    expect(broken).toThrow(/^The rule "\/a\{" \(endpoint "it"\) cannot work/);
  });
});

test("a rule with HEAD and other methods keeps its place in the list", () => {
  const router = make(
    new Rule("/x:a", { endpoint: "first", methods: ["POST"] }),
    new Rule("/:a.", { endpoint: "second", methods: ["HEAD", "POST"] }),
  );
  const found = router.match("POST", "/xy.");
  expect(found.type === "found" && found.rule.endpoint).toBe("first");
});

test.each([[[1]], [[undefined]], [[Symbol("no")]]])("methods that are not text are refused with a sentence: %o", (methods) => {
  expect(() => new Rule("/a", { methods: methods as never })).toThrow("must be an array of HTTP methods");
});

test("a rule whose methods all belong to another rule is refused", () => {
  expect(() => make(new Rule("/a", { methods: ["GET", "OPTIONS"] }), new Rule("/a", { methods: ["OPTIONS"] }))).toThrow(DuplicateRuleError);
});
