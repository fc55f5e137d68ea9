import { describe, expect, test } from "vitest";
import type { Flash } from "../../../packages/session/src/record/contents.ts";
import { ChangedFlashes } from "../../../packages/session/src/request/changed-flashes.ts";

const flash = (id: string, message: unknown = id): Flash => ({ id, message, level: "info", at: 0 });
const flashes = (...ids: string[]) => ids.map((id) => flash(id));
const ids = (of: readonly Flash[]) => of.map(({ id }) => id).join(" ");

describe("a request's messages", () => {
  test("are those that were loaded, then its own; each is a copy", () => {
    const pending = new ChangedFlashes(flashes("a"));
    expect([pending.changed, ids(pending.all), pending.added, pending.taken]).toEqual([false, "a", [], new Set()]);
    const message = { text: "hello" };
    pending.add(flash("b", message));
    pending.add(flash("c"));
    message.text = "changed";
    expect([pending.changed, ids(pending.all), ids(pending.added)]).toEqual([true, "a b c", "b c"]);
    expect(pending.all[1]).toEqual({ id: "b", message: { text: "hello" }, level: "info", at: 0 });
  });

  test("that are not JSON are refused", () => {
    const pending = new ChangedFlashes([]);
    expect(() => pending.add({ ...flash("a"), message: undefined })).toThrow(
      "Cannot keep a flash message in the session: it is or contains undefined",
    );
    expect([pending.changed, pending.all]).toEqual([false, []]);
  });

  test("that are taken are removed; only loaded ones must be removed from a newer record again", () => {
    const pending = new ChangedFlashes(flashes("a", "b"));
    pending.add(flash("c"));
    pending.add(flash("d"));
    pending.take(new Set(["a", "c", "nobody's"]));
    expect([ids(pending.all), ids(pending.added), pending.taken, pending.changed]).toEqual(["b d", "d", new Set(["a"]), true]);
    pending.take(new Set(["b"]));
    expect([ids(pending.all), pending.taken]).toEqual(["d", new Set(["a", "b"])]);
  });

  test("that it has added and taken leave nothing to save", () => {
    const pending = new ChangedFlashes([]);
    pending.add(flash("a"));
    pending.take(new Set(["a"]));
    expect([pending.changed, pending.all]).toEqual([false, []]);
  });

  test("come after those of a newer record, from which the taken ones are removed too", () => {
    const pending = new ChangedFlashes(flashes("a", "b"));
    pending.add(flash("mine"));
    pending.take(new Set(["a", "b"]));
    const newer = pending.rebased(flashes("b", "another's"));
    expect([ids(newer.all), ids(newer.added), newer.taken]).toEqual(["another's mine", "mine", new Set(["b"])]);
    expect(ids(pending.all)).toBe("mine");
  });
});
