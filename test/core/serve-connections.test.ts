import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { chunkedHead, get, maxBodySize, post, postChunks, startRawApp, type RawApp } from "../support/raw-app.ts";
import type { RawClient } from "../support/raw-client.ts";
import { within } from "../support/within.ts";

let app: RawApp;
beforeEach(async () => {
  app = await startRawApp();
});
afterEach(() => app.close());

/** Somebody else is answered. */
async function lives(): Promise<void> {
  const client = await app.open();
  await client.send(get("/", "Connection: close"));
  expect((await client.answer()).body).toBe("home");
  expect(await client.end()).toEqual({ how: "closed", rest: "" });
}

/** Opens connections in groups that the system's queue takes, and sends on each what it is given by its number. */
async function openMany(count: number, sent: (index: number) => string): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  while (clients.length < count) {
    const group = await Promise.all(Array.from({ length: Math.min(100, count - clients.length) }, () => app.open()));
    await Promise.all(group.map((client, index) => client.send(sent(clients.length + index))));
    clients.push(...group);
  }
  return clients;
}

describe("2,000 open connections", () => {
  /** What is sent at first, and what makes a request of it. */
  const kinds = [
    ["", get("/")],
    ["GET / HTTP/1.1\r\nHo", "st: localhost\r\n\r\n"],
    ["POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nho", "me"],
    [`${chunkedHead("/echo")}4\r\nho`, "me\r\n0\r\n\r\n"],
  ] as const;

  test("other clients are answered while they are idle, within a head or within a body; half of them finish and are answered, half disconnect", async () => {
    const clients = await openMany(2000, (index) => kinds[index % 4]![0]);
    await app.until("handled", 1000);
    await lives();
    const half = clients.length / 2;
    await Promise.all(clients.slice(0, half).map((client, index) => client.send(kinds[index % 4]![1])));
    const answers = await Promise.all(clients.slice(0, half).map((client) => client.answer()));
    expect([...new Set(answers.map(({ status, body }) => `${status} ${body}`))]).toEqual(["200 home"]);
    for (const client of clients.slice(half)) client.reset();
    await app.until("brokenOff", 500);
    expect(new Set(app.brokenOff)).toEqual(new Set(["400 gone"]));
    await lives();
    await app.close();
  });
});

describe("an upload that is broken off", () => {
  test.each([
    ["with a length", "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc"],
    ["in chunks", `${chunkedHead("/echo")}3\r\nabc\r\n`],
    ["in mid-chunk", `${chunkedHead("/echo")}ff\r\nabc`],
    [
      "of a form",
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 100\r\n\r\n--b\r\nabc",
    ],
  ])("%s: its handler gets an error, and the signal is aborted", async (_title, bytes) => {
    const client = await app.open();
    await client.send(bytes);
    await app.until("handled", 1);
    client.reset();
    await app.until("brokenOff", 1);
    expect([app.handled, app.brokenOff]).toEqual([["POST begins"], ["400 gone"]]);
    await lives();
  });
});

describe("an upload whose response ends the connection (RFC 9112 §9.6)", () => {
  const length = 1_000_000;

  test.each([
    ["that nobody reads", "POST /unread HTTP/1.1\r\nHost: localhost\r\nConnection: close", 200],
    ["of a client of HTTP/1.0", "POST /unread HTTP/1.0", 200],
    ["over the limit", "POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close", 413],
    ["with two hosts", "POST /echo HTTP/1.1\r\nHost: localhost\r\nHost: other", 400],
  ])("%s gets its response, and the rest of it is taken", async (_title, head, status) => {
    const client = await app.open();
    const errors: Error[] = [];
    client.socket.on("error", (error) => errors.push(error));
    const ended = once(client.socket, "end");
    await client.send(`${head}\r\nContent-Length: ${length}\r\n\r\n`);
    expect((await client.answer()).status).toBe(status);
    await within("the end of the response", ended);
    for (let sent = 0; sent < length; sent += 100_000) await client.send("x".repeat(100_000));
    const closed = once(client.socket, "close");
    client.finish();
    await within("the end of the connection", closed);
    expect(errors).toEqual([]);
    await lives();
  });

  test("is not waited for when its client neither sends the rest nor leaves", async () => {
    const client = await app.open();
    await client.send(`POST /unread HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n`);
    expect((await client.answer()).status).toBe(200);
    await within("the server's end", app.server.close());
  });
});

