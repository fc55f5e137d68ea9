import { json, request } from "@mini/core";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { makeApp } from "../support/one-handler.ts";

const none = () => undefined;
const silent = { error: none, warn: none, info: none, debug: none };

/** What the schema of a form is given. */
async function read(...fields: (readonly [string, string])[]): Promise<unknown> {
  const { client } = makeApp(
    async () => {
      const form = await request.form(z.any());
      return json(form.ok && form.data);
    },
    { logger: silent },
  );
  const response = await client.post("/", { body: new URLSearchParams(fields.map(([name, value]) => [name, value])) });
  return response.status === 200 ? response.json() : response.status;
}

describe("names of fields make objects and arrays:", () => {
  test.each<[title: string, fields: [string, string][], expected: unknown]>([
    ["nothing", [], {}],
    ["text stays text", [["age", "42"]], { age: "42" }],
    ["empty text stays", [["age", ""]], { age: "" }],
    [
      "a member of an object",
      [
        ["address.city", "Ulm"],
        ["address.zip", "1"],
      ],
      { address: { city: "Ulm", zip: "1" } },
    ],
    [
      "objects in an array",
      [
        ["items[0].name", "a"],
        ["items[1].name", "b"],
      ],
      { items: [{ name: "a" }, { name: "b" }] },
    ],
    [
      "in any order",
      [
        ["items[1]", "b"],
        ["items[0]", "a"],
      ],
      { items: ["a", "b"] },
    ],
    [
      "arrays in arrays",
      [
        ["m[0][1]", "b"],
        ["m[0][0]", "a"],
      ],
      { m: [["a", "b"]] },
    ],
    [
      "a repeated name",
      [
        ["tags", "a"],
        ["tags", "b"],
      ],
      { tags: ["a", "b"] },
    ],
    ["one value of a name with []", [["tags[]", "a"]], { tags: ["a"] }],
    [
      "both spellings",
      [
        ["tags[]", "a"],
        ["tags", "b"],
      ],
      { tags: ["a", "b"] },
    ],
    ["[] inside an object", [["a.tags[]", "x"]], { a: { tags: ["x"] } }],
    ["a number after a point is the name of a member", [["a.0", "x"]], { a: { "0": "x" } }],
    [
      "names that objects inherit",
      [
        ["toString", "x"],
        ["a.hasOwnProperty", "y"],
      ],
      { toString: "x", a: { hasOwnProperty: "y" } },
    ],
    [
      "other names are one key",
      [
        ["a[b]", "1"],
        ["c..d", "2"],
        ["e[", "3"],
        ["f g-h", "4"],
        ["i[01]", "5"],
        [".j", "6"],
      ],
      {
        "a[b]": "1",
        "c..d": "2",
        "e[": "3",
        "f g-h": "4",
        "i[01]": "5",
        ".j": "6",
      },
    ],
  ])("%s", async (_title, fields, expected) => {
    expect(await read(...fields)).toEqual(expected);
  });

  test("a gap in an array is undefined", async () => {
    const { client } = makeApp(
      async () => {
        const form = await request.form(z.any());
        return json(form.ok && form.data.a.map((item: unknown) => typeof item));
      },
      { logger: silent },
    );
    expect(await (await client.post("/", { form: { "a[2]": "x" } })).json()).toEqual(["undefined", "undefined", "string"]);
  });
});

describe("a form is 400 with names", () => {
  test.each<[title: string, fields: [string, string][]]>([
    ["that are a prototype", [["__proto__", "1"]]],
    ["that are the array of a constructor", [["constructor[]", "1"]]],
    ["that reach a prototype", [["__proto__.x", "1"]]],
    ["that reach a constructor", [["a.constructor", "1"]]],
    ["that reach a prototype in an array", [["a[0].prototype.x", "1"]]],
    ["that reach a prototype in the syntax of others", [["a[__proto__][x]", "1"]]],
    ["of more than 20 levels", [[`a${".b".repeat(20)}`, "1"]]],
    ["of very many levels", [["[0]".repeat(100_000), "1"]]],
    ["of more than 1000 characters", [["a".repeat(1001), "1"]]],
    ["with a large number", [["a[1000]", "1"]]],
    [
      "with a number beyond all",
      [
        ["a[99999999999999999999999]", "1"],
        ["a[999999999]", "1"],
      ],
    ],
    ["with gaps beyond 10,000 items", Array.from({ length: 11 }, (_none, i) => [`a${i}[999]`, "1"])],
    [
      "that are text and an object",
      [
        ["a", "1"],
        ["a.b", "2"],
      ],
    ],
    [
      "that are an object and an array",
      [
        ["a.b", "1"],
        ["a[0]", "2"],
      ],
    ],
    [
      "that are an array and its items",
      [
        ["a[]", "1"],
        ["a[0]", "2"],
      ],
    ],
  ])("%s", async (_title, fields) => {
    expect(await read(...fields)).toBe(400);
  });

  test("but reads as many as the bounds allow", async () => {
    expect(await read([`a${".b".repeat(19)}`, "1"])).toMatchObject({ a: { b: { b: {} } } });
    expect(await read(["a".repeat(1000), "1"])).toEqual({ ["a".repeat(1000)]: "1" });
    expect(await read(["a[999]", "1"])).toMatchObject({ a: { length: 1000 } });
  });
});

test("a form with a million fields is 413", async () => {
  const { client } = makeApp(async () => json((await request.form(z.any())).ok), { logger: silent, maxBodySize: 10_000_000 });
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  expect((await client.post("/", { body: "a&".repeat(1_000_000), headers })).status).toBe(413);
});
