import { once } from "node:events";
import { connect, createServer, type NetConnectOpts, type Server, type Socket } from "node:net";
import { gate } from "./gate.ts";
import { endedAfterFile } from "./per-file.ts";
import { freePort } from "./ports.ts";

/**
 * What a proxy does with connections.
 *
 * - `passes`: forwards everything.
 * - `refuses`: resets all connections and does not listen.
 * - `hangs`: accepts connections, and holds back everything from both sides until the mode changes.
 * - `resets`: resets all connections, and every new one.
 * - `delay`: delays each reply by a number of milliseconds.
 * - `late`: forwards requests, and holds back their replies until the mode changes.
 * - `cut`: forwards the next request, and cuts its connection when a part of the reply was forwarded: a number of bytes, or half of it.
 *   Other connections are forwarded. A connection that is cut by `hang` stays silent forever.
 */
export type Line = "passes" | "refuses" | "hangs" | "resets" | "late" | { readonly delay: number } | Cut;

interface Cut {
  readonly cut: "reset" | "close" | "hang";
  readonly after: number | "half";
}

/** A proxy on a free port, between clients and a server, which can disturb their connections. */
export interface TcpProxy {
  readonly port: number;
  /** Sets the mode, which applies at once; resolves when the proxy listens again. */
  readonly set: (line: Line) => Promise<void>;
  readonly close: () => Promise<void>;
}

interface Pair {
  readonly client: Socket;
  /** Resolves when the proxy no longer hangs. */
  readonly flow: (on: boolean) => void;
}

const started = endedAfterFile<TcpProxy>((proxy) => proxy.close());

/** @param target - The address of the server: `{ port }`, or `{ path }` of a socket. The server may be down. */
export async function startTcpProxy(target: NetConnectOpts): Promise<TcpProxy> {
  let line: Line = "passes";
  let change = gate();
  // It listens there again and again.
  const port = await freePort();
  let server: Server | undefined;
  const pairs = new Set<Pair>();

  async function listen(): Promise<void> {
    server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, accept).listen(port, "127.0.0.1");
    await once(server, "listening");
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
      held: () => (line === "late" ? change.opened : undefined),
    });
    pairs.add(pair);
    client.once("close", () => pairs.delete(pair));
    pair.flow(line !== "hangs");
  }

  await listen();
  const proxy: TcpProxy = {
    port,
    async set(next) {
      line = next;
      change.open();
      change = gate();
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
  /** Called for each request: what to do with its connection when the reply arrives. */
  readonly cut: () => Cut | undefined;
  /** Called for each reply: its delay in milliseconds. */
  readonly delay: () => number;
  /** Called for each reply: until when it is held back. */
  readonly held: () => Promise<void> | undefined;
}

/** Connects a client to the server, over a new connection of the proxy. */
function join(client: Socket, target: NetConnectOpts, told: Told): Pair {
  let upstream: Socket | undefined;
  let cut: Cut | undefined;
  let isOver = false;
  /** The parts of replies that have arrived and are not sent yet, in order. */
  let sending = Promise.resolve();

  function open(): Socket {
    const socket = connect({ ...target, allowHalfOpen: true });
    socket.on("data", (chunk) => {
      const due = performance.now() + told.delay();
      const last = cut;
      const held = told.held();
      sending = sending.then(async () => {
        await held;
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
      // The commands that a client of Redis sends by itself do not count as requests.
      if (!isPing(chunk)) cut ??= told.cut();
      socket.write(chunk);
    });
    client.once("end", () => socket.end());
    return socket;
  }

  function end(chunk: Buffer, { cut: how, after }: Cut): void {
    const part = chunk.subarray(0, after === "half" ? Math.ceil(lengthBeforePongs(chunk) / 2) : after);
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

/** The length of a reply without the replies to later PINGs of a client of Redis. They may arrive with it, and may be longer. */
function lengthBeforePongs(chunk: Buffer): number {
  return chunk.toString("latin1").replace(/(?:\+PONG\r\n)+$/, "").length;
}
