import cluster from "node:cluster";
import type { Settings } from "./config.ts";
import { Fleet } from "./fleet.ts";

/** Runs the workers until it is told to end. */
export async function lead({ secretKey, keyIsMade, workers }: Settings): Promise<void> {
  // Each worker accepts connections itself. If the primary passed a connection to a worker that dies, its client would wait
  // forever.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  const fleet = new Fleet({ size: workers, environment: { SECRET_KEY: secretKey } });
  if (keyIsMade) console.info("SECRET_KEY is not set: made one for this run. A rolling restart keeps it, a new start ends every session.");

  let stopping = false;
  const stop = () => {
    // npm forwards a signal that the terminal has sent to this process too, so it may come twice.
    if (!stopping) void fleet.stop();
    stopping = true;
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, stop);

  let turn = fleet.start();
  process.on("SIGHUP", () => {
    turn = turn.then(async () => {
      if (stopping) return false;
      console.info("SIGHUP: replacing the processes one after the other.");
      const done = await fleet.restart();
      if (done) console.info("All processes are replaced.");
      else if (!stopping) console.error("A new process did not start: those that were not replaced go on.");
      return done;
    });
  });

  if (await turn) {
    const processes = workers === 1 ? "1 process" : `${workers} processes`;
    console.info(`Listening on ${fleet.url} with ${processes}; kill -HUP ${process.pid} replaces them one after the other.`);
  } else if (!stopping) process.exitCode = 1;
}
