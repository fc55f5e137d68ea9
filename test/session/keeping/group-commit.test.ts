import { SessionTooLargeError, SessionUnavailableError } from "@mini/session";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { Edit } from "../../../packages/session/src/keeping/group-commit.ts";
import { encodeRecord } from "../../../packages/session/src/record/record.ts";
import { begun, dataOf, key, nothing, put, shown, within } from "../../support/group-commits.ts";
import { gate } from "../../support/session-app.ts";

describe("changes to one session at once", () => {
  test("that arrive during a swap are saved together, and each learns the record before its own", async () => {
    const { backend, commit, kept, hold } = await begun();
    const { first, letGo } = await hold();
    const [second, third] = [commit(put("second", 2)), commit(put("third", 3))];
    letGo();
    expect(await shown(first)).toEqual([{ a: 1 }, { a: 1, first: 1 }]);
    const all = { a: 1, first: 1, second: 2, third: 3 };
    expect(await shown(second)).toEqual([{ a: 1, first: 1 }, all]);
    expect(await shown(third)).toEqual([{ a: 1, first: 1, second: 2 }, all]);
    expect(backend.counted()).toEqual(["swap", "swap"]);
    const { version } = (await backend.read(key))!;
    for (const changed of [second, third]) expect((await changed)!.after).toMatchObject({ version, cached: false });
    expect(await kept()).toEqual(all);
  });

  test("do not wait for changes to another session", async () => {
    const { backend, commits, known, hold } = await begun();
    const other = { ...known, version: (await backend.create("other", encodeRecord(known)))! };
    const { first, letGo } = await hold();
    await within(1000, (deadline) => commits.edit("other", other, put("b", 1), deadline));
    expect(dataOf(await backend.read("other"))).toEqual({ a: 1, b: 1 });
    letGo();
    await first;
  });

  test("leave nothing behind: the next one begins with the record that it has loaded", async () => {
    const { backend, commit, elsewhere } = await begun();
    await commit(put("b", 1));
    const newer = await elsewhere("c", 1);
    expect(await shown(commit(put("d", 1), newer))).toEqual([newer.contents.data, { a: 1, b: 1, c: 1, d: 1 }]);
    expect(backend.counted()).toEqual(["swap"]);
  });

  test("of which one throws: its request gets the error, and the others are saved", async () => {
    const { backend, commit, hold } = await begun();
    const { first, letGo } = await hold();
    const error = new TypeError("no number");
    const bad = commit(() => {
      throw error;
    });
    const third = commit(put("third", 3));
    letGo();
    await expect(bad).rejects.toBe(error);
    expect(await shown(third)).toEqual([
      { a: 1, first: 1 },
      { a: 1, first: 1, third: 3 },
    ]);
    await first;
    expect(backend.counted()).toEqual(["swap", "swap"]);
  });

  test("that all throw save nothing, and the session goes on", async () => {
    const { backend, commit } = await begun();
    const bad = commit(() => {
      throw new TypeError("no number");
    });
    await expect(bad).rejects.toThrow("no number");
    expect(backend.counted()).toEqual([]);
    expect(await shown(commit(put("b", 1)))).toEqual([{ a: 1 }, { a: 1, b: 1 }]);
  });

  test("whose requests were answered 503 while they waited are not made", async () => {
    const { backend, known, commit, kept, hold } = await begun();
    const { first, letGo } = await hold();
    await expect(commit(put("late", 1), known, 1)).rejects.toThrow(SessionUnavailableError);
    letGo();
    await first;
    await new Promise(setImmediate);
    expect(backend.counted()).toEqual(["swap"]);
    expect(await kept()).toEqual({ a: 1, first: 1 });
  });

  test("of which one makes the session too long: it is refused, the others are saved", async () => {
    const { backend, commit, kept, hold } = await begun();
    const { first, letGo } = await hold();
    const changes = [put("b", 1), put("long", "x".repeat(70_000)), put("c", 1), put("d", 1)];
    const [b, long, c, d] = changes.map((change) => commit(change));
    letGo();
    await expect(long).rejects.toThrow(SessionTooLargeError);
    expect(await shown(b!)).toEqual([
      { a: 1, first: 1 },
      { a: 1, first: 1, b: 1 },
    ]);
    expect(await shown(c!)).toEqual([
      { a: 1, first: 1, b: 1 },
      { a: 1, first: 1, b: 1, c: 1 },
    ]);
    await Promise.all([first, d]);
    expect(await kept()).toEqual({ a: 1, first: 1, b: 1, c: 1, d: 1 });
    // The first, and then each for itself; what is too long is not even sent.
    expect(backend.counted()).toEqual(["swap", "swap", "swap", "swap", "read"]);
  });

  test("beside one that is too long, of which another fails: only those two are lost", async () => {
    const { backend, commit, hold } = await begun();
    const { first, letGo } = await hold();
    const [long, failing, last] = [put("long", "x".repeat(70_000)), put("failing", 1), put("last", 1)].map((change) => commit(change));
    let answers = 0;
    backend.after = (name) => {
      if (name === "swap" && ++answers === 2) throw new Error("connection lost");
    };
    letGo();
    await Promise.all([
      first,
      expect(long).rejects.toThrow(SessionTooLargeError),
      expect(failing).rejects.toThrow(SessionUnavailableError),
    ]);
    // Its swap was done, and only the answer was lost.
    expect(await shown(last!)).toEqual([
      { a: 1, first: 1, failing: 1 },
      { a: 1, first: 1, failing: 1, last: 1 },
    ]);
  });
});

