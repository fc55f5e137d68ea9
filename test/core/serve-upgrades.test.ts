import { once } from "node:events";
import { abort, App, local, RequestHandler, request, Rule, SecurityHeaders, text } from "@mini/core";
import { serve, type Server, type ServeOptions } from "@mini/core/serve";
import { MemoryBackend, SessionMiddleware } from "@mini/session";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { certificate } from "../support/certificate.ts";
import { get, post, postChunks } from "../support/raw-app.ts";
import { RawClient } from "../support/raw-client.ts";
import { within } from "../support/within.ts";

const open: Server[] = [];
const sockets: WebSocket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  await Promise.all(open.splice(0).map((server) => server.close()));
});

const logged: string[] = [];
const nothing = () => undefined;
const logger = { error: (line: string) => void logged.push(line), warn: nothing, info: nothing, debug: nothing };

class Home extends RequestHandler {
  get() {
    return text("home");
  }
  async post() {
    return text(await request.text());
  }
}
class LogIn extends RequestHandler {
  async post() {
    const session = await local.sessionStore.getSession();
    session.set("user", "ann");
    return text("in");
  }
}

async function listen(options: ServeOptions, { trustedHosts }: { readonly trustedHosts?: readonly string[] } = {}): Promise<Server> {
  logged.length = 0;
  const app = new App({
    rules: [new Rule("/", { handler: Home }), new Rule("/log-in", { handler: LogIn })],
    middleware: [SecurityHeaders, SessionMiddleware],
    config: { session: { secretKey: "k".repeat(32), backend: new MemoryBackend() } },
    crossOrigin: { trusted: ["https://friend.example"] },
    trustedHosts,
    logger,
  });
  const server = await serve(app, { port: 0, silent: true, gracefulShutdown: false, ...options });
  open.push(server);
  return server;
}

/** Accepts web sockets, says to each whose session it has, sends back what it is sent, and says when the server closes. */
function greeting(): NonNullable<ServeOptions["upgrade"]> {
  const wss = new WebSocketServer({ noServer: true });
  return async (asked, socket, head, incoming) => {
    const session = await local.sessionStore.getSession();
    const user = session.get("user");
    if (asked.path === "/members" && user === undefined) abort(401);
    if (asked.path === "/fails") throw new Error("It fails.");
    wss.handleUpgrade(incoming, socket, head, (client) => {
      client.send(`${asked.url} ${String(user)}`);
      client.on("message", (data) => client.send(data));
      asked.signal.addEventListener("abort", () => client.close(1001, "bye"));
    });
    if (asked.path === "/fails-late") throw new Error("It fails.");
  };
}

/** A client of the library, and its first message, or the status that refuses it. */
async function connect(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly client: WebSocket; readonly got: string }> {
  const client = new WebSocket(url.replace(/^http/, "ws"), { headers, ca: certificate.cert });
  sockets.push(client);
  const got = await within(
    "the first message",
    new Promise<string>((resolve) => {
      client.on("message", (data: Buffer) => resolve(data.toString()));
      client.on("unexpected-response", (_asked, { statusCode, headers: { "content-security-policy": policy } }) =>
        resolve(`${statusCode}${policy === undefined ? ", without the headers of all responses" : ""}`),
      );
      client.on("error", (error) => resolve(error.message));
    }),
  );
  return { client, got };
}

async function logIn(server: Server): Promise<string> {
  const client = await RawClient.open(server.port);
  await client.send(post("/log-in", ""));
  const { headers } = await client.answer();
  client.reset();
  return headers["set-cookie"]!.split(";")[0]!;
}

const lines = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
const handshake = (more = "", host = "localhost", target = "/") => `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${lines}\r\n${more}\r\n`;

/** The answer to a handshake. */
async function shake(server: Server, bytes: string) {
  const client = await RawClient.open(server.port);
  await client.send(bytes);
  const answer = await client.answer();
  client.reset();
  return answer;
}

