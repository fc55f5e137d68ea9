import cluster from "node:cluster";
import { serve } from "@mini/core/serve";
import { makeApp } from "./app.ts";
import { openBackend } from "./backends.ts";
import type { Settings } from "./config.ts";
import type { Member, Order, Report } from "./messages.ts";

/** Milliseconds in which connections must end when this process finishes. */
const patience = 10_000;

/** Answers requests until the primary or SIGTERM ends it. */
export async function work(settings: Settings): Promise<void> {
  const me: Member = { number: Number(process.env["WORKER"]), pid: process.pid };
  let team: readonly Member[] = [me];
  const toldToFinish = new Promise<void>((resolve) => {
    process.on("message", (order: Order) => (order === "finish" ? resolve() : void (team = order.team)));
    process.on("SIGTERM", () => resolve());
  });
  // A terminal sends these signals to every process of the program. Here, the primary decides what to do.
  for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => undefined);

  const { place, backend, close } = await openBackend(settings);
  const app = makeApp({ secretKey: settings.secretKey, backend, fleet: { place, me, team: () => team } });
  const { port, hostname } = settings;
  const server = await serve(app, { port, hostname, gracefulShutdown: false, silent: true });
  process.send?.({ url: server.url } satisfies Report);

  await toldToFinish;
  // Browsers open connections in advance. One without a request would keep the process running for as long as it is open.
  const late = new Promise<void>((resolve) => setTimeout(resolve, patience).unref());
  // Requests in flight need the backend, and the backend needs its client. So they are closed in this order.
  await Promise.race([server.close(), late]);
  await Promise.race([close(), late]);
  // Closes the channel to the primary. Nothing else keeps this process running.
  cluster.worker!.kill();
}
