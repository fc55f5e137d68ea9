import { describe, expect, test } from "vitest";
import { apply } from "../../../packages/session/src/record/apply.ts";
import {
  applyFlashes,
  freshFlashes,
  increment,
  noContents,
  readFlashes,
  sameContents,
  applyRelative,
  type KeyChange,
  type Contents,
  type Flash,
  type Operations,
} from "../../../packages/session/src/record/contents.ts";

const flash = (id: string, message: unknown = id): Flash => ({ id, message, level: "info", at: 0 });
const flashes = (...ids: string[]) => ids.map((id) => flash(id));
const ids = (of: readonly Flash[]) => of.map(({ id }) => id).join(" ");
const numbered = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}${i}`);

function operations(keyChanges: Record<string, KeyChange>, rest: Partial<Operations> = {}): Operations {
  return { cleared: false, keyChanges: new Map(Object.entries(keyChanges)), added: [], taken: new Set(), ...rest };
}

describe("increment()", () => {
  test.each([
    { value: 1, by: 2, sum: 3 },
    { value: undefined, by: -2, sum: -2 },
    { value: 0, by: 0, sum: 0 },
  ])("of $value by $by is $sum", ({ value, by, sum }) => {
    expect(increment("n", value, by)).toBe(sum);
  });

  test.each([
    ["null", null],
    ["of type string", "1"],
    ["of type object", [1]],
    ["of type boolean", false],
  ])("of a value that is %s is refused, and its key is named", (what, value) => {
    expect(() => increment('a "b"', value, 1)).toThrow(
      new TypeError(`Cannot increment "a \\"b\\"" in the session: its value is ${what}, not a number.`),
    );
  });

  test.each([
    { value: Number.MAX_VALUE, by: Number.MAX_VALUE },
    { value: 1, by: Number.NaN },
  ])("of $value by $by is refused: JSON has no such number", ({ value, by }) => {
    expect(() => increment("n", value, by)).toThrow(new TypeError('Cannot increment "n" in the session: the sum is not a finite number.'));
  });
});

describe("relative changes", () => {
  test("are made one after the other, and do not change the first value", () => {
    const list = [1];
    const found = applyRelative("list", list, [
      { type: "update", change: (value) => ((value as number[]).push(2), value) },
      { type: "update", change: (value) => (value as number[]).length },
      { type: "increment", by: 5 },
    ]);
    expect([found, list]).toEqual([7, [1]]);
  });

  test("to a value that is not JSON are refused, and their key is named", () => {
    expect(() => applyRelative("when", 1, [{ type: "update", change: () => new Date(0) }])).toThrow(
      'Cannot keep "when" in the session: it is or contains an object of the class Date',
    );
  });
});

describe("a request's changes on a newer record", () => {
  test("set, delete and increment single keys, and change neither other keys nor the record itself", () => {
    const record: Contents = { data: { a: 1, b: 2, n: 3, rest: 4 }, flashes: flashes("one") };
    const plusOne: KeyChange = { type: "relative", inOrder: [{ type: "increment", by: 1 }] };
    const found = apply(
      operations({
        a: { type: "set", value: 5 },
        b: { type: "delete" },
        n: plusOne,
        constructor: plusOne,
      }),
      record,
    );
    expect(found).toEqual({ data: { a: 5, n: 4, rest: 4, constructor: 1 }, flashes: [flash("one")] });
    expect(record).toEqual({ data: { a: 1, b: 2, n: 3, rest: 4 }, flashes: [flash("one")] });
  });

  test("begin without keys after clear(); messages stay", () => {
    const plusOne: KeyChange = { type: "relative", inOrder: [{ type: "increment", by: 1 }] };
    const found = apply(operations({ n: plusOne }, { cleared: true }), { data: { n: 3, rest: 4 }, flashes: flashes("one") });
    expect(found).toEqual({ data: { n: 1 }, flashes: [flash("one")] });
  });

  test("can be made on an empty record", () => {
    expect(apply(operations({ a: { type: "set", value: 1 } }), noContents)).toEqual({ data: { a: 1 }, flashes: [] });
    expect(noContents).toEqual({ data: {}, flashes: [] });
    expect([noContents, noContents.data, noContents.flashes].every(Object.isFrozen)).toBe(true);
  });

  test.each<[string, string[], string[], string]>([
    ["come after those that are there", ["c"], [], "a b c"],
    ["that were shown go", [], ["a", "gone already"], "b"],
    ["come and go at once", ["c"], ["b"], "a c"],
    ["stay when there is nothing to do", [], [], "a b"],
  ])("messages %s", (_title, added, taken, left) => {
    expect(ids(applyFlashes({ added: flashes(...added), taken: new Set(taken) }, flashes("a", "b")))).toBe(left);
  });

  test("keep the newest 20 messages", () => {
    const found = applyFlashes({ added: flashes(...numbered("new", 19)), taken: new Set() }, flashes("old", "older", "last"));
    expect(found.length).toBe(20);
    expect(ids(found)).toMatch(/^last new0 .* new18$/);
  });
});

describe("two records have the same contents", () => {
  const data = { n: 1, text: "a", none: null, list: [1, { x: 1 }] };
  const record: Contents = { data, flashes: flashes("a", "b") };

  test.each<[string, Partial<Contents>, boolean]>([
    ["when they are equal and not the same objects", { data: structuredClone(data), flashes: flashes("a", "b") }, true],
    ["in another order of their keys", { data: { list: [1, { x: 1 }], none: null, text: "a", n: 1 } }, true],
    ["not with another number", { data: { ...data, n: 2 } }, false],
    ["not with a number as a text", { data: { ...data, n: "1" } }, false],
    ["not with another text", { data: { ...data, text: "b" } }, false],
    ["not with an object in the place of null", { data: { ...data, none: {} } }, false],
    ["not with another entry deep inside", { data: { ...data, list: [1, { x: 2 }] } }, false],
    ["not with one key more", { data: { ...data, more: 1 } }, false],
    ["not with one key less", { data: { n: 1, text: "a", none: null } }, false],
    ["not with another key in the place of one", { data: { n: 1, text: "a", none: null, toString: [1, { x: 1 }] } }, false],
    ["not with a message less", { flashes: flashes("a") }, false],
    ["not with a message more", { flashes: flashes("a", "b", "c") }, false],
    ["not with another message", { flashes: flashes("a", "c") }, false],
    ["not with another first message", { flashes: flashes("c", "b") }, false],
  ])("%s", (_title, other, same) => {
    expect(sameContents(record, { ...record, ...other })).toBe(same);
    expect(sameContents({ ...record, ...other }, record)).toBe(same);
  });
});

describe("messages", () => {
  test("are left out when they are too old", () => {
    const all = [
      { ...flash("old"), at: 1000 },
      { ...flash("young"), at: 2000 },
    ];
    expect([ids(freshFlashes(all, 10, 11_000)), ids(freshFlashes(all, 10, 11_001))]).toEqual(["old young", "young"]);
  });

  test("in decoded JSON are the newest 20, without entries that are not messages", () => {
    expect(readFlashes([flash("a"), { id: "b" }, null, flash("c")])?.map(({ id }) => id)).toEqual(["a", "c"]);
    expect(readFlashes(numbered("m", 25).map((id) => flash(id)))?.map(({ id }) => id)).toEqual(numbered("m", 25).slice(5));
    expect([readFlashes({}), readFlashes("m"), readFlashes(null)]).toEqual([undefined, undefined, undefined]);
  });
});