describe("a change to a session that another process has changed", () => {
  test("is made again on the newer one", async () => {
    const { backend, commit, elsewhere } = await begun();
    await elsewhere("b", 2);
    expect(await shown(commit(put("c", 3)))).toEqual([
      { a: 1, b: 2 },
      { a: 1, b: 2, c: 3 },
    ]);
    expect(backend.counted()).toEqual(["swap", "swap"]);
  });

  test("is made again at once the first time, without a timer", async () => {
    const { commit, elsewhere } = await begun();
    await elsewhere("b", 2);
    // Nobody moves its clock on.
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    expect((await commit(put("c", 3)))?.after.contents.data).toEqual({ a: 1, b: 2, c: 3 });
  });

  test("that the newer record already contains is not made again", async () => {
    const { backend, commit, elsewhere } = await begun();
    await elsewhere("b", 2);
    const change: Edit = (current) => (current.contents.data["b"] === 2 ? current : put("b", 2)(current));
    expect(await shown(commit(change))).toEqual([
      { a: 1, b: 2 },
      { a: 1, b: 2 },
    ]);
    expect(backend.counted()).toEqual(["swap"]);
  });

  test("is made on the record that its request has loaded, although this process knows an older one only", async () => {
    const { backend, commit, kept, elsewhere } = await begun();
    const [reached, held] = [gate(), gate()];
    backend.after = async (name) => {
      if (name !== "swap") return;
      backend.after = () => undefined;
      reached.open();
      await held.opened;
    };
    const first = commit(put("first", 1));
    await Promise.race([reached.opened, first]);
    const newer = await elsewhere("b", 2);
    // There is no b in what this process has saved itself, so for that there would be nothing to do.
    const without: Edit = (current) => {
      const { b, ...data } = current.contents.data;
      return b === undefined ? current : { ...current, contents: { ...current.contents, data } };
    };
    const second = commit(without, newer);
    held.open();
    await first;
    expect(await shown(second)).toEqual([
      { a: 1, first: 1, b: 2 },
      { a: 1, first: 1 },
    ]);
    expect(await kept()).toEqual({ a: 1, first: 1 });
  });

  test("at every try is saved in the end; from the second try on there is a pause of up to 2 ms", async () => {
    const { backend, commit } = await begun();
    vi.useFakeTimers();
    // The longest moments that there can be.
    vi.spyOn(Math, "random").mockReturnValue(1);
    onTestFinished(() => void [vi.useRealTimers(), vi.restoreAllMocks()]);
    const began = performance.now();
    const triedAt: number[] = [];
    const swap = backend.swap.bind(backend);
    backend.swap = async (name, version, record) => {
      const current = (await backend.read(key))!;
      if (triedAt.length < 5) await swap(key, current.version, current);
      triedAt.push(performance.now() - began);
      return swap(name, version, record);
    };
    const changed = shown(commit(put("b", 1)));
    await vi.advanceTimersByTimeAsync(100);
    expect(await changed).toEqual([{ a: 1 }, { a: 1, b: 1 }]);
    expect(triedAt).toEqual([0, 0, 1, 3, 5, 7]);
  });
});

describe("a change that changes nothing", () => {
  test("does not call the backend", async () => {
    const { backend, known, commit } = await begun();
    expect(await commit(nothing)).toEqual({ before: known, after: known });
    expect(backend.counted()).toEqual([]);
  });

  test("does not call the backend, also after waiting for a change that was saved", async () => {
    const { backend, known, commit, hold } = await begun();
    const { first, letGo } = await hold();
    const second = commit(nothing);
    letGo();
    await first;
    expect(await second).toEqual({ before: known, after: known });
    expect(backend.counted()).toEqual(["swap"]);
  });

  test("learns the newest record, when it is made together with others", async () => {
    const { commit, hold } = await begun();
    const { first, letGo } = await hold();
    const [second] = [commit(nothing), commit(put("third", 3))];
    letGo();
    await first;
    expect(await shown(second)).toEqual([
      { a: 1, first: 1 },
      { a: 1, first: 1, third: 3 },
    ]);
  });

  test("to a record of a cache calls the backend, which may have a newer one", async () => {
    const { backend, known, commit, elsewhere } = await begun();
    const cached = { ...known, cached: true };
    expect(await shown(commit(nothing, cached))).toEqual([{ a: 1 }, { a: 1 }]);
    expect(backend.counted()).toEqual(["swap"]);
    await elsewhere("b", 2);
    expect(await shown(commit(nothing, cached))).toEqual([
      { a: 1, b: 2 },
      { a: 1, b: 2 },
    ]);
    expect(backend.counted()).toEqual(["swap"]);
  });
});
