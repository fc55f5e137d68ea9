import { text } from "@mini/core";
import { serve, type Server, type ServeOptions } from "@mini/core/serve";
import { afterEach } from "vitest";
import { makeApp } from "./one-handler.ts";
import { closeSockets } from "./slow-clients.ts";

/** A function that serves one handler. After each test of the file, its servers are closed, and before them the sockets that are watched. */
export function servedHandlers(): (options: ServeOptions, work?: () => unknown) => Promise<Server> {
  const open: Server[] = [];
  afterEach(async () => {
    closeSockets();
    await Promise.all(open.splice(0).map((server) => server.close()));
  });
  return async (options, work = () => text("fine")) => {
    const server = await serve(makeApp(work).app, { port: 0, silent: true, gracefulShutdown: false, ...options });
    open.push(server);
    return server;
  };
}
