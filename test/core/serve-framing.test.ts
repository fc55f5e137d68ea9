import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { chunkedHead, get, post, postChunks, startRawApp, type RawApp } from "../support/raw-app.ts";

let app: RawApp;
beforeEach(async () => {
  app = await startRawApp();
});
afterEach(() => app.close());

/** Comes right behind what is refused, and is never to be taken for a request. */
const hidden = get("/held/hidden");

/** What follows `POST /echo` and Host, and how it is refused: RFC 9112. */
const twoWays: readonly (readonly [title: string, lines: string, body: string])[] = [
  ["a length and chunks (§6.1)", "Content-Length: 3\r\nTransfer-Encoding: chunked", "0\r\n\r\n"],
  ["chunks and a length", "Transfer-Encoding: chunked\r\nContent-Length: 3", "0\r\n\r\n"],
  ["two lengths (§6.3)", "Content-Length: 3\r\nContent-Length: 4", "abcd"],
  ["one length twice", "Content-Length: 3\r\nContent-Length: 3", "abc"],
  ["a list of lengths", "Content-Length: 3, 3", "abc"],
  ["a length with a sign", "Content-Length: +3", "abc"],
  ["a length below 0", "Content-Length: -3", "abc"],
  ["a length in hex", "Content-Length: 0x3", "abc"],
  ["a length with a gap", "Content-Length: 3 3", "abc"],
  ["a length that is not a number", "Content-Length:", "abc"],
  ["a length beyond all numbers", `Content-Length: ${"9".repeat(25)}`, "abc"],
  ["a gap before the colon of a length (§5.1)", "Content-Length : 3", "abc"],
  ["a gap before the colon of chunks", "Transfer-Encoding : chunked", "0\r\n\r\n"],
  ["a length that is folded (§5.2)", "Content-Length:\r\n 3", "abc"],
  ["chunks that are folded", "Transfer-Encoding:\r\n chunked", "0\r\n\r\n"],
  ["chunks that are not the last coding (§6.1)", "Transfer-Encoding: chunked, gzip", "0\r\n\r\n"],
  ["chunks twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n"],
  ["chunks and then none", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "0\r\n\r\n"],
  ["chunks behind a vertical tab", "Transfer-Encoding: \x0bchunked", "0\r\n\r\n"],
];

