import { App, local, request, RequestHandler, Response, Rule, text } from "@mini/core";
import { serve, type Server } from "@mini/core/serve";
import { RawClient } from "./raw-client.ts";
import { patience } from "./within.ts";

declare module "@mini/core" {
  interface Local {
    /** Set by a handler that streams, and read by its stream. */
    mark: string;
  }
}

/** A server whose handlers do what the tests of connections need, and what happened in it. */
export interface RawApp {
  readonly server: Server;
  /** Requests that reached a handler, in order, with the text that they sent: `"POST /echo abc"`. */
  readonly handled: string[];
  /** Interrupted bodies, with the status of their error, and interrupted streams, with the value of `local` in their `cancel`. */
  readonly brokenOff: string[];
  /** Lines that were logged as errors. */
  readonly errors: string[];
  /** Lets the request to `/held/:name` be answered, now or when it arrives. */
  release(name: string): void;
  /** Resolves when the given number of requests have reached a handler, or were interrupted. */
  until(what: "handled" | "brokenOff", count: number): Promise<void>;
  open(): Promise<RawClient>;
  /** Destroys the connections that clients have left open, and closes the server. */
  close(): Promise<void>;
}

/** The most bytes that `/echo` accepts. */
export const maxBodySize = 1000;

class Noting extends Array<string> {
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  note(line: string): void {
    this.push(line);
    for (const { count, resolve } of this.#waiting) if (this.length >= count) resolve();
  }

  until(count: number): Promise<void> {
    return this.length >= count ? Promise.resolve() : new Promise((resolve) => void this.#waiting.push({ count, resolve }));
  }
}

/** Listens on a free port. The rules: `/`, `/echo`, `/unread`, `/empty`, `/unchanged`, `/fails`, `/held/:name`, `/stream/:kind`. */
export async function startRawApp(): Promise<RawApp> {
  const [handled, brokenOff, errors] = [new Noting(), new Noting(), [] as string[]];
  const clients = new Set<RawClient>();
  const gates = new Map<string, { readonly opened: Promise<void>; readonly open: () => void }>();
  function gate(name: string) {
    let open: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    if (!gates.has(name)) gates.set(name, { opened, open });
    return gates.get(name)!;
  }

  class Home extends RequestHandler {
    get() {
      handled.note(`GET ${request.url}`);
      return text("home");
    }
  }
  class Echo extends RequestHandler {
    async post() {
      handled.note("POST begins");
      const got = await this.#read().catch((error: { readonly status: number }) => {
        brokenOff.note(`${error.status} ${request.signal.aborted ? "gone" : "there"}`);
        throw error;
      });
      handled.note(`POST ${got}`);
      return text(got);
    }

    async #read(): Promise<string> {
      const form = request.headers.get("content-type")?.startsWith("multipart/") === true;
      return form ? [...(await request.formData()).keys()].join() : request.text();
    }
  }
  class Unread extends RequestHandler {
    post() {
      return text("unread");
    }
  }
  class Empty extends RequestHandler {
    get() {
      return new Response(null, { status: 204 });
    }
  }
  class Unchanged extends RequestHandler {
    get() {
      return new Response(null, { status: 304, headers: { etag: '"a"' } });
    }
  }
  class Fails extends RequestHandler {
    get(): Response {
      throw new Error("It fails.");
    }
    post(): Response {
      throw new Error("It fails.");
    }
  }
  class Held extends RequestHandler {
    async get({ name }: { name: string }) {
      handled.note(`GET ${name}`);
      await gate(name).opened;
      return text(name);
    }
  }
  class Stream extends RequestHandler {
    get({ kind }: { kind: string }) {
      local.mark = request.args.get("mark") ?? "none";
      let chunks = 0;
      const source: UnderlyingDefaultSource<Uint8Array> = {
        pull(controller) {
          if (kind === "silent" && chunks > 0) return new Promise(() => undefined);
          controller.enqueue(new Uint8Array(kind === "endless" ? 65_536 : 3).fill(97));
          if (++chunks === 3 && kind === "short") controller.close();
          return undefined;
        },
        cancel: () => brokenOff.note(`${local.mark} of ${request.path}`),
      };
      handled.note(`GET ${kind}`);
      return new Response(new ReadableStream(source, { highWaterMark: 0 }));
    }
  }

  const rules = [
    new Rule("/", { handler: Home }),
    new Rule("/echo", { handler: Echo }),
    new Rule("/unread", { handler: Unread }),
    new Rule("/empty", { handler: Empty }),
    new Rule("/unchanged", { handler: Unchanged }),
    new Rule("/fails", { handler: Fails }),
    new Rule("/held/:name", { handler: Held }),
    new Rule("/stream/:kind", { handler: Stream }),
  ];
  const nothing = () => undefined;
  const logger = { error: (line: string) => void errors.push(line), warn: nothing, info: nothing, debug: nothing };
  const app = new App({ rules, logger, maxBodySize });
  // Opening thousands of connections, and finishing their heads, takes a busy machine longer than the default.
  const server = await serve(app, { port: 0, silent: true, gracefulShutdown: false, timeouts: { headers: patience } });
  return {
    server,
    handled,
    brokenOff,
    errors,
    release: (name) => gate(name).open(),
    until: (what, count) => (what === "handled" ? handled : brokenOff).until(count),
    async open() {
      const client = await RawClient.open(server.port);
      clients.add(client);
      client.socket.once("close", () => clients.delete(client));
      return client;
    },
    close() {
      for (const client of clients) client.reset();
      return server.close();
    },
  };
}

/** A request without a body. */
export const get = (target: string, ...lines: readonly string[]): string =>
  [`GET ${target} HTTP/1.1`, "Host: localhost", ...lines, "", ""].join("\r\n");

/** A request with these bytes as its body, and their length in Content-Length. */
export const post = (target: string, body: string, ...lines: readonly string[]): string =>
  [`POST ${target} HTTP/1.1`, "Host: localhost", `Content-Length: ${body.length}`, ...lines, "", body].join("\r\n");

/** A request with chunks as its body. */
export const postChunks = (target: string, ...chunks: readonly string[]): string =>
  `${chunkedHead(target)}${[...chunks, ""].map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join("")}`;

/** The head of a request whose chunks follow. */
export const chunkedHead = (target: string): string => `POST ${target} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`;
