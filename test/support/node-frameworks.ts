import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import type { Sessions } from "@mini/session";
import { koaSessions } from "@mini/session/koa";
import { nodeSessions, sessionErrors, type NodeMiddleware } from "@mini/session/node";
import express from "express";
import Koa from "koa";
import { endedAfterFile } from "./per-file.ts";

type Next = (error?: unknown) => void;

/** Answers a request with the methods of node:http. */
export type Handle = (request: IncomingMessage, response: ServerResponse) => unknown;

export type OnError = (error: unknown, request: IncomingMessage) => void | Promise<void>;

/** A framework whose requests and responses are those of node:http. */
export interface NodeFramework {
  readonly name: string;
  /**
   * Makes a program that has sessions and one handler. Its error handling answers with the status of the error, else 500, and the text
   * `handled: 503`.
   *
   * @param onError - Called by the error handling, before it answers.
   */
  readonly make: (sessions: Sessions, handle: Handle, onError: OnError) => RequestListener | Promise<RequestListener>;
}

const load = createRequire(import.meta.url);
/** Express 4 has the same types, as far as they are used. */
const express4 = load("express4") as typeof express;
const connect = load("connect") as () => RequestListener & { use(middleware: unknown): unknown };
const polka = load("polka") as (options: { onError: ErrorHandler }) => Polka;

type ErrorHandler = (error: unknown, request: IncomingMessage, response: ServerResponse, next: Next) => void;

interface Polka {
  readonly handler: RequestListener;
  use(middleware: NodeMiddleware): Polka;
  get(path: string, handle: NodeMiddleware): Polka;
  post(path: string, handle: NodeMiddleware): Polka;
  head(path: string, handle: NodeMiddleware): Polka;
}

/** Passes errors of the handler to `next`, for frameworks that do not wait for promises. */
export const passing =
  (handle: Handle): NodeMiddleware =>
  (request, response, next) => {
    new Promise((resolve) => {
      resolve(handle(request, response));
    }).catch(next!);
  };

const answering =
  (onError: OnError): ErrorHandler =>
  // Express and Connect tell an error handler by its four parameters.
  (error, request, response, _next) => {
    void (async () => {
      await onError(error, request);
      response.statusCode = statusOf(error);
      response.end(`handled: ${statusOf(error)}`);
    })();
  };

/** The same, for a framework without a list of error handlers. */
export const failing =
  (onError: OnError): ErrorHandler =>
  (error, request, response, next) => {
    sessionErrors(error, request);
    answering(onError)(error, request, response, next);
  };

function statusOf(error: unknown): number {
  const { status } = error as { readonly status?: unknown };
  return typeof status === "number" ? status : 500;
}

const nodeHttp: NodeFramework = {
  name: "node:http",
  make(sessions, handle, onError) {
    const withSessions = nodeSessions(sessions);
    const answer = failing(onError);
    return (request, response) => {
      withSessions(request, response, (error) => {
        if (error !== undefined) answer(error, request, response, () => undefined);
        else passing(handle)(request, response, (thrown) => answer(thrown, request, response, () => undefined));
      });
    };
  },
};

/** A framework whose applications have a list of middleware and error handlers. */
const withErrorHandlers = (name: string, makeApp: () => RequestListener & { use(middleware: unknown): unknown }): NodeFramework => ({
  name,
  make(sessions, handle, onError) {
    const app = makeApp();
    app.use(nodeSessions(sessions));
    app.use(passing(handle));
    app.use(sessionErrors);
    app.use(answering(onError));
    return app;
  },
});

const expressOf = (name: string, framework: typeof express) => withErrorHandlers(name, () => framework().disable("x-powered-by"));

const polkaFramework: NodeFramework = {
  name: "Polka",
  make(sessions, handle, onError) {
    const app = polka({ onError: failing(onError) });
    app.use(nodeSessions(sessions));
    for (const method of ["get", "post", "head"] as const) app[method]("*", passing(handle));
    return app.handler;
  },
};

const koaFramework: NodeFramework = {
  name: "Koa",
  make(sessions, handle, onError) {
    const app = new Koa();
    app.silent = true;
    // If a response was written to ctx.res, Koa itself answers its error.
    app.on("error", (error: unknown, ctx: Koa.Context) => void onError(error, ctx.req));
    app.use(async (ctx, next) => {
      try {
        await next();
      } catch (error) {
        await onError(error, ctx.req);
        ctx.respond = true;
        ctx.status = statusOf(error);
        ctx.body = `handled: ${statusOf(error)}`;
      }
    });
    app.use(koaSessions(sessions));
    app.use(async (ctx) => {
      ctx.respond = false;
      ctx.res.statusCode = 200;
      await handle(ctx.req, ctx.res);
    });
    const callback = app.callback();
    return (request, response) => void callback(request, response);
  },
};

export const express5: NodeFramework = expressOf("Express 5", express);

/** The frameworks of `@mini/session/node` and `@mini/session/koa`. */
export const nodeFrameworks: readonly NodeFramework[] = [
  express5,
  expressOf("Express 4", express4),
  withErrorHandlers("Connect", connect),
  polkaFramework,
  nodeHttp,
  koaFramework,
];

const servers = endedAfterFile<Server>(async (server) => {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});

/** Serves a program on a free port, until the tests of the file have ended. */
export async function listen(program: RequestListener | Promise<RequestListener>): Promise<number> {
  const server = createServer(await program);
  servers.add(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}
