import { once } from "node:events";
import { connect, createServer, type AddressInfo, type NetConnectOpts, type Server, type Socket } from "node:net";
import { afterAll } from "vitest";

/**
 * What becomes of the connections through a proxy.
 *
 * - `passes`: all that comes.
 * - `refuses`: those that are there are reset, and nobody listens.
 * - `hangs`: they are accepted, and what comes from either side waits until something else is told.
 * - `resets`: those that are there are reset, and so is every new one.
 * - `delay`: milliseconds that each reply takes longer.
 * - `cut`: what becomes of the one connection on which the next request comes, which is forwarded, once so much of the
 *   reply is through: bytes, or half of it. The others pass. One that is cut by `hang` says nothing ever again.
 */
export type Line = "passes" | "refuses" | "hangs" | "resets" | { readonly delay: number } | Cut;

interface Cut {
  readonly cut: "reset" | "close" | "hang";
  readonly after: number | "half";
}

/** Stands on a free port between clients and a server, and does to their connections what it is told. */
export interface TcpProxy {
  readonly port: number;
  /** From the moment of the call on; resolves when somebody listens again. */
  readonly set: (line: Line) => Promise<void>;
  readonly close: () => Promise<void>;
}

interface Pair {
  readonly client: Socket;
  /** Goes on when the proxy no longer hangs. */
  readonly flow: (on: boolean) => void;
}

const started = new Set<TcpProxy>();
afterAll(async () => {
  await Promise.all(Array.from(started, (proxy) => proxy.close()));
});

/** @param target - Where the server listens: `{ port }`, or `{ path }` of a socket. It may be away. */
export async function startTcpProxy(target: NetConnectOpts): Promise<TcpProxy> {
  let line: Line = "passes";
  let port = 0;
  let server: Server | undefined;
  const pairs = new Set<Pair>();

  async function listen(): Promise<void> {
    server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, accept).listen(port, "127.0.0.1");
    await once(server, "listening");
    ({ port } = server.address() as AddressInfo);
  }

  function resetAll(): void {
    for (const { client } of pairs) client.resetAndDestroy();
  }

  function accept(client: Socket): void {
    if (line === "refuses" || line === "resets") {
      client.on("error", ignore).resetAndDestroy();
      return;
    }
    const pair = join(client, target, {
      cut() {
        if (typeof line !== "object" || !("cut" in line)) return undefined;
        const cut = line;
        line = "passes";
        return cut;
      },
      delay: () => (typeof line === "object" && "delay" in line ? line.delay : 0),
    });
    pairs.add(pair);
    client.once("close", () => pairs.delete(pair));
    pair.flow(line !== "hangs");
  }

  await listen();
  const proxy: TcpProxy = {
    get port() {
      return port;
    },
    async set(next) {
      line = next;
      if (next === "refuses") {
        server?.close();
        server = undefined;
      }
      if (next === "refuses" || next === "resets") resetAll();
      for (const pair of pairs) pair.flow(next !== "hangs");
      if (next !== "refuses" && server === undefined) await listen();
    },
    async close() {
      const closed = server && once(server, "close");
      server?.close();
      server = undefined;
      line = "refuses";
      resetAll();
      await closed;
    },
  };
  started.add(proxy);
  return proxy;
}

interface Told {
  /** Asked for each request: what becomes of the connection when the reply comes. */
  readonly cut: () => Cut | undefined;
  /** Asked for each reply: milliseconds. */
  readonly delay: () => number;
}

/** Joins a connection to one of its own to the server. */
function join(client: Socket, target: NetConnectOpts, told: Told): Pair {
  let upstream: Socket | undefined;
  let cut: Cut | undefined;
  let isOver = false;
  /** What has arrived of replies and is not sent yet, in its order. */
  let sending = Promise.resolve();

  function open(): Socket {
    const socket = connect({ ...target, allowHalfOpen: true });
    socket.on("data", (chunk) => {
      const due = performance.now() + told.delay();
      const last = cut;
      sending = sending.then(async () => {
        const left = due - performance.now();
        if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
        if (last === undefined) client.write(chunk);
        else end(chunk, last);
      });
      if (last === undefined) return;
      flow(false);
      isOver = true;
    });
    socket.once("end", () => void (sending = sending.then(() => void client.end())));
    socket.on("error", () => client.resetAndDestroy());
    client.on("data", (chunk) => {
      // What a client of Redis says by itself is nobody's request.
      if (!isPing(chunk)) cut ??= told.cut();
      socket.write(chunk);
    });
    client.once("end", () => socket.end());
    return socket;
  }

  function end(chunk: Buffer, { cut: how, after }: Cut): void {
    const part = chunk.subarray(0, after === "half" ? Math.ceil(chunk.length / 2) : after);
    const then = () => {
      if (how === "reset") client.resetAndDestroy();
      if (how === "close") client.destroySoon();
    };
    if (part.length === 0) then();
    else client.write(part, then);
  }

  function flow(on: boolean): void {
    if (isOver) return;
    if (on) upstream ??= open();
    for (const socket of [client, upstream])
      if (on) socket?.resume();
      else socket?.pause();
  }

  client.on("error", ignore);
  client.once("close", () => upstream?.destroy());
  return { client, flow };
}

/** Connections break on purpose. */
function ignore(): void {}

function isPing(chunk: Buffer): boolean {
  return chunk.toString() === "*1\r\n$4\r\nPING\r\n";
}
