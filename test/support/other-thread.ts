import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { afterAll } from "vitest";

/** Another thread, which answers while this one is busy. */
export interface OtherThread {
  /** Sends it a request; resolves when this thread handles the answer. */
  readonly ask: () => Promise<void>;
  /** Keeps this thread busy until the given number of milliseconds has passed and all requests are answered. */
  readonly beBusy: (milliseconds: number) => void;
}

const source = `
const { parentPort, workerData } = require("node:worker_threads");
parentPort.on("message", (number) => {
  parentPort.postMessage(number);
  Atomics.add(workerData, 0, 1);
});
parentPort.postMessage("ready");
`;

/** Starts a thread, which ends with the tests of the file. */
export async function startOtherThread(): Promise<OtherThread> {
  const answered = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(source, { eval: true, workerData: answered, execArgv: [] });
  afterAll(async () => void (await worker.terminate()));
  await once(worker, "message");
  const waiting = new Map<number, () => void>();
  worker.on("message", (number: number) => waiting.get(number)?.());
  let asked = 0;
  return {
    ask() {
      const number = ++asked;
      const answer = new Promise<void>((resolve) => waiting.set(number, resolve));
      worker.postMessage(number);
      return answer;
    },
    beBusy(milliseconds) {
      const until = performance.now() + milliseconds;
      while (performance.now() < until || Atomics.load(answered, 0) < asked);
    },
  };
}
