import { once } from "node:events";
import { connect, type ClientHttp2Session, type OutgoingHttpHeaders } from "node:http2";
import { request, Response, text } from "@mini/core";
import { serve, type Server } from "@mini/core/serve";
import { afterEach, describe, expect, test } from "vitest";
import { certificate } from "../support/certificate.ts";
import { makeApp } from "../support/one-handler.ts";

const open: { readonly server: Server; readonly client: ClientHttp2Session }[] = [];
afterEach(async () => {
  for (const { client, server } of open.splice(0)) {
    client.destroy();
    await server.close();
  }
});

async function listen(work: () => unknown): Promise<ClientHttp2Session> {
  const server = await serve(makeApp(work).app, { port: 0, silent: true, gracefulShutdown: false, tls: certificate });
  const client = connect(server.url, { ca: certificate.cert });
  open.push({ server, client });
  return client;
}

async function ask(client: ClientHttp2Session, headers: OutgoingHttpHeaders = {}) {
  const stream = client.request({ ":path": "/", ...headers });
  const [head] = (await once(stream, "response")) as [Record<string, unknown>];
  let body = "";
  for await (const chunk of stream.setEncoding("utf8")) body += String(chunk);
  return { head, body };
}

const stream = () => new Response(new Blob(["fine"]).stream(), { headers: { "transfer-encoding": "chunked" } });

describe("over HTTP/2", () => {
  test.each([
    ["keep-alive", () => text("fine", { headers: { connection: "close", "keep-alive": "timeout=5" } })],
    ["transfer-encoding", stream],
    ["upgrade", () => text("fine", { headers: { upgrade: "h2c" } })],
    ["http2-settings", () => text("fine", { headers: { "http2-settings": "a" } })],
  ])("the header %s, which belongs to a connection, is left out", async (name, work) => {
    const { head, body } = await ask(await listen(work));
    expect(head).toMatchObject({ ":status": 200 });
    expect(head).not.toHaveProperty(name);
    expect(body).toBe("fine");
  });

  test("a header that is set twice is sent as one line, and each Set-Cookie as its own", async () => {
    const headers: [string, string][] = [
      ["etag", '"a"'],
      ["etag", '"b"'],
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
    ];
    const { head } = await ask(await listen(() => text("fine", { headers })));
    expect(head).toMatchObject({ etag: '"a", "b"', "set-cookie": ["a=1", "b=2"] });
  });

  test("HEAD of a response that sets Content-Length itself has one Content-Length", async () => {
    const client = await listen(() => text("fine", { headers: { "content-length": "7" } }));
    expect((await ask(client, { ":method": "HEAD" })).head).toMatchObject({ ":status": 200, "content-length": "4" });
  });

  test("a stream that a handler returns after the client has gone is cancelled", async () => {
    let cancel: () => void = () => undefined;
    const cancelled = new Promise<void>((resolve) => (cancel = resolve));
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const client = await listen(async () => {
      begin();
      await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
      return new Response(new ReadableStream({ cancel: () => cancel() }));
    });
    const asked = client.request({ ":path": "/" });
    await begun;
    asked.close();
    await expect(cancelled).resolves.toBeUndefined();
  });

  test.each([
    ["that no URL can have", { ":authority": "a.1", ":path": '/?"' }],
    ["with a port that is none", { ":authority": "localhost:99999" }],
    ["beside another (RFC 9113 §8.3.1)", { ":authority": "localhost", host: "other.example" }],
  ])("a host %s: 400", async (_title, headers) => {
    const client = await listen(() => text("fine"));
    expect((await ask(client, headers)).head).toMatchObject({ ":status": 400 });
    expect((await ask(client)).head).toMatchObject({ ":status": 200 });
  });
});
