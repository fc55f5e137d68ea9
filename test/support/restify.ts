import { IncomingMessage, type Server, ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { nodeSessions, type NodeMiddleware } from "@mini/session/node";
import { failing, passing, type NodeFramework } from "./node-frameworks.ts";
import { endedAfterFile } from "./per-file.ts";

const load = createRequire(import.meta.url);

/** Restify changes the prototypes of node:http for the whole process. After the file, other files get them as they were. */
const changes = endedAfterFile<() => void>((undo) => undo());

function keep(prototype: object): () => void {
  const before = Object.getOwnPropertyDescriptors(prototype);
  return () => {
    for (const key of Reflect.ownKeys(prototype)) if (!Object.hasOwn(before, key)) Reflect.deleteProperty(prototype, key);
    Object.defineProperties(prototype, before);
  };
}

/** For one test file. Restify 11 does not run on Node 24, and Restify 12 does not run on Node 20. */
export function restify(): readonly NodeFramework[] {
  if (Number(process.versions.node.split(".")[0]) >= 24) return [];
  for (const { prototype } of [IncomingMessage, ServerResponse]) changes.add(keep(prototype as object));
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
