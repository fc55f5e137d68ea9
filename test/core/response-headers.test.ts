import { inspect } from "node:util";
import { json, Response, text } from "@mini/core";
import fc from "fast-check";
import { expect, test } from "vitest";

const names = fc.constantFrom("a", "A", "x-b", "X-B", "set-cookie", "Set-Cookie", "vary", "content-type", "");
const values = fc.constantFrom("", "1", "two, three", " spaced\t", "é", "\u0000", "line\nbreak", "😀");
const step = fc.oneof(
  fc.record({ call: fc.constantFrom("append" as const, "set" as const), name: names, value: values }),
  fc.record({ call: fc.constant("delete" as const), name: names, value: fc.constant("") }),
);

/** What can be asked of headers. */
function look(headers: Headers) {
  const visited: string[] = [];
  headers.forEach((value, name) => visited.push(`${name}: ${value}`));
  return {
    entries: [...headers],
    keys: [...headers.keys()],
    values: [...headers.values()],
    visited,
    cookies: headers.getSetCookie(),
    got: ["a", "X-B", "set-cookie", "nothing"].map((name) => [headers.get(name), headers.has(name)]),
  };
}

test("the headers of a response equal native ones after the same steps, except that they refuse all control characters", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
      const ours = new Response(null, { headers: { a: "0" } }).headers;
      const native = new Headers({ a: "0" });
      for (const { call, name, value } of steps) {
        const isRefused = /[^\t\x20-\x7e\x80-\xff]/.test(value.trim()) || name === "";
        if (isRefused) expect(() => ours[call](name, value)).toThrow(TypeError);
        else for (const headers of [ours, native]) headers[call](name, value);
      }
      expect(look(ours)).toEqual(look(native));
    }),
    { numRuns: 2000 },
  );
});

test("they are instances of Headers, and native responses accept them", async () => {
  const response = text("body", { headers: { "x-one": "1" } });
  response.headers.append("set-cookie", "a=1");
  response.headers.append("set-cookie", "b=2");
  expect(response.headers).toBeInstanceOf(Headers);
  expect(inspect(response.headers)).toContain("x-one");
  expect(() => response.headers.get("not a name")).toThrow(TypeError);
  const native = new globalThis.Response(await response.text(), { headers: response.headers });
  expect([native.headers.get("x-one"), native.headers.getSetCookie()]).toEqual(["1", ["a=1", "b=2"]]);
  expect([...new Headers(response.headers)]).toEqual([...response.headers]);
});

test("a change of the headers of one response does not change another", () => {
  const init = { headers: { "x-one": "1" } };
  const [one, other] = [json({}, init), json({}, init)];
  one.headers.set("x-one", "2");
  one.headers.delete("content-type");
  expect(Object.fromEntries(other.headers)).toEqual({ "x-one": "1", "content-type": "application/json" });
});
