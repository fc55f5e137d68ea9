import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import {
  abort,
  App,
  type AppOptions,
  html,
  json,
  local,
  type Middleware,
  type MiddlewareClass,
  type MiddlewareList,
  request,
  RequestHandler,
  Rule,
} from "@mini/core";
import { serve } from "@mini/core/serve";
import { describe, expect, onTestFinished, test } from "vitest";
import { readExamples } from "../support/examples.ts";
import { root, temporaryFolder } from "../support/folder.ts";

const examples = readExamples(join(root, "packages/core/docs/recipes.md"));
const folder = temporaryFolder(Object.fromEntries(examples.map(({ file, code }) => [file ?? "", code])));

/** What a block of the page exports. */
async function recipe<Made>(file: string, name: string): Promise<Made> {
  const module = (await import(join(folder, file))) as Record<string, Made>;
  return module[name]!;
}

type Recipe = new (...args: readonly unknown[]) => Middleware;

class Page extends RequestHandler {
  get() {
    return html`<p>${"long ".repeat(200)}</p>`;
  }
  async post() {
    return json(await request.json());
  }
  put() {
    return abort(409, "Taken.");
  }
  delete(): Response {
    throw new Error("a bug");
  }
}

/** Serves an application, and gives back a function that sends it a request. */
async function served(options: Partial<AppOptions<readonly Rule[]>> & { readonly list?: MiddlewareList }) {
  const { list = [], rules = [], ...rest } = options;
  class Handler extends Page {
    static override middleware = list;
  }
  const logger = { error() {}, warn() {}, info() {}, debug() {} };
  const app = new App({ rules: [new Rule("/", { handler: Handler }), ...rules], logger, ...rest });
  const server = await serve(app, { port: 0, silent: true, gracefulShutdown: false });
  onTestFinished(() => server.close());
  return (path: string, method = "GET", headers: Record<string, string> = {}, body?: string) =>
    fetch(new URL(path, server.url), { method, headers, ...(body !== undefined && { body }) });
}

describe("the middleware for CORS", () => {
  const trusted = ["https://admin.example.com"];
  const from = (origin: string) => ({ origin, "sec-fetch-site": "cross-site" });
  const start = async () => served({ middleware: [new (await recipe<Recipe>("cors.ts", "Cors"))(trusted)], crossOrigin: { trusted } });
  const allowed = ({ headers }: Response) => headers.get("access-control-allow-origin");

  test("answers the preflight request of a trusted origin, and no other", async () => {
    const ask = await start();
    const asks = { "access-control-request-method": "PUT", "access-control-request-headers": "content-type" };
    const answer = await ask("/", "OPTIONS", { ...from(trusted[0]!), ...asks });
    expect([answer.status, allowed(answer), answer.headers.get("access-control-allow-methods")]).toEqual([
      204,
      "https://admin.example.com",
      "GET, POST, PUT, PATCH, DELETE",
    ]);
    const other = await ask("/", "OPTIONS", { ...from("https://evil.example"), ...asks });
    expect([allowed(other), other.headers.get("access-control-allow-methods")]).toEqual([null, null]);
  });

  test("lets a trusted origin read and write, and see the status of an error", async () => {
    const ask = await start();
    for (const [method, path, status] of [
      ["GET", "/", 200],
      ["PUT", "/", 409],
      ["DELETE", "/", 500],
      ["GET", "/nowhere", 404],
    ] as const) {
      const answer = await ask(path, method, from(trusted[0]!));
      expect([answer.status, allowed(answer)]).toEqual([status, "https://admin.example.com"]);
      expect(answer.headers.get("vary")).toContain("Origin");
    }
    const refused = await ask("/", "PUT", from("https://evil.example"));
    expect([refused.status, allowed(refused)]).toEqual([403, null]);
  });
});

test("the middleware for a password lets in visitors who know the name and the password", async () => {
  const ask = await served({ list: [new (await recipe<Recipe>("password-only.ts", "PasswordOnly"))("ann", "pass:wörd")] });
  const basic = (words: string) => ({ authorization: `Basic ${Buffer.from(words).toString("base64")}` });
  expect((await ask("/", "GET", basic("ann:pass:wörd"))).status).toBe(200);
  const refused = [{}, basic("ann:pass"), basic(""), { authorization: "Basic" }, { authorization: "Bearer YW5uOnBhc3M6d8O2cmQ=" }];
  for (const headers of refused) {
    const answer = await ask("/", "GET", headers);
    expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, 'Basic realm="This site", charset="UTF-8"']);
  }
});

