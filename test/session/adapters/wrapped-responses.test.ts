import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { Readable } from "node:stream";
import { nodeSessions, sessionStoreOf } from "@mini/session/node";
import express, { type RequestHandler, type Response } from "express";
import { describe, expect, test } from "vitest";
import { listen } from "../../support/node-frameworks.ts";
import { cookieOf, dataOf, FailingBackend, makeSessions, type Data } from "../../support/visits.ts";

/** The methods of a response, without their types. */
type Methods = Record<"writeHead" | "write" | "end", (...args: unknown[]) => unknown>;

const compression = createRequire(import.meta.url)("compression") as (options: object) => RequestHandler;
const compress = () => compression({ threshold: 0 });

const changing = async (request: IncomingMessage, _response: ServerResponse, next: () => void) => {
  (await sessionStoreOf(request).getSession<Data>()).set("a", 1);
  next();
};

/** The middleware of an application: sessions, their first use, and another library that replaces methods of the response. */
const orders: readonly (readonly [string, (sessions: RequestHandler, library: RequestHandler) => readonly RequestHandler[]])[] = [
  ["before sessions", (sessions, library) => [library, sessions, changing]],
  ["before the first use of a session", (sessions, library) => [sessions, library, changing]],
  ["after it", (sessions, library) => [sessions, changing, library]],
];

async function serve(order: (typeof orders)[number][1], library: RequestHandler, answer: (response: Response) => unknown) {
  const backend = new FailingBackend();
  const sessions = makeSessions({ backend });
  const app = express().set("env", "test");
  for (const each of order(nodeSessions(sessions), library)) app.use(each);
  app.use(async (_request, response) => void (await answer(response.type("text"))));
  app.use((error: { status?: number }, _request: unknown, response: Response, _next: unknown) => {
    response.status(error.status ?? 500).send(`handled: ${error.status}`);
  });
  return { backend, sessions, url: `http://127.0.0.1:${await listen(app)}` };
}

const piece = "0123456789abcdef".repeat(1000);

const answers: readonly (readonly [string, (response: Response) => unknown, string])[] = [
  ["send()", (response) => response.send("hello"), "hello"],
  ["write() and end()", (response) => (response.write("one "), response.write("two "), response.end("three")), "one two three"],
  ["writeHead() and end()", (response) => response.writeHead(200).end("hello"), "hello"],
  ["flushHeaders(), and the body later", (response) => (response.flushHeaders(), response.write("one "), response.end("two")), "one two"],
  ["a stream that is piped", (response) => Readable.from([piece, piece, piece, piece]).pipe(response), piece.repeat(4)],
  [
    "write() as fast as it is taken, with a listener for each drain",
    async (response) => {
      for (let i = 0; i < 20; i++) if (!response.write(piece)) await once(response, "drain");
      response.end();
    },
    piece.repeat(20),
  ],
  [
    "write() as fast as it is taken, with one listener",
    (response) => {
      let left = 20;
      const writeMore = () => {
        while (left > 0 && response.write(left-- > 0 ? piece : "")) continue;
        if (left === 0) response.off("drain", writeMore).end();
      };
      response.on("drain", writeMore);
      writeMore();
    },
    piece.repeat(20),
  ],
];

describe.each(orders)("a library that replaces methods of the response %s", (_when, order) => {
  test.each(answers)("compresses %s, which is complete", async (_title, answer, body) => {
    const { sessions, url } = await serve(order, compress(), answer);
    const response = await fetch(url);
    expect([response.status, response.headers.get("content-encoding")]).toEqual([200, expect.stringMatching(/^(?:br|gzip)$/)]);
    expect(await response.text()).toBe(body);
    const cookies = response.headers.getSetCookie();
    expect(cookies).toHaveLength(1);
    expect(await dataOf(sessions, cookieOf(cookies))).toEqual({ a: 1 });
  });

  test.each(answers)("leaves the response to the error of a commit readable, instead of %s", async (_title, answer) => {
    const { backend, url } = await serve(order, compress(), answer);
    backend.isDown = true;
    const response = await fetch(url);
    expect([response.status, await response.text(), response.headers.getSetCookie()]).toEqual([503, "handled: 503", []]);
  });

  test("and ends it only once: the response to the error of a commit ends too", async () => {
    const library: RequestHandler = (_request, response, next) => {
      const methods = response as unknown as Methods;
      const { end } = methods;
      let hasEnded = false;
      methods.end = (...args) => {
        if (!hasEnded) end.apply(response, args);
        hasEnded = true;
        return response;
      };
      next();
    };
    const { backend, url } = await serve(order, library, (response) => response.end("hello"));
    backend.isDown = true;
    // Where it wraps the methods that hold the response, it sees the dropped response and the one to the error.
    expect(await (await fetch(url)).text()).toBe("handled: 503");
  });

  test("and waits for the head: it sees the head of the response to the error of a commit", async () => {
    const seen: number[] = [];
    const library: RequestHandler = (_request, response, next) => {
      const methods = response as unknown as Methods;
      const { writeHead } = methods;
      methods.writeHead = (...args) => {
        seen.push(Number(args[0]));
        response.setHeader("x-seen", "1");
        return writeHead.apply(response, args);
      };
      next();
    };
    const { backend, url } = await serve(order, library, (response) => response.end("hello"));
    backend.isDown = true;
    const response = await fetch(url);
    expect([response.headers.get("x-seen"), seen]).toEqual(["1", [503]]);
  });

  test("and has Node make the head before each write, as compression 1.7 does, until there is one", async () => {
    const library: RequestHandler = (_request, outgoing, next) => {
      const response = outgoing as unknown as Methods & { readonly _header: string | null; _implicitHeader(): void };
      const { write } = response;
      response.write = (...args) => {
        if (!response._header) response._implicitHeader();
        return write.apply(response, args);
      };
      next();
    };
    const { sessions, url } = await serve(order, library, (response) => {
      response.write("one ");
      response.write("two");
      response.end();
    });
    const response = await fetch(url);
    expect([response.status, await response.text()]).toEqual([200, "one two"]);
    expect(await dataOf(sessions, cookieOf(response.headers.getSetCookie()))).toEqual({ a: 1 });
  });
});
