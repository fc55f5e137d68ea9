import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { App, local, PortInUseError, request as current, RequestHandler, Response, Rule, text } from "@mini/core";
import { serve, type Server } from "@mini/core/serve";
import { afterEach, describe, expect, test } from "vitest";
import { request } from "../support/ask.ts";
import { root, temporaryFolder } from "../support/folder.ts";
import { sendRaw } from "../support/raw-http.ts";
import { runNode } from "../support/run-node.ts";

declare module "@mini/core" {
  interface Local {
    streamed: string;
  }
}

const open: Server[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

const errors: string[] = [];
const logger = {
  error: (message: string) => void errors.push(message),
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
};

/** An app on a free port, whose one handler does the work. */
async function listen(work: () => unknown, options: object = {}): Promise<Server> {
  class Handler extends RequestHandler {
    get() {
      return work() as never;
    }
    post() {
      return work() as never;
    }
  }
  const app = new App({ rules: [new Rule("/", { handler: Handler }), new Rule("/:any", { handler: Handler })], logger, ...options });
  const server = await serve(app, { port: 0, silent: true, gracefulShutdown: false });
  open.push(server);
  return server;
}

function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let release: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (release = resolve));
  return { opened, open: release };
}

describe("a server", () => {
  test("listens on loopback, gives its address, and answers", async () => {
    const server = await listen(() => text(`hello ${current.ip}`));
    expect(server.url).toBe(`http://127.0.0.1:${server.port}/`);
    const { statusCode, headers, body } = await request(server.url);
    expect([statusCode, headers["content-type"], await body.text()]).toEqual([200, "text/plain;charset=UTF-8", "hello 127.0.0.1"]);
  });

  test("on a port in use rejects with an error that names the port", async () => {
    const { port } = await listen(() => text(""));
    const again = serve(new App({ rules: [], logger }), { port, silent: true });
    await expect(again).rejects.toThrow(PortInUseError);
    await expect(again).rejects.toThrow(`127.0.0.1:${port}`);
  });

  test("finishes requests in flight when it closes, and accepts no new ones", async () => {
    const [entered, leave] = [gate(), gate()];
    const server = await listen(async () => {
      entered.open();
      await leave.opened;
      return text("finished");
    });
    const answer = request(server.url);
    await entered.opened;
    const closed = server.close();
    expect(server.close()).toBe(closed);
    leave.open();
    expect(await (await answer).body.text()).toBe("finished");
    await closed;
    await expect(request(server.url)).rejects.toThrow();
  });

  test("does not wait, when it closes, for a connection over which nothing was ever sent", async () => {
    const server = await listen(() => text("fine"));
    const socket = connect(server.port, "127.0.0.1");
    await once(socket, "connect");
    // The server has seen it too: its answer to another connection comes after.
    await (await request(server.url)).body.text();
    const ended = once(socket, "close");
    await server.close();
    await ended;
    await expect(request(server.url)).rejects.toThrow();
  });

  test("answers a request on a connection whose last one failed", async () => {
    const server = await listen(() => {
      if (current.path === "/fails") throw new Error("no");
      return text("fine");
    });
    const answer = await sendRaw(
      server.port,
      "GET /fails HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    );
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 500", "HTTP/1.1 200"]);
  });

  test("streams with the local of the request, and survives a client that goes away", async () => {
    const gone = gate();
    const server = await listen(() => {
      local.streamed = current.args.get("word") ?? "";
      return new Response(
        new ReadableStream(
          {
            pull(controller) {
              controller.enqueue(new TextEncoder().encode(`${local.streamed} `));
              if (current.args.has("once")) controller.close();
            },
            cancel: gone.open,
          },
          { highWaterMark: 0 },
        ),
      );
    });
    expect(await (await request(`${server.url}?word=a&once`)).body.text()).toBe("a ");
    const endless = await request(`${server.url}?word=b`);
    endless.body.destroy();
    endless.body.on("error", () => undefined);
    await gone.opened;
    expect(await (await request(`${server.url}?word=c&once`)).body.text()).toBe("c ");
  });

  test("answers HEAD without a body, and gives the length", async () => {
    const server = await listen(() => text("four"));
    const { headers, body } = await request(server.url, { method: "HEAD" });
    expect([headers["content-length"], await body.text()]).toEqual(["4", ""]);
  });
});

describe("a body over the limit", () => {
  const work = async () => text(String((await current.text()).length));

  test("is 413, with Content-Length or in chunks, and the server continues", async () => {
    const server = await listen(work, { maxBodySize: 1000 });
    const declared = await request(server.url, { method: "POST", body: "x".repeat(1001) });
    expect(declared.statusCode).toBe(413);
    await declared.body.dump();
    async function* chunks() {
      for (let i = 0; i < 30; i++) yield "x".repeat(100);
    }
    const chunked = await request(server.url, { method: "POST", body: chunks() as never }).then(
      ({ statusCode }) => statusCode,
      (error: Error) => error.name,
    );
    // The server may close the connection before the client has read its answer.
    expect([413, "SocketError"]).toContain(chunked);
    const fine = await request(server.url, { method: "POST", body: "x".repeat(1000) });
    expect(await fine.body.text()).toBe("1000");
  });

  test("the server survives an upload that is broken off", async () => {
    const server = await listen(work);
    const socket = connect(server.port, "127.0.0.1");
    socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc");
    await once(socket, "connect");
    socket.destroy();
    expect((await request(server.url, { method: "POST", body: "ab" })).statusCode).toBe(200);
  });
});

describe("hostile bytes", () => {
  const end = "Connection: close\r\n\r\n";
  test.each([
    ["no HTTP", "hello\r\n\r\n"],
    ["a header without a colon", `GET / HTTP/1.1\r\nHost a\r\n${end}`],
    ["NUL in a header", `GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n${end}`],
    ["headers without end", `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(20_000)}\r\n${end}`],
    ["a malformed path", `GET /%zz HTTP/1.1\r\nHost: a\r\n${end}`],
    ["a malformed host", `GET / HTTP/1.1\r\nHost: a b<>\r\n${end}`],
    ["no host", `GET / HTTP/1.1\r\n${end}`],
    ["an unknown method", `BREW / HTTP/1.1\r\nHost: a\r\n${end}`],
    ["two lengths", `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n${end}x`],
    ["length and chunks", `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n${end}0\r\n\r\n`],
    ["a whole URL with userinfo", `GET http://user@evil.example/ HTTP/1.1\r\nHost: a\r\n${end}`],
    ["a path that is none", `GET evil HTTP/1.1\r\nHost: a\r\n${end}`],
    ["an asterisk", `OPTIONS * HTTP/1.1\r\nHost: a\r\n${end}`],
  ])("%s: the response is not a 500, and the server continues", async (_title, bytes) => {
    errors.length = 0;
    const server = await listen(() => text("fine"));
    const answer = await sendRaw(server.port, bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 (?:2\d\d|4\d\d|501)/);
    expect(errors).toEqual([]);
    expect((await request(server.url)).statusCode).toBe(200);
  });
});

test("workers of node:cluster share a port", async () => {
  const program = `
    import cluster from "node:cluster";
    import { serve } from ${JSON.stringify(pathToFileURL(join(root, "packages/core/src/serve.ts")).href)};
    if (cluster.isPrimary) {
      const ports = [];
      for (const worker of [cluster.fork(), cluster.fork()]) {
        worker.on("message", (port) => {
          if (ports.push(port) < 2) return;
          console.log(ports[0] === ports[1] ? "one port" : "two ports");
          process.exit();
        });
      }
    } else {
      const { port } = await serve({ fetch: () => new Response() }, { port: 0, silent: true });
      process.send(port);
    }
  `;
  const file = join(temporaryFolder({ "program.mjs": program }), "program.mjs");
  const { stdout, stderr } = await runNode(["--import", "tsx", file], { cwd: root });
  expect(stdout, stderr).toBe("one port\n");
});
