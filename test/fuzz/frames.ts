import { connect } from "node:http2";
import { App, request, RequestHandler, Response, Rule, text } from "@mini/core";
import { serve } from "@mini/core/serve";
import { certificate } from "../support/certificate.ts";
import { frame, frameTypes, headerBlock, preface, RawHttp2Client, requestHead } from "../support/raw-http2.ts";
import { count, each, FindingError, Random, type Tally, type Task } from "./random.ts";

const paths = [
  "/",
  "/",
  "/stream",
  "/endless",
  "/not-awaited",
  "/in-part",
  "/given-back",
  "/never",
  "/none",
  "/%zz",
  "/a#b",
  "/a\\b",
  "",
  "*",
  "x:y",
];
const served = ["/", "/stream", "/endless", "/not-awaited", "/in-part", "/given-back", "/never"];
const methods = ["GET", "GET", "POST", "POST", "HEAD", "PUT", "CONNECT", "BREW", ""];
const extra = [
  ["host", "localhost"],
  ["host", "other.example"],
  ["content-length", "3"],
  ["content-length", "-1"],
  ["connection", "close"],
  ["transfer-encoding", "chunked"],
  ["te", "trailers"],
  [":scheme", "x"],
  [":protocol", "websocket"],
  ["Upper", "x"],
  ["x", "\0"],
  ["origin", "null"],
  ["expect", "100-continue"],
] as const;
const kinds = Object.values(frameTypes);
/** Milliseconds in which a connection that its client has ended is over, on machines that do much else. */
const patience = 20_000;
/** Connections at once. */
const lanes = 64;

class Any extends RequestHandler {
  get() {
    switch (request.path) {
      case "/stream":
        return new Response(new Blob(["a".repeat(100_000)]).stream());
      case "/endless":
        return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1)) }));
      case "/never":
        return new Promise<Response>((resolve) => request.signal.addEventListener("abort", () => resolve(text("late"))));
      default:
        return text("home");
    }
  }
  async post() {
    switch (request.path) {
      case "/not-awaited":
        void request.web.clone().json();
        void request.web.arrayBuffer();
        return text("early");
      case "/in-part":
        request.web.body
          ?.getReader()
          .read()
          .catch(() => undefined);
        return text("early");
      case "/given-back":
        return new Response(request.web.body);
      default:
        return text(await request.text());
    }
  }
}

/**
 * The result; `undefined` if the server has reset the connection: on a machine that does much else, a client can be too slow for the
 * server's limits even in its handshake.
 */
async function untilTooSlow<Result>(work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ECONNRESET") throw error;
    return undefined;
  }
}

/** Frames over HTTP/2: requests, those that were changed, and frames of any type with any payload. */
export async function fuzzFrames({ count: all, ...task }: Task): Promise<Tally> {
  const random = new Random(task.seed);
  const tally: Tally = new Map();
  const errors: string[] = [];
  const nothing = () => undefined;
  const logger = { error: (line: string) => void errors.push(line), warn: nothing, info: nothing, debug: nothing };
  const app = new App({ rules: served.map((path) => new Rule(path, { handler: Any })), logger, maxBodySize: 1000 });
  const timeouts = { headers: 500, request: 500, idle: 300 };
  const server = await serve(app, { port: 0, silent: true, gracefulShutdown: false, tls: certificate, timeouts });

  const bytes = (length: number) => Buffer.from(random.text(length, 0, 0xff), "latin1");
  const stream = () => random.pick([1, 1, 1, 3, 5, 0, 2, 7]);

  function one(): Buffer {
    switch (random.below(8)) {
      case 0:
        return frame(random.pick(kinds), random.below(256), stream(), bytes(40));
      case 1:
        return frame(random.below(16), random.below(256), stream(), bytes(random.pick([0, 4, 5, 8, 6])));
      case 2:
        return frame(frameTypes.data, random.below(2), stream(), bytes(2000));
      case 3:
        return frame(frameTypes.reset, 0, stream(), bytes(4));
      case 4:
        return frame(frameTypes.windowUpdate, 0, stream(), bytes(4));
      default: {
        const head = [...requestHead(random.pick(methods), random.pick(paths)), ...random.picks(extra, random.below(3))];
        const block = headerBlock(head);
        const flags = random.pick([5, 5, 5, 4, 4, 1, 0, 0x25]);
        if (random.below(5) > 0) return frame(frameTypes.headers, flags, stream(), block);
        const at = random.below(block.length);
        const id = stream();
        return Buffer.concat([
          frame(frameTypes.headers, flags & 1, id, block.subarray(0, at)),
          frame(frameTypes.continuation, random.pick([4, 4, 0]), id, block.subarray(at)),
        ]);
      }
    }
  }

  async function send(whole: Buffer, isReset: boolean): Promise<void> {
    const client = await untilTooSlow(RawHttp2Client.open(server.port, new Uint8Array()));
    if (client === undefined) {
      count(tally, "not opened");
      return;
    }
    const at = random.below(whole.length + 1);
    await client.send(whole.subarray(0, at));
    await client.send(whole.subarray(at));
    if (isReset) {
      client.socket.destroy();
      return;
    }
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => (timer = setTimeout(resolve, patience, "late")));
    const end = await Promise.race([client.end(), late]);
    clearTimeout(timer);
    client.socket.destroy();
    if (end === "late") throw new FindingError(`The connection stays open for ${patience} ms`, whole.toString("hex"));
    const types = new Set(client.frames.map(({ type }) => type));
    for (const [name, type] of Object.entries(frameTypes)) if (types.has(type)) count(tally, name);
    if (types.size === 0) count(tally, "nothing");
  }

  async function asUsual(): Promise<void> {
    for (const until = performance.now() + patience; performance.now() < until;) {
      const client = connect(server.url, { ca: certificate.cert });
      client.on("error", nothing);
      const asked = client.request({ ":path": "/" }).on("error", nothing);
      const head = await new Promise<Record<string, unknown> | undefined>((resolve) => {
        asked.once("response", resolve).once("close", () => resolve(undefined));
      });
      client.destroy();
      if (head?.[":status"] === 200) return;
      if (head !== undefined) throw new FindingError("An ordinary request is not answered", String(head[":status"]));
    }
    throw new FindingError(`The server ends each connection for ${patience} ms`, "/");
  }

  try {
    await each({ ...task, count: Math.ceil(all / lanes), onProgress: (done) => task.onProgress?.(done * lanes) }, async (index) => {
      const group = Array.from({ length: lanes }, () => {
        const begin = random.below(20) === 0 ? bytes(30) : preface;
        const genuine = random.below(2) === 0 ? [frame(frameTypes.headers, 5, 1, headerBlock(requestHead("GET")))] : [];
        return Buffer.concat([begin, ...genuine, ...Array.from({ length: 1 + random.below(6) }, one)]);
      });
      await Promise.all(group.map((whole) => send(whole, random.below(4) === 0)));
      if (index % 16 === 0) await asUsual();
      const logged = errors.splice(0);
      const input = group.map((whole) => whole.toString("hex")).join("\n");
      if (logged.length > 0) throw new FindingError(`An error was logged: ${logged[0]}`, input);
      return input;
    });
    await asUsual();
  } finally {
    await server.close();
  }
  return tally;
}
