import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { request } from "./ask.ts";

/** Serves a listener of node:http until the test is over, and gives its URL. */
export async function serveListener(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What a client gets; `lines` are those of Set-Cookie. */
export async function ask(
  url: string,
  { method = "GET", headers = {} }: { method?: "GET" | "HEAD"; headers?: Record<string, string> } = {},
) {
  const got = await request(url, { method, headers });
  const lines = [got.headers["set-cookie"] ?? []].flat();
  return { status: got.statusCode, headers: got.headers, lines, text: await got.body.text() };
}
