import type { IncomingMessage, ServerResponse } from "node:http";
import { sessionStoreOf } from "@mini/session/node";
import type { Sessions, SessionStore } from "@mini/session";
import { fastifySessions } from "@mini/session/fastify";
import { h3Sessions, honoSessions } from "@mini/session/fetch";
import fastify from "fastify";
import { H3 } from "h3";
import { Hono } from "hono";
import { afterAll } from "vitest";
import { listen, nodeFrameworks, type NodeFramework } from "./node-frameworks.ts";

/** The handler of a request that has sessions. */
export type DoorHandler = (request: Request, store: SessionStore) => Promise<Response>;

/** Called by the error handling of the framework, before it answers. */
export type DoorErrorHandler = (error: unknown, store: SessionStore) => Promise<void>;

/** A framework with an adapter for sessions. */
export interface AdapterDoor {
  readonly name: string;
  /** Whether the framework tells a middleware what was thrown. If not, a status of 500 or more means an error. */
  readonly tellsErrors: boolean;
  /** Whether the error handling of the framework runs after the commit, so that it cannot change a session. */
  readonly commitsBeforeErrorHandlers?: boolean;
  /** Makes the function that sends requests through the framework. */
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

/** The status with which the frameworks answer an error. */
const statusOf = (error: unknown): number => (error as { readonly status?: number }).status ?? 500;

const honoDoor: AdapterDoor = {
  name: "Hono",
  tellsErrors: true,
  make(sessions, handle, onError) {
    const app = new Hono();
    app.use(honoSessions(sessions));
    app.all("*", (c) => handle(c.req.raw, c.var.sessionStore));
    app.onError(async (error, c) => {
      await onError(error, c.var.sessionStore);
      return new Response(`handled: ${statusOf(error)}`, { status: statusOf(error) });
    });
    return async (request) => app.fetch(request);
  },
};

const h3Door: AdapterDoor = {
  name: "h3",
  tellsErrors: true,
  commitsBeforeErrorHandlers: true,
  make(sessions, handle, onError) {
    const app = new H3({
      silent: true,
      async onError(error, { context, res }) {
        await onError(error.cause ?? error, context.sessionStore);
        // h3 does not add them to a response of onError.
        return new Response(`handled: ${error.status}`, { status: error.status, headers: res.errHeaders });
      },
    });
    app.use(h3Sessions(sessions));
    app.all("/**", ({ req, context }) => handle(req, context.sessionStore));
    return async (request) => app.fetch(request);
  },
};

const fastifyDoor: AdapterDoor = {
  name: "Fastify",
  tellsErrors: true,
  make(sessions, handle, onError) {
    const app = fastify();
    app.register(fastifySessions(sessions));
    app.setErrorHandler(async (error, request, reply) => {
      await onError(error, request.sessionStore);
      return reply.code(statusOf(error)).send(`handled: ${statusOf(error)}`);
    });
    app.register((routes, _options, done) => {
      routes.all("*", async ({ raw, sessionStore }, reply) => {
        const request = new Request(`http://localhost${raw.url}`, { method: raw.method!, headers: raw.headers as Record<string, string> });
        const response = await handle(request, sessionStore);
        reply.raw.sendDate = false;
        return reply.send(response);
      });
      done();
    });
    const ready = app.listen({ port: 0, host: "127.0.0.1" });
    afterAll(() => app.close());
    return async (request) => ask(Number(new URL(await ready).port), request);
  },
};

/** Each adapter once. */
export const adapterDoors: readonly AdapterDoor[] = [
  ...nodeFrameworks.filter(({ name }) => ["Express 5", "Koa"].includes(name)).map(nodeDoor),
  honoDoor,
  h3Door,
  fastifyDoor,
];
