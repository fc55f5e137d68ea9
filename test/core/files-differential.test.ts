import { symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { createServer, request as requestByNode, type RequestListener, type Server as NodeServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import send from "@fastify/send";
import { App, Rule } from "@mini/core";
import { serve, type Server } from "@mini/core/serve";
import { StaticFiles } from "@mini/core/static";
import sirv from "sirv";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryFolder } from "../support/folder.ts";
import { within } from "../support/within.ts";

const modified = "Tue, 14 Nov 2023 22:13:20 GMT";
const before = "Tue, 14 Nov 2023 22:13:19 GMT";
const after = "Tue, 14 Nov 2023 22:13:21 GMT";

const folder = temporaryFolder({
  "digits.txt": "0123456789",
  "empty.txt": "",
  "index.html": "<p>root</p>",
  "docs/index.html": "<p>docs</p>",
  ".env": "secret",
  "grün 日本.txt": "any script",
  "a+b&c.txt": "signs",
  "large.txt": "0123456789".repeat(50_000),
  "app.js": "script",
});
writeFileSync(join(folder, "app.js.gz"), gzipSync("script"));
for (const name of ["digits.txt", "large.txt", "app.js", "app.js.gz"]) utimesSync(join(folder, name), 1_700_000_000, 1_700_000_000);
symlinkSync(join(folder, "digits.txt"), join(folder, "alias.txt"));

interface Answer {
  readonly status: number;
  /** Decoded. */
  readonly body: string;
  readonly range: string | undefined;
  readonly coding: string | undefined;
  readonly length: string | undefined;
  readonly modified: string | undefined;
  /** Without parameters. */
  readonly type: string | undefined;
}

function ask(port: number, path: string, headers: Readonly<Record<string, string>>, method: string): Promise<Answer> {
  const asked = new Promise<Answer>((resolve, reject) => {
    const sent = requestByNode({ port, path, headers, method, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const { "content-range": range, "content-encoding": coding } = response.headers;
        const isFile = [200, 206].includes(response.statusCode!);
        const bytes = Buffer.concat(chunks);
        resolve({
          status: response.statusCode!,
          // The pages of errors are everybody's own.
          body: !isFile ? "" : (coding === "gzip" && bytes.length > 0 ? gunzipSync(bytes) : bytes).toString(),
          range,
          coding,
          length: isFile ? response.headers["content-length"] : undefined,
          modified: isFile ? response.headers["last-modified"] : undefined,
          type: isFile ? response.headers["content-type"]?.split(";")[0] : undefined,
        });
      });
    });
    sent.on("error", reject);
    sent.end();
  });
  return within(`the answer to ${method} ${path}`, asked);
}

const open: NodeServer[] = [];
async function listen(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, resolve));
  return (server.address() as AddressInfo).port;
}

let ours: Server;
const ports: Record<"send" | "sirv", number> = { send: 0, sirv: 0 };

beforeAll(async () => {
  const app = new App({ rules: [new Rule("/{*path}", { handler: StaticFiles({ root: folder }) })] });
  ours = await serve(app, { port: 0, silent: true, gracefulShutdown: false });
  ports.send = await listen((request, response) => {
    void send(request, new URL(request.url!, "http://localhost").pathname, { root: folder }).then(({ statusCode, headers, stream }) => {
      response.writeHead(statusCode, headers as Record<string, string>);
      stream.pipe(response);
    });
  });
  ports.sirv = await listen(sirv(folder, { etag: true, gzip: true, dev: true }));
});
afterAll(async () => {
  await ours.close();
  for (const server of open) server.close();
});

type Case = readonly [path: string, headers: Readonly<Record<string, string>>, method?: "HEAD"];

/** What sirv and @fastify/send both answer as RFC 9110 has it. */
const both: readonly Case[] = [
  ["/digits.txt", {}],
  ["/digits.txt", {}, "HEAD"],
  ["/large.txt", {}],
  ["/large.txt", {}, "HEAD"],
  ["/empty.txt", {}],
  ["/empty.txt", {}, "HEAD"],
  ["/alias.txt", {}],
  [`/${encodeURIComponent("grün 日本.txt")}`, {}],
  ["/a+b&c.txt", {}],
  ["/", {}],
  ["/docs/", {}],
  ["/none.txt", {}],
  [`/${"a".repeat(300)}`, {}],
  ["/digits.txt", { range: "bytes=2-4" }],
  ["/digits.txt", { range: "bytes=7-" }],
  ["/digits.txt", { range: "bytes=5-100" }],
  ["/large.txt", { range: "bytes=499990-" }],
  ["/large.txt", { range: "bytes=100000-399999" }],
  ["/digits.txt", { range: "bytes=10-" }],
  ["/digits.txt", { "if-none-match": '"none"' }],
];

/**
 * Where sirv does something else: it knows neither conditions besides If-None-Match nor suffixes, takes the first byte for the whole
 * file, does not decode `%2B`, and serves names with a dot and files with a slash after their name.
 */
const onlySend: readonly Case[] = [
  ["/a%2Bb%26c.txt", {}],
  ["/.env", {}],
  ["/%2eenv", {}],
  ["/digits.txt", { range: "bytes=0-0" }],
  ["/digits.txt/", {}],
  ["/digits.txt", { range: "bytes=-3" }],
  ["/digits.txt", { range: "bytes=0-1,3-4" }],
  ["/digits.txt", { range: "items=0-1" }],
  ["/digits.txt", { range: "bytes=2-4", "if-range": '"none"' }],
  ["/digits.txt", { range: "bytes=2-4", "if-range": modified }],
  ["/digits.txt", { range: "bytes=2-4", "if-range": before }],
  ["/digits.txt", { "if-modified-since": modified }],
  ["/digits.txt", { "if-modified-since": after }],
  ["/digits.txt", { "if-modified-since": before }],
  ["/digits.txt", { "if-modified-since": modified }, "HEAD"],
  ["/digits.txt", { "if-none-match": "*" }],
  ["/digits.txt", { "if-none-match": '"none"', "if-modified-since": after }],
  ["/digits.txt", { "if-match": '"none"' }],
  ["/digits.txt", { "if-match": "*" }],
  ["/digits.txt", { "if-unmodified-since": before }],
  ["/digits.txt", { "if-unmodified-since": modified }],
  ["/digits.txt", { "if-unmodified-since": before, "if-none-match": "*" }],
];

/** Where @fastify/send does something else: it knows no content codings, and says 403 for a path that leaves the folder. */
const onlySirv: readonly Case[] = [
  ["/..%2f..%2fetc%2fpasswd/none", {}],
  ["/app.js", { "accept-encoding": "gzip" }],
  ["/app.js", { "accept-encoding": "gzip, deflate, br" }],
  ["/app.js", { "accept-encoding": "gzip" }, "HEAD"],
  ["/app.js", { "accept-encoding": "deflate" }],
];

const titled = (cases: readonly Case[]) =>
  cases.map((each) => [`${each[2] ?? "GET"} ${each[0].slice(0, 40)} ${JSON.stringify(each[1])}`, each] as const);

describe.each<[peer: "send" | "sirv", cases: readonly Case[]]>([
  ["send", [...both, ...onlySend]],
  ["sirv", [...both, ...onlySirv]],
])("StaticFiles answers like %s", (peer, cases) => {
  test.each(titled(cases))("%s", async (_title, [path, headers, method = "GET"]) => {
    const own = await ask(ours.port, path, headers, method);
    expect(own).toEqual(await ask(ports[peer], path, headers, method));
  });
});
