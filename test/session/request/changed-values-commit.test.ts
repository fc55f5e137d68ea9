import { describe, expect, test } from "vitest";
import { ChangedValues } from "../../../packages/session/src/request/changed-values.ts";

const changes = (of: ChangedValues) => Object.fromEntries(of.keyChanges());
const add = (entry: unknown) => (list: unknown) => [...((list ?? []) as unknown[]), entry];

describe("regenerate({ keep })", () => {
  test("removes the loaded keys except those that are kept", () => {
    const values = new ChangedValues({ a: 1, b: [1], c: 3 });
    values.keepOnly(new Set(["c", "missing"]));
    expect([values.keys(), values.has("a"), values.get("b"), values.get("c"), changes(values)]).toEqual([["c"], false, undefined, 3, {}]);
  });

  test("keeps what this request did, and the results of relative changes of other keys", () => {
    const values = new ChangedValues({ set: 1, counted: 1, updated: [1], byHand: [1], gone: 1, kept: 1 });
    values.set("set", 2);
    values.increment("counted", 1);
    values.update("updated", add(2));
    (values.get("byHand") as number[]).push(2);
    values.delete("gone");
    values.increment("kept", 1);
    values.keepOnly(new Set(["kept"]));
    expect(values.keys().toSorted()).toEqual(["byHand", "counted", "kept", "set", "updated"]);
    expect(changes(values)).toEqual({
      set: { type: "set", value: 2 },
      counted: { type: "set", value: 2 },
      updated: { type: "set", value: [1, 2] },
      byHand: { type: "set", value: [1, 2] },
      gone: { type: "delete" },
      kept: { type: "relative", inOrder: [{ type: "increment", by: 1 }] },
    });
  });

  test("keeps an object that was changed before, and drops one that was not", () => {
    const values = new ChangedValues({ changed: [1], read: [1], kept: [1] });
    const changed = values.get("changed") as number[];
    const read = values.get("read") as number[];
    const kept = values.get("kept") as number[];
    changed.push(2);
    values.keepOnly(new Set(["kept"]));
    for (const list of [changed, read, kept]) list.push(3);
    expect(changes(values)).toEqual({ changed: { type: "set", value: [1, 2, 3] }, kept: { type: "set", value: [1, 3] } });
    expect(values.get("read")).toBeUndefined();
  });
});

describe("the values for a commit", () => {
  test("are copies of the values as the request sees them, without deleted ones; a relative change is not made twice", () => {
    const values = new ChangedValues({ a: 1, n: 1, list: [1], map: { x: 1 } });
    values.delete("a");
    values.increment("n", 1);
    let calls = 0;
    const list = values.update("list", (found) => add(++calls + 1)(found)) as number[];
    values.set("new", 1);
    const next = values.next(values.keyChanges());
    list.push(9);
    expect([next, calls]).toEqual([{ n: 2, list: [1, 2], map: { x: 1 }, new: 1 }, 1]);
  });

  test("after clear() are only those that were set afterwards", () => {
    const values = new ChangedValues({ a: 1, b: 1 });
    values.clear();
    values.set("b", 2);
    expect(values.next(values.keyChanges())).toEqual({ b: 2 });
  });
});

describe("during a commit", () => {
  /** Values whose changes a commit has, and what it will find when nobody else changes anything. */
  function begin(values: ChangedValues) {
    const next = values.next(values.keyChanges());
    return { next, values: values.afterCommit(next) };
  }

  test("nothing is changed, and objects that the handler got, set or updated stay in use", () => {
    const before = new ChangedValues({ read: [1], updated: [1], same: [1] });
    const read = before.get("read") as number[];
    const set = [1];
    before.set("set", set);
    const updated = before.update("updated", add(2)) as number[];
    const { values } = begin(before);
    expect([changes(values), values.cleared, values.keys()]).toEqual([{}, false, ["read", "updated", "same", "set"]]);
    expect([values.get("read"), values.get("set"), values.get("updated")].map((value, i) => value === [read, set, updated][i])).toEqual([
      true,
      true,
      true,
    ]);
    for (const list of [read, set, updated]) list.push(3);
    expect(changes(values)).toEqual({
      read: { type: "set", value: [1, 3] },
      set: { type: "set", value: [1, 3] },
      updated: { type: "set", value: [1, 2, 3] },
    });
  });

  test("the values are no longer cleared, so that the next commit does not clear again", () => {
    const before = new ChangedValues({ a: 1 });
    before.clear();
    before.set("b", 1);
    const { values } = begin(before);
    expect([values.cleared, values.keys(), changes(values)]).toEqual([false, ["b"], {}]);
  });

  test("an object of a removed key is no longer used", () => {
    const before = new ChangedValues({ list: [1] });
    const list = before.get("list") as number[];
    const values = before.afterCommit({});
    list.push(2);
    expect([changes(values), values.has("list"), values.get("list")]).toEqual([{}, false, undefined]);
  });

  test("strings, numbers and null that were set or deleted are read again after the changes of others are known", () => {
    const before = new ChangedValues({ gone: 1 });
    before.assign({ text: "a", n: 1, none: null });
    before.delete("gone");
    const { values } = begin(before);
    values.rebase({ text: "b", n: 2, none: 3, gone: 4 }, undefined);
    expect(["text", "n", "none", "gone"].map((key) => values.get(key))).toEqual(["b", 2, 3, 4]);
  });

  test("an object is compared with its own state at the beginning, not with the value of another request", () => {
    const before = new ChangedValues({ list: [1] });
    before.get("list");
    expect(changes(before.afterCommit({ list: [2] }))).toEqual({});
  });
});

