import { EventEmitter, once } from "node:events";
import { events, type EventsFunction } from "@mini/core/events";
import { afterEach, describe, expect, test, vi } from "vitest";
import { makeApp } from "../support/one-handler.ts";

afterEach(() => void vi.useRealTimers());

const never = () => new Promise<never>(() => undefined);
const silent: EventsFunction = () => ({ [Symbol.asyncIterator]: () => ({ next: never }) });

describe("a heartbeat", () => {
  test("is a comment that is sent when there was no event for a while, and its timer runs only while the client reads", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const notes = new EventEmitter();
    const { get } = makeApp(() =>
      events(
        async function* ({ signal }) {
          for (;;) yield { data: String((await once(notes, "note", { signal }))[0]) };
        },
        { heartbeat: 1000 },
      ),
    );
    const reader = ((await get()).body as ReadableStream<Uint8Array>).getReader();
    const read = async () => Buffer.from((await reader.read()).value!).toString();
    expect(await read()).toBe(":\n\n");
    expect(vi.getTimerCount()).toBe(0);
    for (let i = 0; i < 3; i++) {
      const next = read();
      await vi.advanceTimersByTimeAsync(1000);
      expect([await next, vi.getTimerCount()]).toEqual([":\n\n", 0]);
    }
    const next = read();
    await vi.advanceTimersByTimeAsync(999);
    expect(vi.getTimerCount()).toBe(1);
    notes.emit("note", "tea");
    expect([await next, vi.getTimerCount()]).toEqual(["data: tea\n\n", 0]);
    const last = reader.read();
    await vi.advanceTimersByTimeAsync(0);
    expect([vi.getTimerCount(), notes.listenerCount("note")]).toEqual([1, 1]);
    await reader.cancel();
    await last;
    await vi.advanceTimersByTimeAsync(0);
    expect([vi.getTimerCount(), notes.listenerCount("note")]).toEqual([0, 0]);
  });

  test("loses no event that comes after it, before the client reads again", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const notes = new EventEmitter();
    const { get } = makeApp(() =>
      events(
        async function* () {
          yield { data: String((await once(notes, "note"))[0]) };
        },
        { heartbeat: 1000 },
      ),
    );
    const reader = ((await get()).body as ReadableStream<Uint8Array>).getReader();
    const read = async () => Buffer.from((await reader.read()).value ?? []).toString();
    expect(await read()).toBe(":\n\n");
    const beat = read();
    await vi.advanceTimersByTimeAsync(1000);
    expect(await beat).toBe(":\n\n");
    notes.emit("note", "tea");
    await vi.advanceTimersByTimeAsync(0);
    expect([await read(), await read()]).toEqual(["data: tea\n\n", ""]);
  });

  test("is sent after 15 seconds, with a timer that does not keep the process alive, or never", async () => {
    const started = vi.spyOn(globalThis, "setTimeout");
    for (const options of [undefined, { heartbeat: 0 }]) {
      const { get } = makeApp(() => events(silent, options));
      const reader = ((await get()).body as ReadableStream<Uint8Array>).getReader();
      await reader.read();
      void reader.read();
      await new Promise((resolve) => setImmediate(resolve));
      await reader.cancel();
    }
    const timers = started.mock.calls.flatMap(([, milliseconds], i) =>
      milliseconds === 15_000 ? [(started.mock.results[i]!.value as NodeJS.Timeout).hasRef()] : [],
    );
    started.mockRestore();
    expect(timers).toEqual([false]);
  });
});
