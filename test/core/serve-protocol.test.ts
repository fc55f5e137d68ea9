import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { get, maxBodySize, post, startRawApp, type RawApp } from "../support/raw-app.ts";
import type { RawClient } from "../support/raw-client.ts";

let app: RawApp;
beforeEach(async () => {
  app = await startRawApp();
});
afterEach(() => app.close());

async function send(bytes: string): Promise<RawClient> {
  const client = await app.open();
  await client.send(bytes);
  return client;
}

/** The connection is still in step. */
async function goesOn(client: RawClient): Promise<void> {
  await client.send(post("/echo", "next"));
  expect((await client.answer()).body).toBe("next");
}

describe("Expect: 100-continue", () => {
  const head = "POST /echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";

  test("gets 100 before the client sends the body, and the final response after it", async () => {
    const client = await send(head);
    expect((await client.answer()).status).toBe(100);
    await client.send("abc");
    expect(await client.answer()).toMatchObject({ status: 200, body: "abc" });
    await goesOn(client);
  });

  test("has no effect when the client sends the body at once", async () => {
    const client = await send(`${head}abc${get("/")}`);
    expect([await client.answer(), await client.answer(), await client.answer()]).toMatchObject([
      { status: 100 },
      { status: 200, body: "abc" },
      { status: 200, body: "home" },
    ]);
  });

  test("for a body over the limit gets 413 before the client sends the body", async () => {
    const client = await send(head.replace("Length: 3", `Length: ${maxBodySize + 1}`));
    const first = await client.answer();
    const { status } = first.status === 100 ? await client.answer() : first;
    expect(status).toBe(413);
  });

  test("with another expectation gets 417 (RFC 9110 §10.1.1)", async () => {
    expect((await (await send(head.replace("100-continue", "more"))).answer()).status).toBe(417);
    expect(app.handled).toEqual([]);
  });
});

test("a response says how long its connection is kept open for the next request", async () => {
  const client = await send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  expect((await client.answer()).headers).toMatchObject({ connection: "keep-alive", "keep-alive": "timeout=5" });
});

describe("a client of HTTP/1.0", () => {
  test("needs no Host header, and its connection is closed after the response", async () => {
    const client = await send("GET / HTTP/1.0\r\n\r\n");
    expect(await client.answer()).toMatchObject({ status: 200, headers: { connection: "close" }, body: "home" });
    expect(await client.end()).toEqual({ how: "closed", rest: "" });
    expect(app.handled).toEqual([`GET http://127.0.0.1:${app.server.port}/`]);
  });

  test("can keep its connection open", async () => {
    const client = await send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    expect(await client.answer()).toMatchObject({ status: 200, headers: { connection: "keep-alive" }, body: "home" });
    await goesOn(client);
  });

  test("gets no chunks: a stream ends when the connection is closed (RFC 9112 §6.3)", async () => {
    const client = await send("GET /stream/short HTTP/1.0\r\n\r\n");
    const { headers, body } = await client.answer();
    expect([headers["transfer-encoding"], headers["content-length"], body]).toEqual([undefined, undefined, "aaaaaaaaa"]);
  });
});

describe("a response without a body", () => {
  test.each([
    ["HEAD", "HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n", 200, { "content-length": "4" }],
    ["HEAD of what fails", "HEAD /fails HTTP/1.1\r\nHost: localhost\r\n\r\n", 500, {}],
    ["HEAD of what is not there", "HEAD /none HTTP/1.1\r\nHost: localhost\r\n\r\n", 404, {}],
    ["204", get("/empty"), 204, {}],
    ["304", get("/unchanged", 'If-None-Match: "a"'), 304, { etag: '"a"' }],
  ])("for %s: the next response follows its head", async (_title, bytes, status, headers) => {
    const client = await send(bytes + get("/"));
    const answer = await client.answer("HEAD");
    expect(answer).toMatchObject({ status, headers });
    if (status === 204) expect(Object.keys(answer.headers)).not.toContain("content-length");
    expect(await client.answer()).toMatchObject({ status: 200, body: "home" });
  });

  test("HEAD of a stream cancels the stream, and the next request is answered", async () => {
    const client = await send(`HEAD /stream/endless?mark=mine HTTP/1.1\r\nHost: localhost\r\n\r\n${get("/")}`);
    expect((await client.answer("HEAD")).status).toBe(200);
    expect((await client.answer()).body).toBe("home");
    expect(app.brokenOff).toEqual(["mine of /stream/endless"]);
  });
});