describe("after the changes of others are known", () => {
  test("the newer values are used; sets and deletions of this request stay, and relative changes are made again on the newer values", () => {
    const values = new ChangedValues({ a: 1, gone: 1, n: 1, list: ["x"] });
    values.set("set", 1);
    values.delete("gone");
    values.increment("n", 1);
    values.update("list", add("mine"));
    values.rebase({ a: 2, gone: 2, n: 10, list: ["x", "another's"], theirs: 3 }, undefined);
    expect(values.keys()).toEqual(["a", "n", "list", "theirs", "set"]);
    expect(["a", "n", "list", "theirs", "set"].map((key) => values.get(key))).toEqual([2, 11, ["x", "another's", "mine"], 3, 1]);
    expect(changes(values)).toMatchObject({
      set: { type: "set", value: 1 },
      gone: { type: "delete" },
      n: { type: "relative", inOrder: [{ type: "increment", by: 1 }] },
      list: { type: "relative" },
    });
    expect(values.next(values.keyChanges())).toEqual({ a: 2, n: 11, list: ["x", "another's", "mine"], theirs: 3, set: 1 });
  });

  test("only the kept keys are used, if the session was regenerated in the meantime", () => {
    const values = new ChangedValues({ a: 1, b: 1 });
    values.rebase({ a: 2, b: 2, c: 2 }, new Set(["b"]));
    expect([values.keys(), values.get("a"), values.get("b")]).toEqual([["b"], undefined, 2]);
  });

  test("strings, numbers and null are read again, and an object that the handler got stays until it is updated", () => {
    const values = new ChangedValues({ text: "a", n: 1, none: null, list: [1] });
    const before = values.keys().map((key) => values.get(key));
    expect(before).toEqual(["a", 1, null, [1]]);
    values.rebase({ text: "b", n: 2, none: 3, list: [2] }, undefined);
    expect(values.keys().map((key) => values.get(key))).toEqual(["b", 2, 3, [1]]);
    expect(values.get("list")).toBe(before[3]);
    expect(values.update("list", add(3))).toEqual([2, 3]);
    expect(values.get("list")).toEqual([2, 3]);
  });

  test("an update starts from an object that the handler changed, and is kept as a set", () => {
    const values = new ChangedValues({ list: [1] });
    (values.get("list") as number[]).push(2);
    values.rebase({ list: [7] }, undefined);
    expect([values.update("list", add(3)), changes(values)]).toEqual([[1, 2, 3], { list: { type: "set", value: [1, 2, 3] } }]);
  });

  test("a relative change is not made again when the handler has changed its result", () => {
    const values = new ChangedValues({ list: [1] });
    (values.update("list", add(2)) as number[]).push(3);
    values.rebase({ list: [7] }, undefined);
    expect([values.get("list"), changes(values)]).toEqual([[1, 2, 3], { list: { type: "set", value: [1, 2, 3] } }]);
    values.rebase({ list: [8] }, undefined);
    expect(values.get("list")).toEqual([1, 2, 3]);
  });

  test("a handler can change the result of a relative change that was made again, and that is saved", () => {
    const values = new ChangedValues({ list: [1] });
    values.update("list", add(2));
    values.rebase({ list: [7] }, undefined);
    expect(values.keyChanges().get("list")).toMatchObject({ type: "relative" });
    (values.get("list") as number[]).push(3);
    expect(changes(values)).toEqual({ list: { type: "set", value: [7, 2, 3] } });
  });

  test("relative changes begin with no value when the key is gone, also for a key that every object inherits", () => {
    const values = new ChangedValues({ n: 5, constructor: [1], valueOf: [1] });
    values.increment("n", 1);
    values.get("constructor");
    values.update("valueOf", add(2));
    values.rebase({}, undefined);
    expect([values.get("n"), values.get("valueOf"), values.update("constructor", add(3))]).toEqual([1, [2], [3]]);
  });

  test("a relative change that the newer value does not allow is kept for the next commit, and the request still sees its own value", () => {
    const values = new ChangedValues({ n: 1 });
    values.increment("n", 1);
    values.rebase({ n: "text" }, undefined);
    expect([values.get("n"), changes(values)]).toEqual([2, { n: { type: "relative", inOrder: [{ type: "increment", by: 1 }] } }]);
  });

  test("any other error of an update is thrown", () => {
    const values = new ChangedValues({ n: 1 });
    values.update("n", (n) => {
      if (n === 2) throw new RangeError("no two");
      return n;
    });
    expect(() => values.rebase({ n: 2 }, undefined)).toThrow(new RangeError("no two"));
  });

  test("setting the value of the newer record is not a change, even after a load from a cache", () => {
    const values = new ChangedValues({ a: 1 }, true);
    values.set("a", 2);
    values.rebase({ a: 2 }, undefined);
    expect(changes(values)).toEqual({});
  });
});