test("the middleware for transactions commits after a success and rolls back after any error", async () => {
  const calls: string[] = [];
  const note = (call: string) => async () => void calls.push(call);
  const begin = async () => ({ commit: note("commit"), rollback: note("rollback"), query: note("query") });
  class Order extends Page {
    static override middleware = [new (recipeOfTransactions as Recipe)(begin)];
    override async post() {
      await (local as unknown as { transaction: { query(): Promise<void> } }).transaction.query();
      return json({});
    }
  }
  const ask = await served({ rules: [new Rule("/order", { handler: Order })] });
  for (const method of ["GET", "POST", "PUT", "DELETE"]) await ask("/order", method);
  expect(calls).toEqual(["commit", "query", "commit", "rollback", "rollback"]);
});
const recipeOfTransactions = await recipe<MiddlewareClass>("transaction.ts", "InTransaction");

test("the middleware for entity tags answers 304 to a browser that has the page", async () => {
  const ask = await served({ list: [await recipe<MiddlewareClass>("entity-tags.ts", "EntityTags")] });
  const first = await ask("/");
  const tag = first.headers.get("etag")!;
  expect([first.status, first.headers.get("cache-control")]).toEqual([200, "private, no-cache"]);
  expect(tag).toMatch(/^W\/"[\w-]{22}"$/);
  expect((await first.text()).length).toBe(1007);
  const second = await ask("/", "GET", { "if-none-match": `"other", ${tag}` });
  expect([second.status, second.headers.get("etag"), await second.text()]).toEqual([304, tag, ""]);
  expect((await ask("/", "HEAD")).headers.get("etag")).toBe(tag);
  expect((await ask("/", "PUT")).headers.get("etag")).toBeNull();
});

test("the middleware for compression compresses text for clients that accept it", async () => {
  const ask = await served({ list: [await recipe<MiddlewareClass>("gzip.ts", "Gzip")] });
  const heads = ({ headers }: Response) => [headers.get("content-encoding"), headers.get("content-length"), headers.get("vary")];
  const small = await ask("/", "GET", { "accept-encoding": "gzip, br" });
  expect(heads(small)).toEqual(["gzip", null, "Accept-Encoding"]);
  expect((await small.text()).length).toBe(1007);
  for (const accepted of ["identity", "br", "identity, gzip;q=0.5", "gzip;q=0"]) {
    expect(heads(await ask("/", "GET", { "accept-encoding": accepted }))).toEqual([null, "1007", "Accept-Encoding"]);
  }
});

test("the handler that passes requests on sends method, query and body, and keeps the cookies", async () => {
  const other = createServer((received, answer) => {
    const chunks: Buffer[] = [];
    received.on("data", (chunk: Buffer) => chunks.push(chunk));
    received.on("end", () => {
      answer.setHeader("x-from", "other");
      answer.end(JSON.stringify([received.method, received.url, received.headers.cookie ?? null, Buffer.concat(chunks).toString()]));
    });
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => other.once("listening", resolve));
  onTestFinished(() => void other.close());
  const port = (other.address() as AddressInfo).port;
  const code = examples.find(({ file }) => file === "passed-on.ts")!.code.replace("127.0.0.1:9000", `127.0.0.1:${port}`);
  const here = temporaryFolder({ "passed-on.ts": code });
  const { PassedOn } = (await import(join(here, "passed-on.ts"))) as { PassedOn: typeof RequestHandler };
  const ask = await served({ rules: [new Rule("/api/*path", { handler: PassedOn as never })] });
  const get = await ask("/api/a%2Fb/c?q=1", "GET", { cookie: "session=secret" });
  expect([get.status, get.headers.get("x-from"), await get.json()]).toEqual([200, "other", ["GET", "/v1/a%2Fb/c?q=1", null, ""]]);
  expect(await (await ask("/api/orders", "POST", {}, "hello")).json()).toEqual(["POST", "/v1/orders", null, "hello"]);
  other.closeAllConnections();
  await new Promise((resolve) => other.close(resolve));
  expect((await ask("/api/orders")).status).toBe(502);
});
