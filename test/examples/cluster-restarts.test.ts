import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { startApp, stopApps } from "../support/app-process.ts";
import { root, temporaryFolder } from "../support/folder.ts";
import { Visitor } from "../support/http.ts";

afterAll(stopApps);

/** Each takes seconds where other tests load the machine as well. */
const restarts = process.env["CI"] === "true" ? 10 : 3;
/** A process starts in less than a second, on machines that are busy in more. */
const patience = { timeout: 60_000, interval: 20 };

test("rolling restarts under load: no request fails, and every click that was answered is counted", async () => {
  const dataPath = join(temporaryFolder(), "data");
  const environment = { BACKEND: undefined, WORKERS: "1", DATA_PATH: dataPath, SECRET_KEY: "a key for tests, long enough to sign" };
  const app = startApp(environment, join(root, "examples/cluster"));
  const base = await app.url();
  const primary = Number(/kill -HUP (\d+)/.exec(app.output.stdout)?.[1]);
  const pids = new Set<string>();
  let over = false;

  /** Clicks until it is over, and notes who answers; what was answered other than it should be, and how many clicks were answered. */
  async function load() {
    const visitor = new Visitor(base);
    const wrong: string[] = [];
    let answered = 0;
    while (!over || answered === 0) {
      const { status, headers } = await visitor.visit("/", { form: {} });
      if (status === 303 && headers["location"] === "/") answered++;
      else wrong.push(`${status} ${headers["location"]}`);
      const { text } = await visitor.visit("/");
      pids.add(/It has the pid (\d+)/.exec(text)?.[1] ?? text);
      if (!text.includes(` ${answered} click`)) wrong.push(`${answered} clicks, and the page says: ${text}`);
    }
    await visitor.close();
    return { wrong, answered };
  }

  const loads = Promise.all([load(), load(), load()]);
  // Should one fail, there is no need to go on.
  void loads.catch(() => (over = true));
  await vi.waitFor(() => expect(pids.size).toBe(1), patience);
  for (let done = 1; done <= restarts && !over; done++) {
    process.kill(primary, "SIGHUP");
    await vi.waitFor(() => {
      expect(app.output.stdout.match(/All processes are replaced\./g)).toHaveLength(done);
      // The first process and one of each restart. The old one may still answer what had begun.
      expect(pids.size).toBe(done + 1);
    }, patience);
  }
  over = true;
  const results = await loads;
  expect(results.flatMap(({ wrong }) => wrong)).toEqual([]);
  expect(pids.size).toBe(restarts + 1);
  expect(app.output.stderr).toBe("");
  expect(await app.stop()).toEqual({ code: 0, signal: null });
});
