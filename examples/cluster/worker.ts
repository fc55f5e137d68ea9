import cluster from "node:cluster";
import { serve } from "@mini/core/serve";
import { makeApp } from "./app.ts";
import { openBackend } from "./backends.ts";
import type { Settings } from "./config.ts";
import type { Member, Order, Report } from "./messages.ts";

/** Milliseconds that connections have to end in, once this process is to finish. */
const patience = 10_000;

/** Answers requests until the primary, or SIGTERM, says to finish. */
export async function work(settings: Settings): Promise<void> {
  const me: Member = { number: Number(process.env["WORKER"]), pid: process.pid };
  let team: readonly Member[] = [me];
  const toldToFinish = new Promise<void>((resolve) => {
    process.on("message", (order: Order) => (order === "finish" ? resolve() : void (team = order.team)));
    process.on("SIGTERM", () => resolve());
  });
  // Terminals send these to every process of the program; what is to be done then, the primary says.
  for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => undefined);

  const { place, backend, close } = await openBackend(settings);
  const app = makeApp({ secretKey: settings.secretKey, backend, fleet: { place, me, team: () => team } });
  const { port, hostname } = settings;
  const server = await serve(app, { port, hostname, gracefulShutdown: false, silent: true });
  process.send?.({ url: server.url } satisfies Report);

  await toldToFinish;
  // A connection over which nothing was asked yet, as browsers open them in advance, would keep the process for as long as it is open.
  const late = new Promise<void>((resolve) => setTimeout(resolve, patience).unref());
  // What is in flight is answered first, and needs the backend; the backend needs what it is kept in.
  await Promise.race([server.close(), late]);
  await Promise.race([close(), late]);
  // Closes the channel to the primary, which is all that keeps this process now.
  cluster.worker!.kill();
}
