import { readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { expectSuccess, linkInstalled } from "../support/build-packages.ts";
import { build } from "../support/built.ts";
import { root, temporaryFolder, writeFiles } from "../support/folder.ts";
import { runNode } from "../support/run-node.ts";

interface Bundled {
  readonly files: readonly { readonly path: string; readonly text: string }[];
  readonly start: readonly { readonly path: string; readonly text: string }[];
}
interface Bundles {
  readonly programs: Readonly<Record<string, string>>;
  readonly bundle: (program: string, folder: string, splitting: boolean) => Promise<Bundled>;
  readonly weighBundle: (program: string, folder: string, options?: { readonly splitting: boolean }) => Promise<number>;
}

let consumer: string;
let bundles: Bundles;
beforeAll(async () => {
  ({ consumer } = await build());
  linkInstalled(consumer, "hono");
  // The benchmarks are JavaScript and have no types.
  bundles = (await import(pathToFileURL(join(root, "test/bench/footprint/bundles.mjs")).href)) as Bundles;
});

describe("a bundle for production, with gzip", () => {
  const weigh = (name: string) => bundles.weighBundle(bundles.programs[name]!, consumer);

  test("of a small application has at most 34 KB", async () => {
    expect(await weigh("mini")).toBeLessThan(34);
  });

  test("of a small application in one file has at most 37.5 KB", async () => {
    expect(await bundles.weighBundle(bundles.programs["mini"]!, consumer, { splitting: false })).toBeLessThan(37.5);
  });

  test("of one with sessions has at most 53 KB", async () => {
    expect(await weigh("mini + @mini/session")).toBeLessThan(53);
  });

  test("of an application of Hono has at most 20 KB more with sessions, without the code for sessions in a backend", async () => {
    expect((await weigh("hono + @mini/session")) - (await weigh("hono"))).toBeLessThan(20);
  });

  test("of a small application leaves out the inspector and the pages of debug, and loads error pages and forms when they are needed", async () => {
    const { files, start } = await bundles.bundle(bundles.programs["mini"]!, consumer, true);
    const all = files.map(({ text }) => text).join("\n");
    const first = start.map(({ text }) => text).join("\n");
    const parts = {
      inspector: "__mini",
      debug: "No rule matches the path",
      "error pages": "application/problem+json",
      forms: "content-disposition",
      "html`...`": "html cannot insert",
      cookies: "Max-Age=",
      "security headers": "max-age=31536000",
      converters: "a-f]{12}",
    };
    const found = (text: string) => Object.entries(parts).flatMap(([name, sign]) => (text.includes(sign) ? [name] : []));
    expect(found(first)).toEqual([]);
    expect(found(all)).toEqual(["error pages", "forms"]);
  });
});

/** Logs without what differs from run to run. */
const logging = `
  const logged = [];
  const log = (message) => logged.push(message.split("\\n")[0].replaceAll(/[\\d.]+ ms|'.*/g, "..."));
  const logger = { error: log, warn: log, info: log, debug: log };
`;

const program = `
  import { App, RequestHandler, Rule, text } from "@mini/core";
  class Home extends RequestHandler {
    get() { return text("hello"); }
    async post() { return text(String((await this.request.formData()).get("name"))); }
  }
  ${logging}
  const app = new App({ rules: [new Rule("/", { handler: Home })], logger });
  const answers = [];
  const ask = async (path, init) => {
    const response = await app.fetch(new Request("http://localhost" + path, init));
    answers.push([response.status, response.headers.get("content-type"), (await response.text()).trim().split("\\n")[0]]);
  };
  const body = new FormData();
  body.append("name", "Ann");
  await ask("/");
  await ask("/", { method: "POST", body });
  await ask("/nowhere");
  await ask("/", { method: "POST", headers: { origin: "http://other.example", "sec-fetch-site": "cross-site" }, body: "" });
  await ask("/", { method: "PUT" });
  console.log(JSON.stringify({ answers, logged }));
`;

const withSessions = `
  import { App, local, RequestHandler, Rule, text } from "@mini/core";
  import { MemoryBackend, SessionMiddleware } from "@mini/session";
  class Home extends RequestHandler {
    async get() { return text(String((await local.sessionStore.getSession()).increment("visits"))); }
  }
  class List extends RequestHandler {
    async get() { return text(String((await local.sessionStore.listSessions("user:1")).length)); }
  }
  ${logging}
  const session = { secretKey: "k".repeat(32), backend: new MemoryBackend() };
  const rules = [new Rule("/", { handler: Home }), new Rule("/list", { handler: List })];
  const app = new App({ rules, middleware: [SessionMiddleware], config: { session }, logger });
  const answers = [];
  for (const path of ["/", "/list"]) {
    const response = await app.fetch(new Request("http://localhost" + path));
    answers.push([response.status, (await response.text()).trim().split("\\n")[0]]);
  }
  console.log(JSON.stringify({ answers, logged }));
`;

describe("a bundled application", () => {
  /** Writes the bundle into a folder, without the files for which `isGone` is true, and runs it. */
  async function run(splitting: boolean, isGone: (text: string) => boolean = () => false, code = program): Promise<unknown> {
    const { files } = await bundles.bundle(code, consumer, splitting);
    const folder = temporaryFolder();
    writeFiles(folder, Object.fromEntries(files.map(({ path, text }) => [basename(path), text])));
    for (const name of readdirSync(folder)) if (isGone(readFileSync(join(folder, name), "utf8"))) rmSync(join(folder, name));
    const { stdout } = await expectSuccess(runNode(["main.mjs"], { cwd: folder }));
    return JSON.parse(stdout);
  }

  const html = "text/html; charset=utf-8";
  const plain = "text/plain;charset=UTF-8";

  test.each([true, false])("reads forms and sends error pages, in several files or in one: %j", async (splitting) => {
    expect(await run(splitting)).toEqual({
      answers: [
        [200, plain, "hello"],
        [200, plain, "Ann"],
        [404, html, "<!doctype html>"],
        [403, html, "<!doctype html>"],
        [405, html, "<!doctype html>"],
      ],
      logged: [],
    });
  });

  test("answers an error with its status, and logs why, when the file of the error pages is gone", async () => {
    const reason = "Error [ERR_MODULE_NOT_FOUND]: Cannot find module ...";
    expect(await run(true, (text) => text.includes("application/problem+json"))).toEqual({
      answers: [
        [200, plain, "hello"],
        [200, plain, "Ann"],
        [404, plain, "404 Not Found"],
        [403, plain, "403 Forbidden"],
        [405, plain, "405 Method Not Allowed"],
      ],
      logged: [`GET /nowhere 404 after ...: ${reason}`, `POST / 403 after ...: ${reason}`, `PUT / 405 after ...: ${reason}`],
    });
  });

  test("answers a form with 500 when the file that reads forms is gone", async () => {
    expect(await run(true, (text) => text.includes("content-disposition"))).toMatchObject({
      answers: [
        [200, plain, "hello"],
        [500, html, "<!doctype html>"],
        [404, html, "<!doctype html>"],
        [403, html, "<!doctype html>"],
        [405, html, "<!doctype html>"],
      ],
    });
  });

  test.each([true, false])("has sessions in a backend, in several files or in one: %j", async (splitting) => {
    expect(await run(splitting, undefined, withSessions)).toEqual({
      answers: [
        [200, "1"],
        [200, "0"],
      ],
      logged: [],
    });
  });

  test("answers with 500, and logs why, when a file with the code for sessions in a backend is gone", async () => {
    const gone = (text: string) => text.includes("A change to a session was dropped");
    const line = expect.stringMatching(/^GET \S+ 500 after \.\.\.: Error \[ERR_MODULE_NOT_FOUND\]: Cannot find module/) as string;
    const answers = [1, 2].map(() => [500, "<!doctype html>"]);
    expect(await run(true, gone, withSessions)).toEqual({ answers, logged: [line, line] });
  });
});