describe("a download that is broken off", () => {
  test.each([
    ["of a stream without end", "/stream/endless?mark=mine", "1.1"],
    ["of a stream that says nothing more", "/stream/silent?mark=mine", "1.1"],
    ["of HTTP/1.0", "/stream/endless?mark=mine", "1.0"],
  ])("%s: the stream is cancelled once, with the local of its request", async (_title, target, version) => {
    const [client, other] = [await app.open(), await app.open()];
    await client.send(`GET ${target} HTTP/${version}\r\nHost: localhost\r\n\r\n`);
    await client.begun();
    await other.send(get("/stream/silent?mark=theirs"));
    await other.begun();
    client.reset();
    await app.until("brokenOff", 1);
    await lives();
    expect(app.brokenOff).toEqual([`mine of ${target.replace(/\?.*/, "")}`]);
    expect(app.errors).toEqual([]);
  });

  test("by a client that had closed its sending side", async () => {
    const client = await app.open();
    client.finish(get("/stream/endless?mark=mine"));
    await app.until("brokenOff", 1);
    expect(app.brokenOff).toEqual(["mine of /stream/endless"]);
    await lives();
  });
});

describe("a client that closes its sending side", () => {
  test("after a whole request gets its answer, and the connection is closed", async () => {
    const client = await app.open();
    client.finish(get("/"));
    expect((await client.answer()).body).toBe("home");
    expect(await client.end()).toEqual({ how: "closed", rest: "" });
  });

  test("within a head gets 400, and nothing reaches a handler", async () => {
    const client = await app.open();
    client.finish("GET / HTTP/1.1\r\nHost: loc");
    expect((await client.answer()).status).toBe(400);
    expect(await client.end()).toEqual({ how: "closed", rest: "" });
    expect(app.handled).toEqual([]);
    await lives();
  });

  test("within a body gets 400, and the handler gets an error", async () => {
    const client = await app.open();
    client.finish("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc");
    expect((await client.answer()).status).toBe(400);
    expect((await client.end()).how).toBe("closed");
    await app.until("brokenOff", 1);
    expect(app.handled).toEqual(["POST begins"]);
    await lives();
  });
});

describe("pipelined requests", () => {
  test("are answered in the order in which they were sent, even if a later one finishes first", async () => {
    const names = ["a", "b", "c", "d", "e"];
    const client = await app.open();
    await client.send(names.map((name) => get(`/held/${name}`)).join(""));
    await app.until("handled", names.length);
    for (const name of names.toReversed()) app.release(name);
    for (const name of names) expect((await client.answer()).body).toBe(name);
  });

  test("each get their own body, with 200 requests of all kinds on one connection", async () => {
    const kinds = [get("/"), post("/echo", "one"), postChunks("/echo", "t", "wo"), get("/none"), get("/stream/short"), post("/fails", "x")];
    const expected = ["200 home", "200 one", "200 two", "404 ", "200 aaaaaaaaa", "500 "];
    const client = await app.open();
    await client.send(Array.from({ length: 200 }, (_none, index) => kinds[index % 6]).join(""));
    for (let index = 0; index < 200; index++) {
      const { status, body } = await client.answer();
      expect(`${status} ${status === 200 ? body : ""}`).toBe(expected[index % 6]);
    }
  });
});

describe("the next request on a connection gets its own answer after", () => {
  test.each([
    ["400 for a path", get("/%zz"), 400],
    ["400 for a host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400],
    ["403", post("/echo", "abc", "Origin: http://evil.example"), 403],
    ["404", get("/none"), 404],
    ["404 with a body", post("/none", "x".repeat(5000)), 404],
    ["405 with a body", post("/", "abc"), 405],
    ["413 for a length", post("/echo", "x".repeat(maxBodySize + 1)), 413],
    ["413 for a length, of a long body", post("/echo", "x".repeat(300_000)), 413],
    ["400 for a form", post("/echo", "abc", "Content-Type: multipart/form-data"), 400],
    ["417", post("/echo", "abc", "Expect: 200-maybe"), 417],
    ["500", get("/fails"), 500],
    ["500 with a body nobody read", post("/fails", "x".repeat(5000)), 500],
    ["501", "TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n", 501],
  ])("%s", async (_title, bytes, status) => {
    const client = await app.open();
    await client.send(bytes);
    expect((await client.answer()).status).toBe(status);
    await client.send(post("/echo", "next"));
    expect((await client.answer()).body).toBe("next");
    await client.send(bytes + post("/echo", "behind it"));
    expect((await client.answer()).status).toBe(status);
    expect((await client.answer()).body).toBe("behind it");
  });
});
