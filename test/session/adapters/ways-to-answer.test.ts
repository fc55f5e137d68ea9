import type { IncomingMessage } from "node:http";
import type { Sessions } from "@mini/session";
import { sessionStoreOf } from "@mini/session/node";
import { beforeAll, describe, expect, test } from "vitest";
import { listen, nodeFrameworks } from "../../support/node-frameworks.ts";
import { sendRaw } from "../../support/raw-http.ts";
import { cookieOf, FailingBackend, makeSessions, type Data } from "../../support/visits.ts";
import { waysToAnswer } from "../../support/ways-to-answer.ts";

/** Headers that a session adds, and those that differ from one response to the next. */
const added = /^(?:set-cookie: session=|vary: |cache-control: no-store|date: )/i;

interface Answered {
  /** The lines of the head without those that a session adds. */
  readonly lines: readonly string[];
  readonly body: string;
  readonly cookie: string | undefined;
}

async function ask(port: number, way: number, method: string, changes: boolean): Promise<Answered> {
  const headers = `host: a\r\nx-way: ${way}\r\nx-changes: ${changes ? 1 : 0}\r\nconnection: close\r\n`;
  const bytes = await sendRaw(port, `${method} / HTTP/1.1\r\n${headers}\r\n`);
  const end = bytes.lastIndexOf("\r\n\r\n", bytes.search(/\r\n\r\n(?!HTTP)/));
  const lines = bytes.slice(0, end).split("\r\n");
  const cookie = lines.find((line) => /^set-cookie: session=/i.test(line))?.slice(12);
  return {
    lines: lines.filter((line) => !added.test(line)),
    body: lines.some((line) => /^transfer-encoding: chunked$/i.test(line)) ? joined(bytes.slice(end + 4)) : bytes.slice(end + 4),
    cookie: cookie?.split(";")[0],
  };
}

/** The text of chunks, and the trailers after them. Where one chunk ends and the next begins depends on the version of Node. */
function joined(chunks: string): string {
  const [head = ""] = chunks.split("\r\n", 1);
  const size = Number.parseInt(head, 16);
  const start = head.length + 2;
  // A response to HEAD has none.
  if (Number.isNaN(size)) return chunks;
  return size === 0 ? chunks.slice(start) : chunks.slice(start, start + size) + joined(chunks.slice(start + size + 2));
}

describe.each(nodeFrameworks)("a response of $name", (framework) => {
  const backend = new FailingBackend();
  const sessions = makeSessions({ backend });
  const inCookies = makeSessions();
  const errors: unknown[] = [];
  let port = 0;
  let cookiePort = 0;
  beforeAll(async () => {
    const serve = async (used: Sessions) =>
      listen(
        framework.make(
          used,
          async (request, response) => {
            if (request.headers["x-changes"] === "1") (await sessionStoreOf(request).getSession<Data>()).set("a", 1);
            await waysToAnswer[Number(request.headers["x-way"])]!.answer(response, request);
          },
          (error) => void errors.push(error),
        ),
      );
    port = await serve(sessions);
    cookiePort = await serve(inCookies);
  });

  test.each(waysToAnswer.map(({ title, method = "GET" }, way) => [title, method, way] as const))(
    "by %s is the same with a session that has changed, which is saved before it, in a backend or a cookie",
    async (_title, method, way) => {
      const plain = await ask(port, way, method, false);
      const changed = await ask(port, way, method, true);
      expect({ ...changed, cookie: undefined }).toEqual(plain);
      expect((await sessions.read<Data>(changed.cookie)).toJSON()).toEqual({ a: 1 });
      const kept = await ask(cookiePort, way, method, true);
      expect({ ...kept, cookie: undefined }).toEqual(plain);
      expect((await inCookies.read<Data>(kept.cookie)).toJSON()).toEqual({ a: 1 });
    },
  );

  test.each(waysToAnswer.map(({ title, method = "GET" }, way) => [title, method, way] as const))(
    "by %s is replaced by the framework's error handling when the commit fails",
    async (_title, method, way) => {
      backend.isDown = true;
      errors.length = 0;
      const { lines, body, cookie } = await ask(port, way, method, true);
      backend.isDown = false;
      const head = lines[0]!.includes("103") ? lines.slice(3) : lines;
      expect(head[0]).toBe("HTTP/1.1 503 Service Unavailable");
      expect(
        head.slice(1).filter((line) => !/^(?:connection|content-(?:length|type)|retry-after|transfer-encoding|server):/i.test(line)),
      ).toEqual([]);
      // What a handler has written to `ctx.res` is answered by Koa itself, because the handler may wait for it.
      const text = framework.name === "Koa" ? /^(?:Service Unavailable|handled: 503)$/ : /^handled: 503$/;
      expect(body.trimEnd()).toMatch(method === "HEAD" ? /^$/ : text);
      expect(cookie).toBeUndefined();
      expect(errors).toEqual([expect.objectContaining({ name: "SessionUnavailableError" })]);
    },
  );
});

describe.each(nodeFrameworks)("a session that $name first uses in the arguments of the call that answers", (framework) => {
  test.each([
    ["a cookie", () => makeSessions()],
    ["a backend", () => makeSessions({ backend: new FailingBackend() })],
  ])("is saved in %s", async (_title, make) => {
    const sessions = make();
    const visit = async (request: IncomingMessage) => String((await sessionStoreOf(request).getSession<Data>()).increment("visits"));
    const program = framework.make(
      sessions,
      async (request, response) => {
        // JavaScript looks up each method before it evaluates the arguments.
        if (request.headers["x-way"] === "end") response.end(await visit(request));
        else {
          response.write(await visit(request));
          response.end();
        }
      },
      () => undefined,
    );
    const url = `http://127.0.0.1:${await listen(program)}`;
    for (const way of ["end", "write"]) {
      const response = await fetch(url, { headers: { "x-way": way } });
      expect([response.status, await response.text()]).toEqual([200, "1"]);
      expect((await sessions.read<Data>(cookieOf(response.headers.getSetCookie()))).toJSON()).toEqual({ visits: 1 });
    }
  });
});