describe("a target", () => {
  test.each([
    [
      "that is a whole URL: its host counts, not the header's (RFC 9112 §3.2.2)",
      "http://other.example:81/?a=b",
      "http://other.example:81/?a=b",
    ],
    ["that is a whole URL without a path", "http://other.example", "http://other.example/"],
    ["with two slashes: no host", "//other.example/x", undefined],
  ])("%s", async (_title, target, url) => {
    const client = await send(get(target));
    expect((await client.answer()).status).toBe(url === undefined ? 404 : 200);
    expect(app.handled).toEqual(url === undefined ? [] : [`GET ${url}`]);
    await goesOn(client);
  });

  test.each(["ftp://other.example/", "http://", "http:///", "javascript:alert(1)", "mailto:a@other.example"])(
    "%s is 400",
    async (target) => {
      expect((await (await send(get(target))).answer()).status).toBe(400);
      expect(app.handled).toEqual([]);
    },
  );

  test("that is an asterisk is answered for OPTIONS (RFC 9112 §3.2.4)", async () => {
    const client = await send("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n");
    expect([200, 204, 404]).toContain((await client.answer()).status);
    await goesOn(client);
  });
});

describe("a request to change the protocol of its connection", () => {
  test("HTTP/2 in the clear is ignored: the request is answered as usual (RFC 9110 §7.8)", async () => {
    const lines = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__";
    const client = await send(`GET / HTTP/1.1\r\nHost: localhost\r\n${lines}\r\n\r\n`);
    expect(await client.answer()).toMatchObject({ status: 200, body: "home" });
  });

  test.each(["other.example:443", "/", "localhost"])("CONNECT %s opens no tunnel, and nothing after it is read", async (target) => {
    const client = await send(`CONNECT ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n${get("/")}`);
    const { how, rest } = await client.end();
    expect(how).toBe("closed");
    expect(rest).not.toMatch(/^HTTP\/1\.1 [23]|home/);
    expect(app.handled).toEqual([]);
    await goesOn(await app.open());
  });
});

describe("a server that closes", () => {
  test("answers the requests in flight on 100 connections, closes each connection, and accepts no others", async () => {
    const clients = await Promise.all(Array.from({ length: 100 }, () => app.open()));
    await Promise.all(
      clients.map((client, index) =>
        client.send(index % 2 === 0 ? get(`/held/${index}`) : "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nho"),
      ),
    );
    await app.until("handled", 100);
    const closed = app.server.close();
    await expect(app.open()).rejects.toThrow("ECONNREFUSED");
    const answers = clients.map((client) => client.answer());
    for (const [index, client] of clients.entries()) {
      if (index % 2 === 0) app.release(String(index));
      else await client.send("me");
    }
    const bodies = (await Promise.all(answers)).map(({ body }) => body);
    expect(bodies).toEqual(clients.map((_client, index) => (index % 2 === 0 ? String(index) : "home")));
    const ends = await Promise.all(clients.map((client) => client.end()));
    expect(new Set(ends.map(({ how, rest }) => how + rest))).toEqual(new Set(["closed"]));
    await closed;
  });

  test("answers pipelined requests that were sent after the one in flight", async () => {
    const client = await send(get("/held/first") + post("/echo", "second"));
    await app.until("handled", 1);
    const closed = app.server.close();
    app.release("first");
    expect([(await client.answer()).body, (await client.answer()).body]).toEqual(["first", "second"]);
    expect(await client.end()).toEqual({ how: "closed", rest: "" });
    await closed;
  });
});
