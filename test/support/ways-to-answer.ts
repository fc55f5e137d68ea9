import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";

export interface WayToAnswer {
  readonly title: string;
  readonly method?: string;
  readonly answer: (response: ServerResponse, request: IncomingMessage) => unknown;
}

const big = "0123456789abcdef".repeat(20_000);

/** Calls a function that takes a callback, and waits for the callback. */
const called = (call: (done: () => void) => unknown) => new Promise<void>((resolve) => void call(resolve));
const later = () => new Promise((resolve) => setImmediate(resolve));

function* chunks() {
  yield "one ";
  yield Buffer.from("two ");
  yield "three";
}

/** The ways to answer that work with every response of node:http. */
export const waysToAnswer: readonly WayToAnswer[] = [
  { title: "end()", answer: (response) => response.end() },
  { title: "end(text)", answer: (response) => response.end("hello") },
  { title: "end(buffer)", answer: (response) => response.end(Buffer.from("hello")) },
  { title: "end(text, encoding)", answer: (response) => response.end("68656c6c6f", "hex") },
  { title: "end(callback)", answer: (response) => called((done) => response.end(done)) },
  { title: "end(text, callback)", answer: (response) => called((done) => response.end("hello", done)) },
  { title: "end(text, encoding, callback)", answer: (response) => called((done) => response.end("aGVsbG8=", "base64", done)) },
  {
    title: "end() a second time",
    answer(response) {
      response.end("hello");
      response.end();
    },
  },
  {
    title: "write() and end()",
    answer(response) {
      response.write("hel");
      response.write(Buffer.from("lo"));
      response.end();
    },
  },
  {
    title: "write() with callbacks, each awaited",
    async answer(response) {
      await called((done) => response.write("one ", done));
      await called((done) => response.write("7477 6f".replace(" ", ""), "hex", done));
      response.end();
    },
  },
  {
    title: "write() as fast as it is taken",
    async answer(response) {
      for (let i = 0; i < 40; i++) {
        if (!response.write(big.slice(0, 10_000))) await called((done) => response.once("drain", done));
      }
      response.end();
    },
  },
  { title: "writeHead() with headers", answer: (response) => response.writeHead(201, { "x-a": "1", "X-Other": ["2", "3"] }).end("hello") },
  {
    title: "writeHead() with a reason",
    answer: (response) => response.writeHead(200, "Fine", { "content-type": "text/plain" }).end("hello"),
  },
  {
    title: "writeHead() with a list of headers",
    answer: (response) => response.writeHead(200, ["x-a", "1", "set-cookie", "a=1", "set-cookie", "b=2"] as never).end("hello"),
  },
  {
    title: "writeHead() over headers that were set",
    answer(response) {
      response.setHeader("x-a", "1");
      response.setHeader("x-b", "2");
      response.writeHead(200, { "x-a": "3" });
      response.end("hello");
    },
  },
  {
    title: "writeHead() long before the rest",
    async answer(response) {
      response.writeHead(200, { "content-length": 5 });
      await later();
      await later();
      response.end("hello");
    },
  },
  {
    title: "statusCode and statusMessage",
    answer(response) {
      response.statusCode = 418;
      response.statusMessage = "Short and stout";
      response.end("hello");
      response.statusCode = 200;
    },
  },
  {
    title: "headers in their order, with cookies",
    answer(response) {
      response.setHeader("X-First", "1");
      response.setHeader("Set-Cookie", ["a=1", "b=2"]);
      response.setHeader("X-Second", "2");
      response.appendHeader("Set-Cookie", "c=3");
      response.end("hello");
    },
  },
  {
    title: "flushHeaders(), and the body later",
    async answer(response) {
      response.flushHeaders();
      await later();
      response.end("hello");
    },
  },
  { title: "a stream that is piped", answer: (response) => Readable.from(chunks()).pipe(response) },
  { title: "a stream that is piped through another", answer: (response) => Readable.from(chunks()).pipe(upper()).pipe(response) },
  { title: "pipeline() of a stream", answer: (response) => pipeline(Readable.from([big]), response) },
  { title: "pipeline() of a generator", answer: (response) => pipeline(chunks, response) },
  {
    title: "trailers",
    answer(response) {
      response.writeHead(200, { trailer: "x-sum" });
      response.write("hello");
      response.addTrailers({ "x-sum": "5" });
      response.end();
    },
  },
  {
    title: "cork() and uncork()",
    answer(response) {
      response.cork();
      response.write("hel");
      response.write("lo");
      response.uncork();
      response.end();
    },
  },
  {
    title: "early hints before the response",
    async answer(response) {
      await called((done) => response.writeEarlyHints({ link: "</a.css>; rel=preload" }, done));
      response.end("hello");
    },
  },
  {
    title: "a redirect",
    answer: (response) => response.writeHead(302, { location: "/next" }).end(),
  },
  { title: "204", answer: (response) => response.writeHead(204).end() },
  { title: "304", answer: (response) => response.writeHead(304, { etag: '"1"' }).end() },
  { title: "404", answer: (response) => response.writeHead(404).end("no") },
  { title: "HEAD", method: "HEAD", answer: (response) => response.writeHead(200, { "content-length": 5 }).end("hello") },
];

function upper(): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      done(null, chunk.toString().toUpperCase());
    },
  });
}
