import { type IncomingMessage, type Server, ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { App } from "../app/app.ts";
import type { Connections } from "./connections.ts";
import { IncomingRequest } from "./incoming-request.ts";
import { currentResponse, type TrackedSocket } from "./tracked-socket.ts";

/** The part of an application that is needed to serve it. */
export type ServableApp = Pick<App, "fetch" | "maxBodySize" | "logger"> & Partial<Pick<App, "answer" | "ready" | "refuse">>;

/** The headers of a response to a request that the application does not get, because it is malformed or cannot be served. */
export function refusalHeaders(app: ServableApp, req: IncomingMessage, res: ServerResponse, secure: boolean, status: number): Headers {
  // Host and target of a malformed request are not passed to the application.
  const refused = new IncomingRequest(req, res, app.maxBodySize, { origin: { secure, host: "" }, pathAndQuery: "/" });
  return app.refuse?.(refused, status).headers ?? new Headers();
}

/** Refuses a request, without a body and with the headers that every response of the application has. */
export function refuse(app: ServableApp, req: IncomingMessage, res: ServerResponse, secure: boolean, status: number): void {
  const headers = refusalHeaders(app, req, res, secure, status);
  res.writeHead(status, { ...Object.fromEntries(headers), "content-length": 0 }).end();
}

/**
 * Answers requests that Node does not pass to the listener for requests: those that are not HTTP or come too late, and CONNECT.
 * Node would answer the former itself, without the headers of the application.
 *
 * @param idle - Milliseconds that a client may go on sending after CONNECT.
 */
export function answerRefusals(server: Server, app: ServableApp, connections: Connections, secure: boolean, idle: number): void {
  server.on("clientError", (error: NodeJS.ErrnoException, socket: TrackedSocket) => {
    if (socket.writable && isItsTurn(socket)) {
      const status = statuses[error.code ?? ""] ?? 400;
      const unread = new globalThis.Request(`${secure ? "https" : "http"}://localhost/`);
      socket.write(headOf(status, app.refuse?.(unread, status).headers ?? []), "latin1");
    }
    socket.destroy(error);
  });
  server.on("connect", (req: IncomingMessage, to: Socket | ServerResponse) => {
    if ("writeHead" in to) {
      refuse(app, req, to, secure, 501);
      return;
    }
    // Over HTTP/1 this is the connection itself. Node has detached it, so its errors, its data and its end are handled here.
    const timeout = setTimeout(() => to.destroy(), idle);
    to.on("error", () => undefined).once("close", () => clearTimeout(timeout));
    // The response would be mistaken for the response to an earlier request.
    if (connections.isInFlight(to)) to.destroy();
    else to.resume().end(headOf(501, refusalHeaders(app, req, new ServerResponse(req), secure, 501)), "latin1");
  });
}

/** The statuses of the errors of Node's parser; of others, it is 400. */
const statuses: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/**
 * Whether a response that is written to a connection now answers the current request, because no earlier response is being sent.
 */
function isItsTurn(socket: TrackedSocket): boolean {
  const given = socket[currentResponse];
  if (given === undefined) return true;
  // The body of a request can be malformed too, or come too late.
  const isBodyError = !given.req.complete;
  return given.writableFinished ? !isBodyError : isBodyError && given.socket === socket && !given.headersSent;
}

/** The head of a response without a body that ends the connection. */
function headOf(status: number, headers: Iterable<readonly [name: string, value: string]>): string {
  const lines = [...headers, ["date", new Date().toUTCString()], ["connection", "close"], ["content-length", "0"]];
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}
