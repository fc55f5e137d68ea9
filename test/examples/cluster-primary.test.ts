import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { startCompiled, stopApps, type AppProcess } from "../support/app-process.ts";
import { root, temporaryFolder } from "../support/folder.ts";
import { Visitor } from "../support/http.ts";
import { processes } from "../support/long-run.ts";
import { isRunning } from "../support/processes.ts";

afterAll(stopApps);

/** A process starts in less than a second, on machines that are busy in more. */
const patience = { timeout: 60_000, interval: 20 };
const long = 300_000 * processes;

const primaryOf = ({ output }: AppProcess) => Number(/kill -HUP (\d+)/.exec(output.stdout)?.[1]);

/** What the page shows: clicks of the session, and pids of the processes. */
async function look(visitor: Visitor) {
  const { markup, text } = await visitor.visit("/");
  const rows = [...markup.matchAll(/<th scope="row">.*?<td>(\d+)<\/td>/gs)];
  return { clicks: Number(/(\d+) clicks? in this session/.exec(text)?.[1]), pids: rows.map(([, pid]) => Number(pid)) };
}

test(
  "when the primary is killed under load its workers end, and the next start has every click that was answered",
  { timeout: long },
  async () => {
    const environment = {
      BACKEND: undefined,
      WORKERS: "2",
      DATA_PATH: join(temporaryFolder(), "data"),
      SECRET_KEY: "a key for tests, long enough to sign",
    };
    const start = () => startCompiled(environment, join(root, "examples/cluster"));
    let app = start();
    let visitor = new Visitor(await app.url());
    let answered = 0;
    for (let killed = 0; killed < processes; killed++) {
      await visitor.visit("/", { form: {} });
      answered++;
      const { pids } = await look(visitor);
      expect(pids).toHaveLength(2);
      const clicking = Promise.all(
        [1, 2, 3, 4].map(async () => {
          for (;;) {
            const answer = await visitor.visit("/", { form: {} }).catch(() => undefined);
            // Nobody listens any more.
            if (answer === undefined) return;
            expect(answer.status).toBe(303);
            answered++;
          }
        }),
      );
      const enough = answered + 20;
      await vi.waitFor(() => expect(answered).toBeGreaterThan(enough), patience);
      process.kill(primaryOf(app), "SIGKILL");
      await clicking;
      await vi.waitFor(() => expect(pids.filter(isRunning)).toEqual([]), patience);
      await app.ended;

      app = start();
      visitor = new Visitor(await app.url(), visitor.jar);
      const { clicks } = await look(visitor);
      expect(clicks).toBeGreaterThanOrEqual(answered);
      // Four may have been counted without being answered.
      expect(clicks).toBeLessThanOrEqual(answered + 4);
      answered = clicks;
    }
    expect(await app.stop()).toEqual({ code: 0, signal: null });
    await visitor.close();
  },
);
