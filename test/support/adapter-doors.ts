import type { IncomingMessage, ServerResponse } from "node:http";
import type { App } from "@mini/core";
import { sessionStoreOf } from "@mini/session/node";
import type { Sessions, SessionStore } from "@mini/session";
import { listen, nodeFrameworks, type NodeFramework } from "./node-frameworks.ts";

/** Answers a request that has sessions. */
export type DoorHandler = (request: Request, store: SessionStore) => Promise<Response>;

/** Called by the error handling of the framework, before it answers. */
export type DoorErrorHandler = (error: unknown, store: SessionStore) => Promise<void>;

/** A framework with an adapter, that a request goes through on its way to sessions. */
export interface AdapterDoor {
  readonly name: string;
  /** Whether the framework tells a middleware what was thrown. If not, a status of 500 or more tells of an error. */
  readonly tellsErrors: boolean;
  /** Makes what requests are given to. */
  readonly make: (sessions: Sessions, handle: DoorHandler, onError: DoorErrorHandler) => (request: Request) => Promise<Response>;
}

function nodeDoor(framework: NodeFramework): AdapterDoor {
  return {
    name: framework.name,
    tellsErrors: framework.name === "Koa",
    make(sessions, handle, onError) {
      const answer = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
        const request = new Request(`http://localhost${incoming.url}`, {
          method: incoming.method!,
          headers: incoming.headers as Record<string, string>,
        });
        const response = await handle(request, sessionStoreOf(incoming));
        outgoing.sendDate = false;
        outgoing.writeHead(response.status, Object.fromEntries(response.headers));
        outgoing.end(await response.text());
      };
      const port = listen(framework.make(sessions, answer, (error, incoming) => onError(error, sessionStoreOf(incoming))));
      return async (request) => ask(await port, request);
    },
  };
}

/** Sends a request to a server on this machine, on a socket. */
export function ask(port: number, request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const { method, headers } = request;
  return fetch(`http://127.0.0.1:${port}${pathname}${search}`, { method, headers, redirect: "manual" });
}

/** Each adapter once. */
export const adapterDoors: readonly AdapterDoor[] = nodeFrameworks.filter(({ name }) => ["Express 5", "Koa"].includes(name)).map(nodeDoor);

/** An application that is only good for its `fetch`. */
export function appBehind(adapter: AdapterDoor, sessions: Sessions, handle: DoorHandler, onError: DoorErrorHandler): App {
  return { fetch: adapter.make(sessions, handle, onError) } as unknown as App;
}
