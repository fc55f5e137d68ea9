import { connect, createServer, type AddressInfo, type NetConnectOpts, type Socket } from "node:net";
import { endedAfterFile } from "./per-file.ts";

/** A host name that leads to one server now and to another one later. Existing connections stay with their server. */
export interface Name {
  readonly port: number;
  leadsTo(target: NetConnectOpts): void;
}

const closers = endedAfterFile<() => void>((close) => close());

/** A host name for the tests of the file. */
export async function startName(target: NetConnectOpts): Promise<Name> {
  let current = target;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const behind = connect(current);
    for (const [socket, other] of [
      [client, behind],
      [behind, client],
    ] as const) {
      sockets.add(socket);
      socket.pipe(other);
      socket.on("error", () => other.destroy()).on("close", () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.add(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, leadsTo: (next) => void (current = next) };
}
