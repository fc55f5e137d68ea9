import { SessionUnavailableError, type CallSignal } from "@mini/session";
import { describe, expect, test } from "vitest";
import { begun, key, put, within } from "../../support/group-commits.ts";
import { gate } from "../../support/session-app.ts";

describe("changes that a backend keeps waiting", () => {
  test("of which one was answered 503 before the backend began the swap: the others are saved without it", async () => {
    const { backend, commits, known, kept } = await begun();
    const swap = backend.swap.bind(backend);
    const reached = gate();
    const late = gate();
    let calls = 0;
    // As a backend does that waits for a lock.
    backend.swap = async (name, version, record, signal?: CallSignal) => {
      calls++;
      reached.open();
      await late.opened;
      if (signal?.aborted) throw new DOMException("too late", "AbortError");
      return swap(name, version, record);
    };
    const patient = within(60_000, (deadline) => commits.edit(key, known, put("first", 1), deadline));
    await reached.opened;
    const hasty = within(1, (deadline) => commits.edit(key, known, put("hasty", 1), deadline));
    const second = within(60_000, (deadline) => commits.edit(key, known, put("second", 2), deadline));
    await expect(hasty).rejects.toThrow(SessionUnavailableError);
    late.open();
    await Promise.all([patient, second]);
    expect(await kept()).toEqual({ a: 1, first: 1, second: 2 });
    expect(calls).toBe(2);
  });

  test("that wait for the lock of a backend are made without the one that was answered 503 in the meantime", async () => {
    const { backend, commits, known, kept } = await begun();
    const swap = backend.swap.bind(backend);
    const [hastyIsOver, seen] = [gate(), [] as boolean[]];
    backend.swap = async (name, version, record, signal?: CallSignal) => {
      if (seen.length > 0) await hastyIsOver.opened;
      seen.push(signal?.aborted ?? false);
      if (signal?.aborted) throw new DOMException("too late", "AbortError");
      return swap(name, version, record);
    };
    const first = within(60_000, (deadline) => commits.edit(key, known, put("first", 1), deadline));
    const hasty = within(50, (deadline) => commits.edit(key, known, put("hasty", 1), deadline));
    const second = within(60_000, (deadline) => commits.edit(key, known, put("second", 2), deadline));
    await expect(hasty).rejects.toThrow(SessionUnavailableError);
    hastyIsOver.open();
    await Promise.all([first, second]);
    expect(await kept()).toEqual({ a: 1, first: 1, second: 2 });
    expect(seen).toEqual([false, true, false]);
  });

  test("that the backend aborts by itself are answered 503, and are not tried again", async () => {
    const { backend, commits, known } = await begun();
    let calls = 0;
    backend.swap = async () => {
      if (++calls > 3) throw new Error("It is tried for ever.");
      throw new DOMException("The connection was aborted.", "AbortError");
    };
    const changing = within(60_000, (deadline) => commits.edit(key, known, put("first", 1), deadline));
    await expect(changing).rejects.toThrow(SessionUnavailableError);
    expect(calls).toBe(1);
  });
});
