import { ServerResponse, type IncomingMessage, type Server } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { logError } from "../context/logger.ts";
import type { Request } from "../context/request.ts";
import { local } from "../context/running-request.ts";
import { clientLeft } from "../bodies/body-errors.ts";
import { adopt } from "../http/adopted-response.ts";
import { Response, writtenOf } from "../http/response.ts";
import { takeOver } from "../http/served-request.ts";
import type { Connections } from "./connections.ts";
import { announcesBody } from "./incoming-body.ts";
import { IncomingRequest } from "./incoming-request.ts";
import { isHandshake, RequestChecks } from "./listener.ts";
import { sendStream } from "./stream-sender.ts";
import { besideHead, forHttp1 } from "./response-head.ts";
import { refusalHeaders, type ServableApp } from "./refusals.ts";
import { currentResponse, requestOf, type TrackedSocket } from "./tracked-socket.ts";

/**
 * Takes over the connection of a web socket's handshake.
 *
 * @param request - The handshake. It is the running request: `local` works, and the middleware of the application runs around the function.
 * @param socket - The connection. Nothing has been written to it.
 * @param head - The bytes that have come after the handshake.
 * @param incoming - The handshake as Node's `IncomingMessage`, for libraries that take it.
 */
export type Upgrade = (request: Request, socket: Duplex, head: Buffer, incoming: IncomingMessage) => unknown;

/** Passes the handshakes of web sockets to a function, and has every other request with an `Upgrade` header answered as usual. */
export function acceptUpgrades(server: Server, app: ServableApp, connections: Connections, secure: boolean, upgrade: Upgrade): void {
  const checks = new RequestChecks(secure, true);
  // From Node 24.9 on, Node asks before it detaches a connection. Node 26 would read the body of such a request itself.
  Object.assign(server, { shouldUpgradeCallback: (req: IncomingMessage) => isHandshake(req) && !announcesBody(req) });
  // Node has detached the connection from its server for HTTP.
  server.on("upgrade", (req: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on("error", () => undefined);
    // A response is still being sent over the connection. Clients do not send a handshake behind another request.
    if (connections.isInFlight(socket)) socket.destroy();
    else if (isHandshake(req)) void handOver(req, socket, head);
    else answerAsUsual(req, socket, head);
  });

  async function handOver(req: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    const res = new ServerResponse(req);
    res.shouldKeepAlive = false;
    socket.once("close", () => res.emit("close"));
    const written = socket.bytesWritten;
    const checked = checks.check(req, res, false);
    try {
      if (typeof checked === "number") {
        respond(res, socket, new Response(null, { status: checked, headers: refusalHeaders(app, req, res, secure, checked) }));
        return;
      }
      const request = new IncomingRequest(req, res, app.maxBodySize, checked && { origin: checked, pathAndQuery: req.url! });
      // Until it is handed over, the server treats it like any other request in flight.
      (socket as TrackedSocket)[currentResponse] = Object.assign(res, { [requestOf]: request });
      let isTaken = false;
      request[takeOver] = async () => {
        // The client has left while middleware ran.
        if (socket.destroyed) return;
        connections.release(socket, request);
        await upgrade(local.request, socket, head, req);
        isTaken = true;
      };
      const given = app.answer === undefined ? await app.fetch(request) : await app.answer(request);
      if (isTaken) return;
      // Node no longer watches over a client that does not read.
      socket.setTimeout(connections.limits.request, () => socket.destroy());
      // The function has written to it before it failed.
      if (socket.bytesWritten > written) socket.destroy();
      else respond(res, socket, given instanceof Response ? given : adopt(given));
    } catch (error) {
      logError(app.logger, "Cannot upgrade a connection", error);
      socket.destroy();
    }
  }

  /**
   * Passes the request to the server for HTTP again, without what Node takes for an upgrade. Its response ends the connection,
   * because the server starts over on it and must not do so again and again.
   */
  function answerAsUsual(req: IncomingMessage, socket: Socket, head: Buffer): void {
    const { method, url, httpVersion, rawHeaders } = req;
    const lines = [`${method} ${url} HTTP/${httpVersion}`];
    for (let i = 0; i < rawHeaders.length; i += 2) {
      if (!["upgrade", "connection"].includes(rawHeaders[i]!.toLowerCase())) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
    }
    lines.push("Connection: close");
    socket.unshift(Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), head]));
    server.emit(secure ? "secureConnection" : "connection", socket);
  }
}

/** Writes a response to a connection that is not handed over, and ends it. */
function respond(res: ServerResponse, socket: Socket, response: Response): void {
  const { status, statusText, headers, body } = writtenOf(response);
  if (socket.destroyed) {
    if (body instanceof ReadableStream) void body.cancel(clientLeft()).catch(() => undefined);
    return;
  }
  res.assignSocket(socket);
  // Node's server has left the connection, and with it the listener that tells the response to go on.
  socket.on("drain", () => void res.emit("drain"));
  res.once("finish", () => {
    res.detachSocket(socket);
    socket.destroySoon();
  });
  res.writeHead(status, statusText, forHttp1(headers, res));
  const alreadyLogged = () => undefined;
  if (body instanceof ReadableStream) void sendStream(res, body, alreadyLogged, () => socket.destroy());
  else res.end(body === null ? undefined : besideHead(body, statusText, headers));
}
