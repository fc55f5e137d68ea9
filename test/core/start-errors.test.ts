import { describe, expect, test } from "vitest";
import { App, EndpointPrefix, Host, RequestHandler, Rule, Submount, text } from "@mini/core";

class Home extends RequestHandler {
  get() {
    return text("home");
  }
}

/** What is thrown, which is one line. */
function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(String(error)).not.toContain("\n");
    return String(error);
  }
  return "nothing was thrown";
}

const startWith = (rules: unknown) => messageOf(() => new App({ rules: rules as readonly Rule[] }));

describe("rules that are not an array are refused, and the message says what to do:", () => {
  const rule = new Rule("/", { handler: Home });
  test.each([
    ["left out", undefined, "write new App({ rules: [...] }); the cause can be a circular import."],
    ["null", null, "write new App({ rules: [...] }); the cause can be a circular import."],
    ["one rule", rule, "put the Rule into one, [rule]."],
    ["a promise", Promise.resolve([rule]), "these are a promise; await it first."],
    ["a function", () => [rule], "this is a function; call it."],
    ["an object", { home: rule }, "this is an object; list its rules, [new Rule(...)]."],
    ["text", "/", "this is string; list its rules"],
  ])("%s", (_title, rules, message) => {
    expect(startWith(rules)).toContain("RuleError: The rules of an App must be an array: ");
    expect(startWith(rules)).toContain(message);
  });

  test("a whole module", async () => {
    const module: unknown = await import("../support/one-handler.ts");
    expect(startWith(module)).toContain("this is a whole module; import { rules } from it, not * as rules.");
  });
});

test("no options at all are refused", () => {
  expect(messageOf(() => Reflect.construct(App, []) as unknown)).toContain("RuleError: The rules of an App must be an array");
});

test.each([
  ["an array", [[new Rule("/", { handler: Home })]], "rules[0] is not a Rule: this is an array; spread it, ...Submount(...)."],
  [
    "undefined",
    [new Rule("/", { handler: Home }), undefined],
    "rules[1] is not a Rule: it is undefined; the cause can be a circular import",
  ],
  ["a handler", [Home], "rules[0] is not a Rule: make it with new Rule(path, { ... })."],
])("%s in the list of rules is named by its place", (_title, rules, message) => {
  expect(startWith(rules)).toContain(message);
});

test.each([Submount, Host, EndpointPrefix])("factories refuse what is not an array of rules, and what is not text", (factory) => {
  expect(messageOf(() => factory("/a", undefined as never))).toBe(
    `RuleError: The second argument of ${factory.name}("/a", rules) must be an array of rules.`,
  );
  expect(messageOf(() => factory([] as never, []))).toBe(`RuleError: The first argument of ${factory.name}() must be text.`);
});

describe("an entry that is not middleware is refused, and the message says what it is:", () => {
  class After {
    afterDispatch = (_handler: RequestHandler, response: never) => response;
  }
  test.each([
    [
      "an arrow function",
      [() => undefined],
      "the function () => ...; write a class with a hook: beforeDispatch, afterDispatch, handleException.",
    ],
    ["a function", [function guard() {}], "the function guard; write a class with a hook: beforeDispatch, afterDispatch, handleException."],
    ["an async function", [async function guard() {}], "the function guard; write a class"],
    ["an array", [[After]], "an array; spread it, ...list."],
    ["a promise", [Promise.resolve(After)], "a promise; await it first."],
    ["a handler class", [Home], "the handler Home; list middleware only."],
    [
      "an object without hooks",
      [{ beforeDispach: () => undefined }],
      "an object without a hook: beforeDispatch, afterDispatch, handleException.",
    ],
    ["undefined", [undefined], "neither a class nor an instance; if it is undefined, the cause can be a circular import."],
    ["text", ["session"], "neither a class nor an instance"],
  ])("%s", (_title, list, message) => {
    const rules = [new Rule("/", { handler: Home })];
    expect(messageOf(() => new App({ rules, middleware: list as never }))).toContain(
      `The middleware of the application has an entry that is ${message}`,
    );
    class Page extends Home {
      static override middleware = list as never;
    }
    expect(messageOf(() => new App({ rules: [new Rule("/", { handler: Page })] }))).toContain(`ConfigError: The middleware of Page has`);
  });

  test("classes, instances, objects with a hook and functions with a prototype of hooks are taken", async () => {
    const seen: string[] = [];
    function Old() {}
    Old.prototype.beforeDispatch = () => void seen.push("old");
    const list = [After, new After(), { beforeDispatch: () => void seen.push("object") }, Old];
    const app = new App({ rules: [new Rule("/", { handler: Home })], middleware: list as never });
    expect((await app.fetch(new Request("http://localhost/"))).status).toBe(200);
    expect(seen).toEqual(["object", "old"]);
  });

  test("an object without a prototype, such as an imported module, is taken if it has a hook", async () => {
    const seen: string[] = [];
    const given = Object.assign(Object.create(null) as object, { beforeDispatch: () => void seen.push("module") });
    const app = new App({ rules: [new Rule("/", { handler: Home })], middleware: [given] });
    expect((await app.fetch(new Request("http://localhost/"))).status).toBe(200);
    expect(seen).toEqual(["module"]);
    expect(app.router.describe()[0]?.middleware).toEqual(["Object"]);
    expect(messageOf(() => new App({ rules: [], middleware: [Object.create(null) as object] }))).toContain("an object without a hook");
  });
});

