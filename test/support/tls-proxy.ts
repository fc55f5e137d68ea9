import { once } from "node:events";
import { request, type IncomingHttpHeaders } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { certificate } from "./certificate.ts";

/** A proxy that terminates TLS in front of a server for plain HTTP. */
export interface TlsProxy {
  readonly port: number;
  /** The server to which it forwards requests, and the headers that it sends. Set them before the first request. */
  forward(port: number, change: (headers: IncomingHttpHeaders) => IncomingHttpHeaders): void;
  close(): Promise<void>;
}

export async function startTlsProxy(): Promise<TlsProxy> {
  let target = 0;
  let change = (headers: IncomingHttpHeaders) => headers;
  const server = createServer(certificate, (incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const sent = request(
      { host: "127.0.0.1", port: target, method, path: url, agent: false, headers: change({ ...headers }) },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        answer.pipe(outgoing);
      },
    );
    sent.on("error", () => outgoing.destroy());
    incoming.pipe(sent);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    forward(port, changed) {
      target = port;
      change = changed;
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