const noHead: readonly (readonly [title: string, bytes: string])[] = [
  [
    "a second host behind 1,500 other lines, which Node by itself would not look at",
    `GET / HTTP/1.1\r\nHost: localhost\r\n${"a:b\r\n".repeat(1500)}Host: evil.example\r\n\r\n`,
  ],
  ["a folded line", "GET / HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n"],
  ["a first line that is folded", "GET / HTTP/1.1\r\n Host: localhost\r\n\r\n"],
  ["lines that end with LF alone", "GET / HTTP/1.1\nHost: localhost\n\n"],
  ["one line that ends with LF alone", "GET / HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n"],
  ["a head that ends with LF alone", "GET / HTTP/1.1\r\nHost: localhost\r\n\n"],
  ["a CR inside a value", "GET / HTTP/1.1\r\nHost: localhost\r\nX: a\rb\r\n\r\n"],
  ["NUL in a value", "GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n"],
  ["NUL in a name", "GET / HTTP/1.1\r\nHost: localhost\r\nX\0: ab\r\n\r\n"],
  ["NUL in the target", "GET /a\0b HTTP/1.1\r\nHost: localhost\r\n\r\n"],
  ["a byte beyond ASCII in the target", "GET /\xe9 HTTP/1.1\r\nHost: localhost\r\n\r\n"],
  ["a line without a name", "GET / HTTP/1.1\r\nHost: localhost\r\n: v\r\n\r\n"],
  ["a name with a gap", "GET / HTTP/1.1\r\nHost: localhost\r\nX y: v\r\n\r\n"],
  ["a line without a colon", "GET / HTTP/1.1\r\nHost localhost\r\n\r\n"],
  ["a version there is not", "GET / HTTP/1.2\r\nHost: localhost\r\n\r\n"],
  ["a version in lower case", "GET / http/1.1\r\nHost: localhost\r\n\r\n"],
  ["a method in lower case", "get / HTTP/1.1\r\nHost: localhost\r\n\r\n"],
  ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ["a target that is not a path", "GET home HTTP/1.1\r\nHost: localhost\r\n\r\n"],
  ["the first bytes of TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
];

const noChunks: readonly (readonly [title: string, chunks: string])[] = [
  ["a size that is not a number", "zz\r\nabc\r\n0\r\n\r\n"],
  ["a size below 0", "-3\r\nabc\r\n0\r\n\r\n"],
  ["a size with 0x", "0x3\r\nabc\r\n0\r\n\r\n"],
  ["a size beyond all numbers", `${"f".repeat(18)}\r\nabc\r\n0\r\n\r\n`],
  ["a gap behind the size", "3 \r\nabc\r\n0\r\n\r\n"],
  ["a size whose line ends with LF alone", "3\nabc\r\n0\r\n\r\n"],
  ["an extension with LF inside", "3;a\nb\r\nabc\r\n0\r\n\r\n"],
  ["a chunk longer than its size", "3\r\nabcd\r\n0\r\n\r\n"],
];

async function refused(bytes: string): Promise<void> {
  const client = await app.open();
  await client.send(bytes + hidden);
  expect((await client.answer()).status).toBe(400);
  expect(await client.end()).toEqual({ how: "closed", rest: "" });
}

/** The server lives, and what came is the only thing that has reached a handler since. */
async function lives(...handled: readonly string[]): Promise<void> {
  const client = await app.open();
  await client.send(get("/", "Connection: close"));
  expect((await client.answer()).body).toBe("home");
  expect(app.handled).toEqual([...handled, "GET http://localhost/"]);
}

describe("a request with an ambiguous or malformed framing is refused with 400, and the connection is closed:", () => {
  test.each(twoWays)("%s", async (_title, lines, body) => {
    await refused(`POST /echo HTTP/1.1\r\nHost: localhost\r\n${lines}\r\n\r\n${body}`);
    await lives();
    expect(app.errors).toEqual([]);
  });

  test.each(noHead)("%s", async (_title, bytes) => {
    await refused(bytes);
    await lives();
    expect(app.errors).toEqual([]);
  });

  test.each(noChunks)("chunks: %s", async (_title, chunks) => {
    await refused(chunkedHead("/echo") + chunks);
    await app.until("brokenOff", 1);
    expect(app.brokenOff[0]).toMatch(/^400 /);
    await lives("POST begins");
  });
});

describe("a request with a head that is too long", () => {
  test.each([
    ["a line of 70,000 bytes", `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(70_000)}\r\n\r\n`],
    ["a target of 70,000 bytes", `GET /${"x".repeat(70_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`],
    ["10,000 lines", `GET / HTTP/1.1\r\nHost: localhost\r\n${"X: yyyyyyyy\r\n".repeat(10_000)}\r\n`],
    ["an extension of a chunk of 70,000 bytes", `${chunkedHead("/echo")}3;${"x".repeat(70_000)}\r\nabc\r\n0\r\n\r\n`],
  ])("for %s is refused, and the connection is closed", async (_title, bytes) => {
    const client = await app.open();
    // The server may break the connection off before it has taken everything, and its answer is lost then.
    void client.send(bytes);
    const status = await client.answer().then(
      (answer) => answer.status,
      () => "reset",
    );
    expect([413, 431, "reset"]).toContain(status);
    await client.end();
    await lives(...app.handled.filter((line) => line === "POST begins"));
  });
});

describe("a request with a valid framing is answered, and so is the next one on its connection:", () => {
  test.each([
    ["no body", get("/"), "home"],
    ["a body on GET", `GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc`, "home"],
    ["chunks on GET", `GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`, "home"],
    ["a length", post("/echo", "abc"), "abc"],
    ["a length of 0", post("/echo", ""), ""],
    ["a body that looks like a request", post("/echo", hidden), hidden],
    ["chunks", postChunks("/echo", "abc", "d"), "abcd"],
    ["no chunk", postChunks("/echo"), ""],
    ["a chunk that looks like the end", postChunks("/echo", "0\r\n\r\n", hidden), `0\r\n\r\n${hidden}`],
    ["extensions of chunks", `${chunkedHead("/echo")}3;a=b;c="d"\r\nabc\r\n0\r\n\r\n`, "abc"],
    ["trailers, which set no header", `${chunkedHead("/echo")}3\r\nabc\r\n0\r\nX-Sent: 3\r\nHost: evil.example\r\n\r\n`, "abc"],
    ["empty lines before it (§2.2)", `\r\n\r\n${get("/")}`, "home"],
    ["a body that nobody reads", post("/unread", "abc"), "unread"],
    ["chunks that nobody reads", postChunks("/unread", "abc", "def"), "unread"],
    ["a long body that nobody reads", post("/unread", "x".repeat(300_000)), "unread"],
  ])("%s", async (_title, bytes, body) => {
    const client = await app.open();
    await client.send(bytes + get("/stream/short"));
    expect([await client.answer(), await client.answer()]).toMatchObject([
      { status: 200, body },
      { status: 200, body: "aaaaaaaaa" },
    ]);
    expect(app.handled).not.toContain("GET hidden");
  });

  test("requests that arrive byte by byte", async () => {
    const client = await app.open();
    await client.sendSlowly(`${post("/echo", "abc")}${postChunks("/echo", "de", "f")}${get("/")}`);
    const answers = [await client.answer(), await client.answer(), await client.answer()];
    expect(answers.map(({ status, body }) => `${status} ${body}`)).toEqual(["200 abc", "200 def", "200 home"]);
  });
});
