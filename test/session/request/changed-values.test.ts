import { beforeEach, describe, expect, test } from "vitest";
import { ChangedValues } from "../../../packages/session/src/request/changed-values.ts";

let values: ChangedValues;
beforeEach(() => {
  values = new ChangedValues({ n: 1, text: "a", none: null, list: [1], map: { x: 1 } });
});

const changes = (of: ChangedValues = values) => Object.fromEntries(of.keyChanges());
const add = (entry: unknown) => (list: unknown) => [...((list ?? []) as unknown[]), entry];

describe("the keys of a session", () => {
  test("are the loaded ones, in their order, then the new ones; a key that is set again appears once", () => {
    values.set("late", 1);
    values.set("text", "b");
    values.increment("n", 1);
    values.increment("later", 1);
    expect(values.keys()).toEqual(["n", "text", "none", "list", "map", "late", "later"]);
  });

  test("do not include deleted ones, until they are set again", () => {
    values.set("new", 1);
    expect(["new", "n", "n", "missing"].map((key) => values.delete(key))).toEqual([true, true, false, false]);
    expect(values.keys()).toEqual(["text", "none", "list", "map"]);
    expect(["new", "n", "missing", "text"].map((key) => [values.has(key), values.get(key)])).toEqual([
      [false, undefined],
      [false, undefined],
      [false, undefined],
      [true, "a"],
    ]);
    values.set("n", 5);
    expect([values.keys(), values.has("n"), values.get("n")]).toEqual([["n", "text", "none", "list", "map"], true, 5]);
  });

  test("are only those that are set after clear()", () => {
    values.set("new", 1);
    values.clear();
    expect([values.keys(), values.has("n"), values.get("n"), values.has("new"), values.get("new")]).toEqual([
      [],
      false,
      undefined,
      false,
      undefined,
    ]);
    values.set("text", "b");
    expect([values.keys(), values.has("text"), values.get("text")]).toEqual([["text"], true, "b"]);
  });

  test("do not include names that every object inherits", () => {
    expect([values.has("toString"), values.peek("toString"), values.get("toString"), values.delete("toString")]).toEqual([
      false,
      undefined,
      undefined,
      false,
    ]);
    expect(values.increment("constructor", 2)).toBe(2);
    expect(values.update("valueOf", add(1))).toEqual([1]);
  });
});

describe("a value that a handler gets", () => {
  test("is the same each time, and a copy of the loaded one, which does not change", () => {
    const data = { list: [1] };
    values = new ChangedValues(data);
    const list = values.get("list") as number[];
    list.push(2);
    expect(values.get("list")).toBe(list);
    expect([values.peek("list"), data]).toEqual([[1, 2], { list: [1] }]);
  });

  test("counts as changed when something inside it changes, and only then", () => {
    for (const key of values.keys()) values.get(key);
    expect(changes()).toEqual({});
    (values.get("list") as number[]).push(2);
    expect(changes()).toEqual({ list: { type: "set", value: [1, 2] } });
  });

  test("is no longer used when its key is set, deleted or cleared", () => {
    const list = values.get("list") as number[];
    const map = values.get("map") as Record<string, number>;
    values.set("list", "text");
    values.delete("map");
    list.push(2);
    map["y"] = 2;
    expect(changes()).toEqual({ list: { type: "set", value: "text" }, map: { type: "delete" } });
    values = new ChangedValues({ list: [1] });
    const other = values.get("list") as number[];
    values.clear();
    other.push(2);
    expect([changes(), values.cleared, values.keys()]).toEqual([{}, true, []]);
  });

  test("is the value itself that was set, and changes inside it are saved until the commit", () => {
    const list = [1];
    values.set("list", list);
    list.push(2);
    const found = values.keyChanges();
    list.push(3);
    expect([values.get("list"), [...found]]).toEqual([[1, 2, 3], [["list", { type: "set", value: [1, 2] }]]]);
    const map = values.get("map") as Record<string, number>;
    map["y"] = 2;
    const again = values.keyChanges();
    map["z"] = 3;
    expect(again.get("map")).toEqual({ type: "set", value: { x: 1, y: 2 } });
  });

  test("that is changed to something that is not JSON is refused by name, whatever it came from", () => {
    const message = (key: string) => `Cannot keep "${key}" in the session: it is or contains NaN`;
    (values.get("list") as number[]).push(Number.NaN);
    expect(() => values.keyChanges()).toThrow(new RegExp(message("list")));
    values = new ChangedValues({});
    const set = [1];
    values.set("set", set);
    set.push(Number.NaN);
    expect(() => values.keyChanges()).toThrow(message("set"));
    values = new ChangedValues({});
    (values.update("made", add(1)) as number[]).push(Number.NaN);
    expect(() => values.keyChanges()).toThrow(message("made"));
  });
});