describe("a path in the syntax of another router is refused, and the message has the right spelling:", () => {
  test.each([
    ["/users/<id>", '"/users/:id"'],
    ["/users/<int:id>", '"/users/:id" with where: { id: int }'],
    ["/users/<int:id>/<uuid:key>", '"/users/:id/:key" with where: { id: int, key: uuid }'],
    ["/users/<float:size>", '"/users/:size" with where: { size: number }'],
    ["/files/<path:rest>", '"/files/*rest"'],
    ["/<any(a, b):page>", '"/:page"'],
    ["/<slug:title>.html", '"/:title.html"'],
    ["/users/<id:\\\\d+>", '"/users/:id" with where: { id: matching('],
    ["/users/[id]", '"/users/:id"'],
    ["/users/[user-id]", String.raw`"/users/:\"user-id\""`],
    ["/files/[...rest]", '"/files/*rest"'],
    ["/files/[[...rest]]", '"/files{/*rest}"'],
    ["/[[lang]]/about", '"{/:lang}/about"'],
    ["/users/{id}", '"/users/:id"'],
    ["/users/{id}/posts/{post}", '"/users/:id/posts/:post"'],
    ["/users/{id:int}", '"/users/:id" with where: { id: int }'],
    ["/files/{rest:path}", '"/files/*rest"'],
    ["/users/{id?}", '"/users{/:id}"'],
    ["/users/:id(\\d+)", String.raw`"/users/:id" with where: { id: matching(/\d+/) }`],
    ["/users/:id{[0-9]+}", '"/users/:id" with where: { id: matching(/[0-9]+/) }'],
    ["/users/:id?", '"/users{/:id}"'],
    ["/files/:rest*", '"/files{/*rest}"'],
    ["/files/:rest+", '"/files/*rest"'],
    ["/files/*", '"/files/*path"'],
  ])("%s", (path, native) => {
    const message = startWith([new Rule(path, { handler: Home })]);
    expect(message).toContain("its path has a parameter in the syntax of another router; write ");
    expect(message).toContain(native);
  });

  test("the same in a host and in redirectTo", () => {
    expect(startWith([new Rule("/", { handler: Home, host: "<tenant>.example.org" })])).toContain('write ":tenant.example.org".');
    expect(startWith([new Rule("/:id", { redirectTo: "/new/<id>" })])).toContain(
      'its redirectTo has a parameter in the syntax of another router; write "/new/:id".',
    );
  });

  test.each([
    "/\\<int:id\\>",
    "/\\[id\\]",
    "/a{/:id}",
    "/{*rest}",
    "/$metadata",
    "/users/$id",
    "/file{s}",
    '/:"<id>"',
    "/{a/b/}:c",
    "/docs{/index}",
  ])("%s is what it says", (path) => {
    expect(startWith([new Rule(path, { handler: Home })])).toBe("nothing was thrown");
  });
});
