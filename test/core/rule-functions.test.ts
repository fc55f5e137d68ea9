import { describe, expect, test } from "vitest";
import { App, HTTPError, html, RequestHandler, Rule, text, type Converter, type Middleware } from "@mini/core";

class Home extends RequestHandler {
  get() {
    return text("home");
  }
}

/** An app with one rule, and what it has logged and called. */
function appWith(rule: Rule) {
  const logged: string[] = [];
  const called: string[] = [];
  const around: Middleware = {
    beforeDispatch: () => void called.push("before"),
    afterDispatch(_handler, response) {
      called.push("after");
      return response;
    },
    handleException: (_handler, error) => void called.push(`exception ${String(error)}`),
  };
  const app = new App({
    rules: [rule],
    middleware: [around],
    errorHandlers: { 500: (error) => html`own page for ${String(error)}`, 418: () => html`teapot` },
    logger: { error: (...line: readonly unknown[]) => void logged.push(line.map(String).join(" ")), warn() {}, info() {}, debug() {} },
  });
  const get = async (path: string) => {
    const response = await app.fetch(new Request(`http://localhost${path}`));
    return [response.status, await response.text()] as const;
  };
  return { get, logged, called };
}

const converter = (parse: (text: string) => unknown) => ({ parse, format: String }) as Converter<unknown>;
const parsing = (parse: (text: string) => unknown) =>
  new Rule("/x/:value", { handler: Home, where: { value: converter(parse) } }) as unknown as Rule;
const redirecting = (redirectTo: (args: unknown) => unknown) =>
  new Rule("/x/:value", { redirectTo: redirectTo as () => string }) as unknown as Rule;

describe.each([
  ["parse of a converter", parsing],
  ["redirectTo", redirecting],
] as const)("%s that throws", (_title, make) => {
  test.each([
    ["an Error", new Error("no")],
    ["a URIError of its own", new URIError("no")],
    ["undefined", undefined],
  ])("%s is answered like an error of a handler: by hooks, the error's page and one line in the log", async (_what, error) => {
    const { get, logged, called } = appWith(
      make(() => {
        throw error;
      }),
    );
    expect(await get("/x/a%20b")).toEqual([500, `own page for ${String(error)}`]);
    expect(called).toEqual(["before", `exception ${String(error)}`, "after"]);
    expect(logged).toHaveLength(1);
  });

  test("an HTTPError is answered with its status", async () => {
    const { get, logged } = appWith(
      make(() => {
        throw new HTTPError(418);
      }),
    );
    expect(await get("/x/a")).toEqual([418, "teapot"]);
    expect(logged).toEqual([]);
  });

  test("asynchronously is 500, and the process goes on", async () => {
    const { get, logged } = appWith(make(() => Promise.reject(new Error("late"))));
    expect((await get("/x/a"))[0]).toBe(500);
    await new Promise(setImmediate);
    expect(logged).toHaveLength(1);
    expect(logged[0]).toMatch(/must return (?:its value, not a promise of it|a URL as text)/);
  });
});

test("a malformed escape is the client's fault, whatever the converter does", async () => {
  const { get, logged } = appWith(parsing((given) => given));
  expect((await get("/x/%zz"))[0]).toBe(400);
  expect(logged).toEqual([]);
});

test("a path that converters refuse is 404", async () => {
  expect((await appWith(parsing(() => undefined)).get("/x/a"))[0]).toBe(404);
});
