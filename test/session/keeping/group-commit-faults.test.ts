import { SessionUnavailableError } from "@mini/session";
import { describe, expect, test } from "vitest";
import { GroupCommit, type Edit } from "../../../packages/session/src/keeping/group-commit.ts";
import { begun, key, put, shown, within } from "../../support/group-commits.ts";

describe("the end of a session", () => {
  test("drops all changes that wait for it, and no later ones", async () => {
    const { backend, commit, kept, hold, unreadable } = await begun();
    await backend.take(key);
    const { first, letGo } = await hold();
    const [second, third] = [commit(put("b", 1)), commit(put("c", 1))];
    letGo();
    expect(await Promise.all([first, second, third])).toEqual([undefined, undefined, undefined]);
    expect([unreadable(), await kept()]).toEqual([0, undefined]);
  });

  test("is also assumed when its record cannot be read: it is logged once, and the record is not overwritten", async () => {
    const { backend, commit, unreadable } = await begun();
    const { version, ...record } = (await backend.read(key))!;
    await backend.swap(key, version, { ...record, data: Buffer.from("PHP") });
    backend.counted();
    expect(await commit(put("b", 1))).toBeUndefined();
    expect([unreadable(), backend.counted()]).toEqual([1, ["swap"]]);
    expect(Buffer.from((await backend.read(key))!.data).toString()).toBe("PHP");
  });
});

describe("a backend whose swap", () => {
  test.each<[unknown, string]>([
    [undefined, "undefined"],
    [null, "null"],
    ["hunter2", "a string"],
    [true, "a boolean"],
    [["hunter2"], "an array"],
    [{}, "an object"],
    [{ ok: "yes" }, "an object"],
    [{ ok: true }, "an object"],
    [{ ok: true, version: 5 }, "an object"],
    [new Map(), "an object of the class Map"],
  ])("returns %j counts as failed, and the error says that it was %s", async (given, what) => {
    const { backend, commit } = await begun();
    backend.swap = () => Promise.resolve(given as never);
    const error: unknown = await commit(put("b", 1)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SessionUnavailableError);
    expect((error as SessionUnavailableError).reason).toEqual(
      new TypeError(`the backend's swap() has returned ${what} instead of { ok: true, version: string } or { ok: false, current }`),
    );
  });

  test("fails rejects all changes that it was for, and later changes are tried again", async () => {
    const { backend, commit, hold } = await begun();
    backend.after = (name) => {
      if (name !== "swap") return;
      backend.after = () => undefined;
      throw new Error("connection lost");
    };
    const { first, letGo } = await hold();
    const second = commit(put("second", 2));
    letGo();
    await expect(first).rejects.toThrow(SessionUnavailableError);
    expect(await shown(second)).toEqual([
      { a: 1, first: 1 },
      { a: 1, first: 1, second: 2 },
    ]);
  });

  test("never answers delays no request beyond the deadline", async () => {
    const { backend, known } = await begun();
    const short = new GroupCommit({ backend, deadline: 5, onUnreadable: () => undefined });
    const begin = (change: Edit) => within(1000, (deadline) => short.edit(key, known, change, deadline));
    backend.before = () => {
      backend.before = () => undefined;
      return new Promise<never>(() => {});
    };
    const first = begin(put("b", 1));
    const second = begin(put("c", 1));
    await expect(first).rejects.toThrow(SessionUnavailableError);
    expect(await shown(second)).toEqual([{ a: 1 }, { a: 1, c: 1 }]);
  });
});