describe("a web socket", () => {
  test.each([
    ["ws", {}],
    ["wss", { tls: certificate }],
  ])("over %s is opened, and messages go both ways", async (_scheme, tls) => {
    const server = await listen({ upgrade: greeting(), ...tls });
    const { client, got } = await connect(`${server.url}chat?a=b`);
    expect(got).toBe(`${server.url}chat?a=b undefined`);
    client.send("x".repeat(100_000));
    const [echo] = (await within("the echo", once(client, "message"))) as [Buffer];
    expect(echo).toHaveLength(100_000);
  });

  test("reads the session of the browser", async () => {
    const server = await listen({ upgrade: greeting() });
    const { got } = await connect(`${server.url}members`, { cookie: await logIn(server) });
    expect(got).toBe(`${server.url}members ann`);
  });

  test("is refused by the function with an HTTPError, and the response has the headers of every response", async () => {
    const server = await listen({ upgrade: greeting() });
    expect((await connect(`${server.url}members`)).got).toBe("401");
    expect(logged).toEqual([]);
  });

  test("gets 500 when the function fails, which is logged", async () => {
    const server = await listen({ upgrade: greeting() });
    expect((await connect(`${server.url}fails`)).got).toBe("500");
    expect(logged).toHaveLength(1);
    expect((await shake(server, get("/"))).body).toBe("home");
  });

  test("is closed when the function fails after it has accepted it", async () => {
    const server = await listen({ upgrade: greeting() });
    const { client } = await connect(`${server.url}fails-late`);
    if (client.readyState !== WebSocket.CLOSED) await within("the end", once(client, "close"));
    expect(logged).toHaveLength(1);
  });

  test.each([
    ["from another site", "Origin: https://evil.example\r\n", 403],
    ["from another port of this host", "Origin: http://localhost:81\r\n", 403],
    ["from a page without an origin", "Origin: null\r\n", 403],
    ["that a browser calls cross-site", "Sec-Fetch-Site: cross-site\r\n", 403],
    ["from this site", "Origin: http://localhost\r\n", 101],
    ["from a trusted origin", "Origin: https://friend.example\r\n", 101],
    ["from a program, which sends no origin", "", 101],
  ])("%s is checked like a write", async (_title, more, status) => {
    const server = await listen({ upgrade: greeting() });
    expect((await shake(server, handshake(more))).status).toBe(status);
  });

  test.each([
    ["a host that is not trusted", handshake("", "other.example")],
    ["a malformed host", handshake("", "a b")],
    ["two hosts", handshake("Host: localhost\r\n")],
    ["a target with a backslash", handshake("", "localhost", "/a\\b")],
  ])("for %s is 400", async (_title, bytes) => {
    const server = await listen({ upgrade: greeting() }, { trustedHosts: ["localhost"] });
    const { status, headers } = await shake(server, bytes);
    expect([status, headers["connection"], headers["content-security-policy"] !== undefined]).toEqual([400, "close", true]);
  });

  test.each([
    ["with a length", `${handshake("Content-Length: 3\r\n")}abc`],
    ["in chunks", `${handshake("Transfer-Encoding: chunked\r\n")}3\r\nabc\r\n0\r\n\r\n`],
    ["that has not come yet", handshake("Content-Length: 3\r\n")],
  ])("with a body %s is refused with 501, because its bytes could be taken for messages", async (_title, bytes) => {
    const server = await listen({ upgrade: greeting() });
    const { status, headers } = await shake(server, bytes);
    expect([status, headers["connection"]]).toEqual([501, "close"]);
    expect(logged).toEqual([]);
  });

  test("is aborted at once when the server closes, and does not keep it waiting", async () => {
    const server = await listen({ upgrade: greeting() });
    const { client } = await connect(server.url);
    const closed = once(client, "close");
    await within("the server's end", server.close());
    const [code, reason] = (await closed) as [number, Buffer];
    expect([code, reason.toString()]).toEqual([1001, "bye"]);
  });

  test("that does not end is ended after the grace", async () => {
    const wss = new WebSocketServer({ noServer: true });
    const server = await listen({
      grace: 50,
      upgrade: (_asked, socket, head, incoming) => wss.handleUpgrade(incoming, socket, head, (client) => client.send("hello")),
    });
    const { client } = await connect(server.url);
    const closed = once(client, "close");
    await within("the server's end", server.close());
    await closed;
    expect(client.readyState).toBe(WebSocket.CLOSED);
  });

  test("stays open longer than a request or a pause between two may take", async () => {
    const server = await listen({ upgrade: greeting(), timeouts: { headers: 50, request: 50, idle: 50 } });
    let { client, got } = await connect(server.url);
    // On a busy machine, a limit may end the connection before its handshake has arrived.
    for (let tries = 1; got !== `${server.url} undefined` && tries < 50; tries++) ({ client, got } = await connect(server.url));
    // Another connection is ended for being idle, five times.
    for (let i = 0; i < 5; i++) {
      const idle = await RawClient.open(server.port);
      await idle.send(get("/"));
      await idle.end();
    }
    client.send("still there");
    const [echo] = (await within("the echo", once(client, "message"))) as [Buffer];
    expect(echo.toString()).toBe("still there");
  });
});

test("without a function, a handshake is refused with 501", async () => {
  const server = await listen({});
  expect((await connect(server.url)).got).toBe("501");
});

describe.each([
  ["with a function for web sockets", { upgrade: greeting() }],
  ["without one", {}],
])("a request for another protocol, %s (RFC 9110 §7.8)", (_title, options) => {
  const h2c = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"];
  test.each([
    ["without a body", get("/", ...h2c), "home"],
    ["with a body", post("/", "x".repeat(100_000), ...h2c), "x".repeat(100_000)],
    ["in chunks", postChunks("/", "abc", "def").replace("\r\n\r\n", `\r\n${h2c.join("\r\n")}\r\n\r\n`), "abcdef"],
    ["with a name for web sockets, by POST", post("/", "abc", "Connection: Upgrade", "Upgrade: websocket"), "abc"],
    ["that Connection does not name", get("/", "Upgrade: websocket"), "home"],
  ])("%s is answered as usual", async (_name, bytes, body) => {
    const server = await listen(options);
    const answer = await shake(server, bytes);
    expect([answer.status, answer.body]).toEqual([200, body]);
  });
});

test("a response to a request with another Upgrade ends the connection, so that the server does not start over on it again and again", async () => {
  const server = await listen({ upgrade: nothing });
  const client = await RawClient.open(server.port);
  await client.send(get("/", "Upgrade: h2c", "Connection: Upgrade"));
  const { body, headers } = await client.answer();
  expect([body, headers["connection"]]).toEqual(["home", "close"]);
  await client.end();
});
