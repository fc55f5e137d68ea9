import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { nodeSessions, type NodeMiddleware } from "@mini/session/node";
import { failing, passing, type NodeFramework } from "./node-frameworks.ts";

const load = createRequire(import.meta.url);

/**
 * In its own file, because Restify changes the prototypes of node:http for the whole process. Restify 11 does not run on Node 24, and
 * Restify 12 does not run on Node 20.
 */
export function restify(): readonly NodeFramework[] {
  if (Number(process.versions.node.split(".")[0]) >= 24) return [];
  const { createServer } = load("restify") as { readonly createServer: () => Restify };
  return [
    {
      name: "Restify",
      make(sessions, handle, onError) {
        const app = createServer();
        app.use(nodeSessions(sessions));
        for (const method of ["get", "post", "head"] as const) app[method]("/*", passing(handle));
        app.on("restifyError", (request, response, error) => failing(onError)(error, request, response, () => undefined));
        return (request, response) => void app.server.emit("request", request, response);
      },
    },
  ];
}

interface Restify {
  readonly server: Server;
  use(middleware: NodeMiddleware): void;
  get(path: string, handle: NodeMiddleware): void;
  post(path: string, handle: NodeMiddleware): void;
  head(path: string, handle: NodeMiddleware): void;
  on(event: "restifyError", listener: (request: IncomingMessage, response: ServerResponse, error: unknown) => void): void;
}
