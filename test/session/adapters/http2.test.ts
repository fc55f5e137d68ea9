import { once } from "node:events";
import { connect, createServer, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { setImmediate as later } from "node:timers/promises";
import type { Sessions } from "@mini/session";
import { nodeSessions, sessionStoreOf } from "@mini/session/node";
import { describe, expect, onTestFinished, test } from "vitest";
import { cookieOf, dataOf, inMemory, makeSessions, type Data } from "../../support/visits.ts";

async function serve(sessions: Sessions): Promise<string> {
  const use = nodeSessions(sessions);
  const server = createServer((incoming: Http2ServerRequest, outgoing: Http2ServerResponse) => {
    // The compatibility API of HTTP/2 has the methods that are used.
    const [request, response] = [incoming as unknown as IncomingMessage, outgoing as unknown as ServerResponse];
    use(request, response);
    void (async () => {
      (await sessionStoreOf(request).getSession<Data>()).set("a", 1);
      if (request.url === "/head") response.writeHead(201, { "x-a": "1" });
      response.end("hello");
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("over HTTP/2, node:http's way to answer", () => {
  test.each<[string, () => Sessions]>([
    ["a cookie", () => makeSessions()],
    ["a backend", inMemory],
  ])("saves a session in %s, and Node does not warn about a reason", async (_title, make) => {
    const warnings: string[] = [];
    const note = ({ message }: Error) => void warnings.push(message);
    process.on("warning", note);
    onTestFinished(() => void process.off("warning", note));
    const sessions = make();
    const client = connect(await serve(sessions));
    onTestFinished(() => client.destroy());
    for (const [path, status] of [["/", 200] as const, ["/head", 201] as const]) {
      const stream = client.request({ ":path": path });
      const [headers] = (await once(stream, "response")) as [Record<string, unknown>];
      expect([headers[":status"], await text(stream)]).toEqual([status, "hello"]);
      expect(await dataOf(sessions, cookieOf(headers["set-cookie"] as string[]))).toEqual({ a: 1 });
    }
    // Node reports a warning in the next tick.
    await later();
    expect(warnings).toEqual([]);
  });
});
