import { once } from "node:events";
import { connect as connectHttp2, constants, type ClientHttp2Session } from "node:http2";
import { connect } from "node:net";
import { request, text } from "@mini/core";
import type { Server } from "@mini/core/serve";
import { afterEach, describe, expect, test } from "vitest";
import { certificate } from "../support/certificate.ts";
import { get, post } from "../support/raw-app.ts";
import { RawClient } from "../support/raw-client.ts";
import { flags, frame, frameTypes, headerBlock, RawHttp2Client, requestHead } from "../support/raw-http2.ts";
import { servedHandlers } from "../support/served-handler.ts";
import { askAndWait, connectSecurely, endless, reach, watch } from "../support/slow-clients.ts";
import { within } from "../support/within.ts";

const listen = servedHandlers();
const clients: ClientHttp2Session[] = [];
// Runs before the servers are closed: the last hook is the first.
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
});

const secure = { tls: certificate };
/** The limit for heads is the one for whole requests, if that is shorter; and the one for the handshake of TLS, which none of these tests is about. */
const short = { request: 300, idle: 200 };

function session(server: Server): ClientHttp2Session {
  const client = connectHttp2(server.url, { ca: certificate.cert });
  client.on("error", () => undefined);
  clients.push(client);
  return client;
}

/** Handlers that wait, and what has begun. */
function held() {
  const begun: string[] = [];
  const waiting = new Map<string, () => void>();
  const news = gateList();
  const work = async () => {
    const name = `${request.method} ${request.search}`;
    begun.push(name);
    news.tell();
    await new Promise<void>((resolve) => waiting.set(name, resolve));
    return text(name);
  };
  return {
    begun,
    work,
    until: (count: number) => news.until(() => begun.length >= count),
    release: (name: string) => waiting.get(name)!(),
  };
}

/** Waits until something that `tell` announces is so. */
function gateList() {
  let listeners: (() => void)[] = [];
  const tell = () => {
    for (const listener of listeners) listener();
  };
  const until = (is: () => boolean) =>
    within(
      "what the handlers do",
      new Promise<void>((resolve) => {
        const look = () => {
          if (!is()) return;
          listeners = listeners.filter((each) => each !== look);
          resolve();
        };
        listeners.push(look);
        look();
      }),
    );
  return { tell, until };
}

describe("requests behind each other on one connection (RFC 9112 §9.3.2)", () => {
  test("a request that may change something waits for those before it, and those behind it wait for it", async () => {
    const { begun, work, until, release } = held();
    const server = await listen({}, work);
    const client = await RawClient.open(server.port);
    await client.send(get("/?1") + get("/?2") + post("/?3", "abc") + post("/?4", "") + get("/?5"));
    await until(2);
    expect(begun).toEqual(["GET ?1", "GET ?2"]);
    release("GET ?2");
    release("GET ?1");
    await until(3);
    expect(begun.slice(2)).toEqual(["POST ?3"]);
    release("POST ?3");
    await until(4);
    expect(begun.slice(3)).toEqual(["POST ?4"]);
    release("POST ?4");
    await until(5);
    release("GET ?5");
    const bodies: string[] = [];
    for (let i = 0; i < 5; i++) bodies.push((await client.answer()).body);
    expect(bodies).toEqual(["GET ?1", "GET ?2", "POST ?3", "POST ?4", "GET ?5"]);
    client.reset();
  });

  test("100 are answered at once, the others when it is their turn", async () => {
    const { begun, work, until, release } = held();
    const server = await listen({}, work);
    const client = await RawClient.open(server.port);
    const names = Array.from({ length: 250 }, (_none, index) => `?${index}`);
    await client.send(names.map((name) => get(`/${name}`)).join(""));
    await until(100);
    const other = await RawClient.open(server.port);
    await other.send(get("/?other"));
    await until(101);
    expect(begun.slice(0, 100)).toEqual(names.slice(0, 100).map((name) => `GET ${name}`));
    for (const [index, name] of names.entries()) {
      await until(index + 1);
      await until(Math.min(names.length, index + 100));
      release(`GET ${name}`);
      expect((await client.answer()).body).toBe(`GET ${name}`);
    }
    client.reset();
    other.reset();
  });

  test("those that wait are not answered when the client leaves", async () => {
    const { begun, work, until, release } = held();
    const server = await listen({}, work);
    const client = await RawClient.open(server.port);
    await client.send(post("/?1", "") + post("/?2", ""));
    await until(1);
    client.reset();
    const other = await RawClient.open(server.port);
    await other.send(get("/?other"));
    await until(2);
    release("POST ?1");
    release("GET ?other");
    expect((await other.answer()).body).toBe("GET ?other");
    expect(begun).toEqual(["POST ?1", "GET ?other"]);
    other.reset();
  });
});

