import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { Sessions } from "@mini/session";
import { expect, onTestFinished } from "vitest";
import { request } from "./ask.ts";
import { cookieOf, dataOf, type Data } from "./visits.ts";

/** Serves a listener of node:http until the test is over, and returns its URL. */
export async function serveListener(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The response that a client gets; `lines` are the lines of Set-Cookie. */
export async function ask(
  url: string,
  { method = "GET", headers = {} }: { method?: "GET" | "HEAD"; headers?: Record<string, string> } = {},
) {
  const got = await request(url, { method, headers });
  const lines = [got.headers["set-cookie"] ?? []].flat();
  return { status: got.statusCode, headers: got.headers, lines, text: await got.body.text() };
}

/** Expects the one cookie of a session that was saved with this data, and the headers that keep its response out of caches. */
export async function expectSaved(got: Awaited<ReturnType<typeof ask>>, sessions: Sessions, data: Data): Promise<void> {
  expect(got.lines).toEqual([expect.stringMatching(/^session=v1\.[\w.-]+; Path=\/; HttpOnly; SameSite=Lax$/)]);
  expect(got.headers.vary).toMatch(/(?:^|, )Cookie$/);
  expect(got.headers["cache-control"]).toBe("no-store");
  expect(await dataOf(sessions, cookieOf(got.lines))).toEqual(data);
}