describe("set() and assign()", () => {
  test("of the loaded value are not a change, so that they undo no change of others; with another order of keys they are a change", () => {
    values.assign({ n: 1, text: "a", none: null, list: [1], map: { x: 1 } });
    expect(changes()).toEqual({});
    values.assign({ n: 2, text: "b", none: 0, list: [2], map: { x: 1, y: 1 } });
    expect(Object.keys(changes())).toEqual(["n", "text", "none", "list", "map"]);
  });

  test("of the loaded value are a change after clear(), and when the value came from a cache", () => {
    values.clear();
    values.set("n", 1);
    expect(changes()).toEqual({ n: { type: "set", value: 1 } });
    values = new ChangedValues({ n: 1 }, true);
    values.set("n", 1);
    expect(changes()).toEqual({ n: { type: "set", value: 1 } });
  });

  test("refuse a value that is not JSON by its key, and then set none of several values", () => {
    expect(() => values.set("when", new Date(0))).toThrow(
      'Cannot keep "when" in the session: it is or contains an object of the class Date',
    );
    expect(() => values.assign({ n: 2, when: undefined })).toThrow('Cannot keep "when" in the session: it is or contains undefined');
    expect([values.has("when"), values.get("n"), changes()]).toEqual([false, 1, {}]);
  });
});

describe("increment() and update()", () => {
  test("are made again on a newer record, all of them in their order", () => {
    expect([values.increment("n", 2), values.increment("n", 3), values.get("n")]).toEqual([3, 6, 6]);
    expect(values.increment("new", 4)).toBe(4);
    const change = add(2);
    expect(values.update("list", change)).toEqual([1, 2]);
    expect(changes()).toEqual({
      n: {
        type: "relative",
        inOrder: [
          { type: "increment", by: 2 },
          { type: "increment", by: 3 },
        ],
      },
      new: { type: "relative", inOrder: [{ type: "increment", by: 4 }] },
      list: { type: "relative", inOrder: [{ type: "update", change }] },
    });
  });

  test("are kept as their result after set(), delete(), clear() and a change inside an object", () => {
    values.set("n", 10);
    values.delete("text");
    (values.get("list") as number[]).push(2);
    expect([values.increment("n", 1), values.increment("n", 1), values.increment("text", 3)]).toEqual([11, 12, 3]);
    expect(values.update("list", add(3))).toEqual([1, 2, 3]);
    expect(changes()).toEqual({
      n: { type: "set", value: 12 },
      text: { type: "set", value: 3 },
      list: { type: "set", value: [1, 2, 3] },
    });
    values.clear();
    expect([values.increment("n", 5), changes()]).toEqual([5, { n: { type: "set", value: 5 } }]);
  });

  test("and a change inside the object that update() returned are kept as one set", () => {
    (values.update("list", add(2)) as number[]).push(3);
    expect(changes()).toEqual({ list: { type: "set", value: [1, 2, 3] } });
    values.update("list", add(4));
    expect(changes()).toEqual({ list: { type: "set", value: [1, 2, 3, 4] } });
  });

  test("that are refused change nothing", () => {
    expect(() => values.increment("text", 1)).toThrow('Cannot increment "text" in the session: its value is of type string, not a number.');
    expect(() => values.update("list", () => undefined)).toThrow('Cannot keep "list" in the session: it is or contains undefined');
    expect([changes(), values.get("list")]).toEqual([{}, [1]]);
  });

  test("call the function with a copy of the value", () => {
    const list = values.get("list") as unknown[];
    values.update("list", (found) => {
      (found as unknown[]).push(2);
      return "other";
    });
    expect(list).toEqual([1]);
  });

  test.each(["loaded", "set"])("refuse a %s value that was changed to something that is not JSON", (title) => {
    if (title === "set") values.set("list", [1]);
    (values.get("list") as unknown[]).push(new Map());
    const asked: unknown[] = [];
    expect(() => values.update("list", (found) => asked.push(found))).toThrow(
      'Cannot keep "list" in the session: it is or contains an object of the class Map',
    );
    expect(asked).toEqual([]);
  });
});