describe("streams of one connection over HTTP/2", () => {
  test("the server announces 100, and does not begin more", async () => {
    const { begun, work, until } = held();
    const server = await listen(secure, work);
    const client = await RawHttp2Client.open(server.port);
    const settings = await client.first(frameTypes.settings, 0);
    // RFC 9113 §6.5.2: SETTINGS_MAX_CONCURRENT_STREAMS is 3.
    const announced = [...Array(settings!.payload.length / 6).keys()].map((i) => [
      settings!.payload.readUInt16BE(i * 6),
      settings!.payload.readUInt32BE(i * 6 + 2),
    ]);
    expect(announced).toContainEqual([3, 100]);
    for (let i = 0; i < 150; i++) await client.request(2 * i + 1, "GET", `/?${i}`);
    expect((await client.first(frameTypes.reset, 201))?.payload.readUInt32BE(0)).toBe(constants.NGHTTP2_REFUSED_STREAM);
    await until(100);
    expect(begun).toHaveLength(100);
    client.socket.destroy();
  });

  test("requests that were cancelled count while their handlers run", async () => {
    const { begun, work, until, release } = held();
    const server = await listen(secure, work);
    const client = await RawHttp2Client.open(server.port);
    for (let i = 0; i < 200; i++) {
      await client.request(2 * i + 1, "GET", `/?${i}`);
      await until(i + 1);
      await client.send(frame(frameTypes.reset, 0, 2 * i + 1, Buffer.from([0, 0, 0, 8])));
    }
    await client.request(401, "GET", "/?more");
    expect((await client.first(frameTypes.reset, 401))?.payload.readUInt32BE(0)).toBe(constants.NGHTTP2_REFUSED_STREAM);
    expect(begun).toHaveLength(200);
    release("GET ?0");
    await client.request(403, "GET", "/?again");
    await until(201);
    release("GET ?again");
    expect(await client.first(frameTypes.headers, 403)).toBeDefined();
    client.socket.destroy();
  });
});

describe("a response that the client does not go on reading", () => {
  test.each([
    ["HTTP/1", {}],
    ["HTTP/1 over TLS", secure],
  ])("ends the connection after a time: %s", async (_title, tls) => {
    const unread = endless();
    const server = await listen({ ...tls, timeouts: short }, unread.response);
    const socket = await askAndWait(server, tls, unread);
    await within("the end of the response", unread.givenUp);
    // The client learns of it when it reads on.
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.resume();
    await within("the end of the connection", closed);
    expect(socket.destroyed).toBe(true);
  });

  test("is reset over HTTP/2, and other requests on the connection are answered", async () => {
    const unread = endless();
    const server = await listen({ ...secure, timeouts: { request: 300 } }, () =>
      request.search === "" ? unread.response() : text("fine"),
    );
    const client = session(server);
    const stream = client.request({ ":path": "/" });
    stream.on("error", () => undefined);
    await once(stream, "response");
    await within("the end of the response", unread.givenUp);
    const closed = once(stream, "close");
    stream.resume();
    await closed;
    expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
    const other = client.request({ ":path": "/?other" });
    let body = "";
    for await (const chunk of other.setEncoding("utf8")) body += String(chunk);
    expect(body).toBe("fine");
  });
});

test("a body that arrives slowly over HTTP/2 is reset, because the time is for the whole body", async () => {
  const server = await listen({ ...secure, timeouts: { request: 300 } }, async () => text(await request.text()));
  const stream = session(server).request({ ":path": "/", ":method": "POST" });
  stream.on("error", () => undefined);
  const trickle = setInterval(() => stream.write("x"), 10);
  try {
    await within("the end of the stream", once(stream, "close"));
    expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
  } finally {
    clearInterval(trickle);
  }
});

describe.each([
  ["over HTTP", {}],
  ["over TLS", secure],
])("a client that goes on sending empty lines, %s", (_title, tls) => {
  const open = ({ port }: Server) => {
    const socket = "tls" in tls ? connectSecurely(port) : connect(port, "127.0.0.1");
    watch(socket.on("error", () => undefined));
    socket.write(get("/"));
    const lines = setInterval(() => socket.write("\r\n"), 10);
    const all = new Promise((resolve) => socket.once("close", () => resolve("closed")));
    void all.then(() => clearInterval(lines));
    return { socket, all };
  };

  test("is idle: its connection ends", async () => {
    const { socket, all } = open(await listen({ ...tls, timeouts: short }));
    socket.resume();
    await expect(within("the end of the connection", all)).resolves.toBe("closed");
  });

  test("and reads nothing of its response is not waited for", async () => {
    const { response, begun, givenUp } = endless();
    const server = await listen({ ...tls, timeouts: short }, response);
    await reach(() => open(server), begun);
    await expect(within("the end of the response", givenUp)).resolves.toBeUndefined();
  });
});

test("over HTTP/2, a request that is answered before its body has come ends", async () => {
  const server = await listen(secure, async () => text(await request.text()));
  const stream = session(server).request({ ":path": "/", ":method": "POST" });
  let status: unknown;
  stream
    .on("response", (head) => (status = head[":status"]))
    .resume()
    .on("error", () => undefined);
  stream.end(Buffer.alloc(2_000_000));
  await within("the end of the stream", once(stream, "close"));
  expect(status).toBe(413);
});

describe("a connection over HTTP/2 without requests", () => {
  const ping = frame(frameTypes.ping, 0, 0, Buffer.alloc(8));
  test.each([
    ["and nothing is sent", []],
    ["and only pings are sent", [ping, ping]],
    ["in the middle of a head", [frame(frameTypes.headers, flags.endStream, 1, headerBlock(requestHead("GET")))]],
    [
      "after a malformed frame",
      [frame(frameTypes.headers, 5, 1, headerBlock(requestHead("GET"))), frame(frameTypes.ping, 0, 0, Buffer.alloc(7))],
    ],
  ])("%s: ends, and the server can close", async (_title, frames) => {
    const server = await listen({ ...secure, timeouts: short });
    const client = await RawHttp2Client.open(server.port);
    await client.send(...frames);
    await client.end();
    await expect(within("the server's end", server.close())).resolves.toBeUndefined();
  });

  test("the server closes, although the client has left with an error and its socket was never ended", async () => {
    const server = await listen({ ...secure, timeouts: short });
    const client = await RawHttp2Client.open(server.port);
    await client.request(1, "GET");
    await client.send(frame(frameTypes.ping, 0, 0, Buffer.alloc(7)));
    client.socket.destroy();
    await expect(within("the server's end", server.close())).resolves.toBeUndefined();
  });
});
