import { App, json, request, RequestHandler, Rule, type StandardSchema, ValidationError } from "@mini/core";
import { TestClient } from "@mini/core/testing";
import { type } from "arktype";
import { describe, expect, test } from "vitest";
import * as v from "valibot";
import { z } from "zod";

interface Order {
  readonly items: readonly { readonly name: string; readonly count: number }[];
}

const schemas: readonly [string, StandardSchema<unknown, Order>, details: readonly string[]][] = [
  [
    "zod",
    z.object({ items: z.array(z.object({ name: z.string(), count: z.number().min(1) })) }),
    ["Invalid input: expected string, received number", "Too small: expected number to be >=1"],
  ],
  [
    "valibot",
    v.object({ items: v.array(v.object({ name: v.string(), count: v.pipe(v.number(), v.minValue(1)) })) }),
    ["Invalid type: Expected string but received 1", "Invalid value: Expected >=1 but received 0"],
  ],
  [
    "arktype",
    type({ items: type({ name: "string", count: "number >= 1" }).array() }),
    ["items[0].name must be a string (was a number)", "items[1].count must be at least 1 (was 0)"],
  ],
  [
    "asynchronous",
    z.object({ items: z.array(z.object({ name: z.string(), count: z.number().min(1) })) }).refine(async (order) => {
      await Promise.resolve();
      return order.items.length < 9;
    }),
    ["Invalid input: expected string, received number", "Too small: expected number to be >=1"],
  ],
];

const Search = z.object({ q: z.string(), page: z.coerce.number().int().default(1), tags: z.array(z.string()).default([]) });

function clientFor(schema: StandardSchema, caught: unknown[] = []): TestClient {
  class Handler extends RequestHandler {
    async get() {
      return json(await request.query(Search));
    }
    async post() {
      return json(
        await request.json(schema, { maxDepth: 5 }).catch((error: unknown) => {
          caught.push(error);
          throw error;
        }),
      );
    }
  }
  return new TestClient(new App({ rules: [new Rule("/", { handler: Handler })], logger: silent }));
}

const none = () => undefined;
const silent = { error: none, warn: none, info: none, debug: none };
const wrong = {
  items: [
    { name: 1, count: 2 },
    { name: "pen", count: 0 },
  ],
};

describe.each(schemas)("a JSON body with a schema of %s", (_name, schema, details) => {
  const post = (body: unknown, accept = "application/json") => clientFor(schema).post("/", { json: body, headers: { accept } });

  test("returns the output of the schema", async () => {
    expect(await (await post({ items: [{ name: "pen", count: 2 }] })).json()).toEqual({ items: [{ name: "pen", count: 2 }] });
  });

  test("is 422 with a problem document that points to each refused value", async () => {
    const response = await post(wrong);
    expect(response.status).toBe(422);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(await response.json()).toEqual({
      title: "Unprocessable Content",
      status: 422,
      detail: "Some of the input was refused.",
      errors: [
        { pointer: "#/items/0/name", detail: details[0] },
        { pointer: "#/items/1/count", detail: details[1] },
      ],
    });
  });

  test("is 422 with a page for a browser", async () => {
    const response = await post(wrong, "text/html");
    expect(response.status).toBe(422);
    const page = await response.text();
    expect(page).toContain("<h1>422 Unprocessable Content</h1>\n<p>Some of the input was refused.</p>\n<ul><li>items.0.name: ");
    expect(page).toContain("<li>items.1.count: ");
  });

  test("throws a ValidationError", async () => {
    const caught: unknown[] = [];
    await clientFor(schema, caught).post("/", { json: wrong });
    expect(caught[0]).toBeInstanceOf(ValidationError);
    expect(caught[0]).toMatchObject({ name: "ValidationError", code: "MINI_VALIDATION", status: 422, errors: { length: 2 } });
  });
});

describe("a JSON body with a schema", () => {
  const anything = z.record(z.string(), z.number());
  const errorsFor = async (body: unknown, schema: StandardSchema = anything) =>
    ((await (await clientFor(schema).post("/", { json: body, headers: { accept: "application/json" } })).json()) as { errors: unknown[] })
      .errors;

  test("has pointers with the characters of keys escaped", async () => {
    const detail = "Invalid input: expected number, received string";
    expect(await errorsFor({ "a/b~c d%": "x", "\ud800": "x" })).toEqual([
      { pointer: "#/a~1b~0c%20d%25", detail },
      { pointer: "#/%EF%BF%BD", detail },
    ]);
  });

  test("shows the keys as text on the page for a browser", async () => {
    const sent = { json: { "<b>a/b~c d%": "x" }, headers: { accept: "text/html" } };
    expect(await (await clientFor(anything).post("/", sent)).text()).toContain("<li>&lt;b&gt;a/b~c d%: Invalid input");
  });

  test("has the pointer of the whole body for a body of another type", async () => {
    expect(await errorsFor([])).toEqual([{ pointer: "#", detail: "Invalid input: expected record, received array" }]);
  });

  test("lists at most 100 reasons", async () => {
    const body = Object.fromEntries(Array.from({ length: 500 }, (_none, i) => [i, "x"]));
    expect(await errorsFor(body)).toHaveLength(100);
  });

  test.each([
    ["malformed JSON", "{", 400],
    ["JSON that is nested too deeply", "[[[[[[1]]]]]]", 400],
    ["JSON with a key that reaches a prototype", '{"__proto__":{}}', 400],
  ])("is refused as without one: %s", async (_title, body, status) => {
    expect((await clientFor(anything).post("/", { body, headers: { "content-type": "application/json" } })).status).toBe(status);
  });
});

describe("a query with a schema", () => {
  const get = (query: string) => clientFor(z.any()).get(`/?${query}`, { headers: { accept: "application/json" } });

  test.each([
    ["q=x", { q: "x", page: 1, tags: [] }],
    ["q=x&page=2&tags[]=a", { q: "x", page: 2, tags: ["a"] }],
    ["q=x&tags=a&tags=b&utm_source=y", { q: "x", page: 1, tags: ["a", "b"] }],
    ["q=%C3%BC+y", { q: "ü y", page: 1, tags: [] }],
  ])("returns the output of the schema: ?%s", async (query, expected) => {
    expect(await (await get(query)).json()).toEqual(expected);
  });

  test("is 422 with a problem document if the schema refuses it", async () => {
    const response = await get("page=x");
    expect([response.status, await response.json()]).toMatchObject([422, { errors: [{ pointer: "#/q" }, { pointer: "#/page" }] }]);
  });

  test.each(["__proto__=1", "a.constructor=1", "a[0].prototype=1", "a[__proto__]=1", `${"a.".repeat(20)}a=1`, `${"a".repeat(1001)}=1`])(
    "is 400 for a name that cannot be read: ?%.40s",
    async (query) => {
      expect((await get(query)).status).toBe(400);
    },
  );

  test("is 400 for more than 1000 arguments", async () => {
    expect((await get("a&".repeat(1000))).status).toBe(422);
    expect((await get("a&".repeat(1001))).status).toBe(400);
  });
});

test("anything but a schema is a mistake of the application, with a sentence in the log", async () => {
  const logged: string[] = [];
  class Handler extends RequestHandler {
    async get() {
      return json(await request.query({} as StandardSchema));
    }
  }
  const logger = { ...silent, error: (message: string) => void logged.push(message) };
  const client = new TestClient(new App({ rules: [new Rule("/", { handler: Handler })], logger }));
  expect((await client.get("/")).status).toBe(500);
  expect(logged.join()).toContain("request.query() needs a schema that follows Standard Schema, such as one of zod, valibot or arktype.");
});
