import type { Worker } from "node:cluster";
import { EventEmitter } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Supervisor } from "../../examples/cluster/supervisor.ts";
import { gate } from "../support/session-app.ts";

beforeEach(() => void vi.spyOn(console, "error").mockReturnValue());
afterEach(() => void vi.restoreAllMocks());

/** A process that was never started. */
class FakeWorker extends EventEmitter {
  readonly process: { readonly pid: number };

  constructor(pid: number) {
    super();
    this.process = { pid };
  }
  isConnected() {
    return false;
  }
  listen() {
    this.emit("message", { url: "http://127.0.0.1:1" });
  }
  die() {
    this.emit("exit", 1, null);
  }
}

/** A supervisor whose processes do nothing but what `behave` does when they are started, by a clock that only pauses move. */
function makeSupervisor(behave: (worker: FakeWorker) => void) {
  const workers: FakeWorker[] = [];
  const pauses: number[] = [];
  let time = 0;
  const bench = {
    workers,
    pauses,
    pass: (seconds: number) => void (time += seconds * 1000),
    onPause: (_milliseconds: number, _signal: AbortSignal): void | Promise<void> => undefined,
  };
  const supervisor = new Supervisor({
    number: 1,
    environment: {},
    onChange: () => undefined,
    fork() {
      const worker = new FakeWorker(workers.length + 1);
      workers.push(worker);
      queueMicrotask(() => behave(worker));
      return worker as unknown as Worker;
    },
    async pause(milliseconds, signal) {
      pauses.push(milliseconds);
      time += milliseconds;
      await bench.onPause(milliseconds, signal);
    },
    now: () => time,
  });
  return { ...bench, bench, supervisor };
}

const growing = [0, 0, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000];

test("a process that dies at once again and again is restarted after longer and longer pauses", async () => {
  const { supervisor, bench, workers, pauses } = makeSupervisor((worker) => worker.die());
  bench.onPause = () => {
    if (pauses.length === growing.length) supervisor.close();
  };
  await supervisor.start();
  expect(pauses).toEqual(growing);
  expect(workers.length).toBe(growing.length - 1);
});

test("a process that dies after it has listened is treated the same", async () => {
  const { supervisor, bench, pauses } = makeSupervisor((worker) => {
    worker.listen();
    setImmediate(() => worker.die());
  });
  const over = gate();
  bench.onPause = () => {
    if (pauses.length < growing.length) return;
    supervisor.close();
    over.open();
  };
  await supervisor.start();
  await over.opened;
  expect(pauses).toEqual(growing);
});

test("a process that has worked for ten seconds is replaced at once", async () => {
  const { supervisor, workers, pauses, pass } = makeSupervisor((worker) => (worker.process.pid < 5 ? worker.die() : worker.listen()));
  await supervisor.start();
  expect(pauses).toEqual([0, 0, 1000, 2000, 4000]);
  pass(10);
  workers[4]?.die();
  await vi.waitFor(() => expect(supervisor.member).toEqual({ number: 1, pid: 6 }), 60_000);
  expect(pauses.slice(5)).toEqual([0]);
});

test("no process is started when the supervisor is closed during a pause", async () => {
  const { supervisor, bench, workers } = makeSupervisor((worker) => worker.die());
  bench.onPause = (milliseconds, signal) => {
    if (milliseconds === 0) return;
    const aborted = new Promise<void>((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    supervisor.close();
    return aborted;
  };
  await supervisor.start();
  expect(workers.length).toBe(2);
});
