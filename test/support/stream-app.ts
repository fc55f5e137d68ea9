import { App, RequestHandler, Rule, text, type MiddlewareList, type Response } from "@mini/core";
import { TestClient } from "@mini/core/testing";
import { Connection, protocols, type Protocol, type Received } from "./protocols.ts";

const connections: Connection[] = [];

export function closeLater(connection: Connection): void {
  connections.push(connection);
}

/** For `afterEach`. */
export async function closeConnections(): Promise<void> {
  for (const connection of connections.splice(0)) await connection.close();
}

export function appOf(work: () => unknown, logged: string[], middleware: MiddlewareList = []): App {
  const note = (line: string) => void logged.push(line);
  class Handler extends RequestHandler {
    get() {
      return work() as Response;
    }
  }
  class Home extends RequestHandler {
    get() {
      return text("home");
    }
  }
  return new App({
    rules: [new Rule("/", { handler: Home }), new Rule("/stream", { handler: Handler })],
    logger: { error: note, warn: note, info: note, debug: note },
    middleware,
  }) as unknown as App;
}

export type Kind = "in process" | Protocol;
export const kinds: readonly Kind[] = ["in process", ...protocols];

/** Requests the response that the work makes, over a socket or without one. */
export async function get(kind: Kind, work: () => unknown, logged: string[] = [], middleware: MiddlewareList = []): Promise<Received> {
  const app = appOf(work, logged, middleware);
  if (kind !== "in process") {
    const connection = await Connection.open(app, kind);
    closeLater(connection);
    return connection.get("/stream");
  }
  const response = await new TestClient(app).get("/stream");
  let body = "";
  try {
    for await (const chunk of (response.body ?? []) as ReadableStream<Uint8Array>) body += Buffer.from(chunk).toString();
  } catch {
    return { status: response.status, body, isWhole: false };
  }
  return { status: response.status, body, isWhole: true };
}

// The types of Node 20 do not have this function.
export const streamFrom = (chunks: Iterable<unknown> | AsyncIterable<unknown>): ReadableStream =>
  (ReadableStream as unknown as { from(chunks: unknown): ReadableStream }).from(chunks);
