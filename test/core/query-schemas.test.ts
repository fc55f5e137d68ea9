import {
  App,
  BuildError,
  EndpointPrefix,
  Host,
  html,
  json,
  RequestHandler,
  Rule,
  RuleError,
  type StandardSchema,
  Submount,
} from "@mini/core";
import { TestClient } from "@mini/core/testing";
import { type } from "arktype";
import { describe, expect, test } from "vitest";
import * as v from "valibot";
import { z } from "zod";

const none = () => undefined;
const silent = { error: none, warn: none, info: none, debug: none };

const SearchQuery = z.object({
  q: z.string().max(20),
  page: z.coerce.number<number | string>().int().min(1).default(1),
  tags: z.array(z.string()).default([]),
  range: z.object({ from: z.string(), to: z.string().optional() }).optional(),
});

class Search extends RequestHandler {
  get({ kind = "all" }: { kind?: string }, query: z.output<typeof SearchQuery>) {
    return json({ kind, query });
  }
  post(args: object) {
    return json(args);
  }
}
class Plain extends RequestHandler {
  get() {
    return html`plain`;
  }
}

const app = new App({
  rules: [
    new Rule("/search{/:kind}", { endpoint: "search", handler: Search, query: SearchQuery }),
    new Rule("/plain", { endpoint: "plain", handler: Plain }),
  ],
  logger: silent,
});
const client = new TestClient(app, { headers: { accept: "application/json" } });

describe("the query of a rule with a schema", () => {
  test.each([
    ["/search?q=x", { kind: "all", query: { q: "x", page: 1, tags: [] } }],
    ["/search/books?q=x&page=2&tags[]=a&range.from=1", { kind: "books", query: { q: "x", page: 2, tags: ["a"], range: { from: "1" } } }],
  ])("is the second argument of the method: %s", async (url, expected) => {
    expect(await (await client.get(url)).json()).toEqual(expected);
  });

  test("is 422 if the schema refuses it, also for HEAD and for a method that does not take it", async () => {
    const response = await client.get("/search?page=0");
    expect([response.status, await response.json()]).toMatchObject([422, { errors: [{ pointer: "#/q" }, { pointer: "#/page" }] }]);
    expect((await client.request("/search", { method: "HEAD" })).status).toBe(422);
    expect((await client.post("/search")).status).toBe(422);
    expect(await (await client.post("/search?q=x")).json()).toEqual({});
  });

  test("is not read for a method that the rule does not answer", async () => {
    expect((await client.request("/search", { method: "DELETE" })).status).toBe(405);
  });

  test("is refused inside the hooks of middleware, which may answer the error", async () => {
    class Guarded extends Search {
      static override middleware = [{ handleException: (_handler: unknown, error: unknown) => json((error as Error).name) as never }];
    }
    const guarded = new TestClient(new App({ rules: [new Rule("/", { handler: Guarded, query: SearchQuery })], logger: silent }));
    expect(await (await guarded.get("/")).json()).toBe("ValidationError");
  });

  test.each<[string, StandardSchema<unknown, { n: number }>]>([
    ["valibot", v.object({ n: v.pipe(v.string(), v.transform(Number), v.number()) })],
    ["arktype", type({ n: "string.numeric.parse" })],
    ["zod, asynchronous", z.object({ n: z.coerce.number().refine(async (n) => Promise.resolve(n < 9)) })],
  ])("may be read by a schema of %s", async (_name, schema) => {
    class Numbers extends RequestHandler {
      get(_args: object, { n }: { n: number }) {
        return json(n);
      }
    }
    const numbers = new App({
      rules: [...Submount("/a", EndpointPrefix("b.", [new Rule("/n", { endpoint: "n", handler: Numbers, query: schema })]))],
      logger: silent,
    });
    const asked = new TestClient(numbers);
    expect(await (await asked.get("/a/n?n=5")).json()).toBe(5);
    expect((await asked.get("/a/n?n=x")).status).toBe(422);

    expect(numbers.router.build("b.n", { n: "5" })).toBe("/a/n?n=5");
  });
});

describe("urlFor() of a rule with a schema of its query", () => {
  test("writes what the schema reads back", async () => {
    const url = app.urlFor("search", { q: "ü &", page: 2, tags: ["a"], range: { from: "1" } });
    expect(url).toBe("/search?q=%C3%BC+%26&page=2&tags%5B%5D=a&range.from=1");
    expect(await (await client.get(url)).json()).toEqual({ kind: "all", query: { q: "ü &", page: 2, tags: ["a"], range: { from: "1" } } });
  });

  test("does not write defaults", () => {
    expect(app.urlFor("search", { q: "x", page: 1, tags: [] })).toBe("/search?q=x");
    expect(app.urlFor("search", { kind: "books", q: "x", page: "1" }, { anchor: "top" })).toBe("/search/books?q=x#top");
    expect(app.urlFor("search", { q: "x", page: undefined })).toBe("/search?q=x");
  });

  test.each([
    [{}, 'the schema of its query refuses "q": Invalid input: expected string, received undefined'],
    [{ q: "x", page: 0 }, 'the schema of its query refuses "page": Too small: expected number to be >=1'],
    [{ q: "x", __proto__x: 1, "a.constructor": 1 }, "its query cannot be read back"],
  ])("fails for a query that the schema refuses: %j", (args, message) => {
    const build = () => app.router.build("search", args);
    expect(build).toThrow(BuildError);
    expect(build).toThrow(message);
  });
});

test("a query that is not a schema is refused at start", () => {
  const make = () => new Rule("/x", { handler: Plain, query: {} as StandardSchema });
  expect(make).toThrow(RuleError);
  expect(make).toThrow('The query of the rule "/x" must be a schema that follows Standard Schema');
});

test("the factories keep the schema of a query", async () => {
  const [rule] = Host("a.example.org", [new Rule("/", { handler: Search, query: SearchQuery })]);
  expect(rule.query).toBe(SearchQuery);
});

describe("a rule that redirects to an endpoint with the schema of a query", () => {
  const moved = new TestClient(
    new App({
      rules: [
        new Rule("/search", { endpoint: "search", handler: Search, query: SearchQuery }),
        new Rule("/find/:q", { redirectTo: { endpoint: "search" } }),
        new Rule("/find/:q/page/:page", { redirectTo: { endpoint: "search" } }),
        new Rule("/tagged/*tags", { redirectTo: { endpoint: "search" } }),
        new Rule("/by-function/:q", { redirectTo: ({ q }) => `/search?${new URLSearchParams({ q })}` }),
      ],
      logger: silent,
    }),
  );

  test.each([
    ["/find/ink", "/search?q=ink"],
    ["/find/ink?page=2", "/search?q=ink&page=2"],
    ["/find/a%26b", "/search?q=a%26b"],
    // What the schema has by default is not written.
    ["/find/ink/page/1", "/search?q=ink"],
    ["/find/ink/page/3", "/search?q=ink&page=3"],
    // The names of arrays are those that the schema reads, and the rest of the query may come from the request.
    ["/tagged/a/b?q=ink", "/search?tags%5B%5D=a&tags%5B%5D=b&q=ink"],
    ["/tagged/a?q=ink", "/search?tags%5B%5D=a&q=ink"],
    // What the schema refuses is refused after the redirect, with its reasons.
    ["/find/a-text-that-is-too-long-for-it", "/search?q=a-text-that-is-too-long-for-it"],
    ["/by-function/ink?page=2", "/search?q=ink&page=2"],
  ])("%s leads to %s", async (from, to) => {
    const response = await moved.get(from);
    expect([response.status, response.headers.get("location")]).toEqual([308, to]);
  });
});
