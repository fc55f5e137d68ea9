import { renameSync, rmSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { App, ConfigError, Rule, SecurityHeaders, setCookie } from "@mini/core";
import { serve } from "@mini/core/serve";
import { StaticFiles, type StaticFilesOptions } from "@mini/core/static";
import { TestClient } from "@mini/core/testing";
import { beforeAll, describe, expect, test } from "vitest";
import { temporaryFolder, writeFiles } from "../support/folder.ts";
import { getAllRaw, type RawAnswer } from "../support/raw-http.ts";
import { digitsTag, modified, staticSite } from "../support/static-site.ts";

const { outside, folder, appOf, get } = staticSite();

describe("a file", () => {
  test("is sent with its type, length and validators", async () => {
    const response = await get("/static/digits.txt");
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toEqual({
      "accept-ranges": "bytes",
      "cache-control": "no-cache",
      "content-type": "text/plain; charset=utf-8",
      etag: digitsTag,
      "last-modified": modified,
      vary: "Accept-Encoding",
    });
    expect(await response.text()).toBe("0123456789");
  });

  test.each([
    ["index.html", "text/html; charset=utf-8"],
    ["app.js", "text/javascript; charset=utf-8"],
    ["only.css", "text/css; charset=utf-8"],
    ["large.bin", "application/octet-stream"],
    ["app.js.br", "application/octet-stream"],
    ["html", "application/octet-stream"],
    ["a.constructor", "application/octet-stream"],
    ["LOUD.HTML", "text/html; charset=utf-8"],
  ])("named %s has the type %s", async (name, type) => {
    expect((await get(`/static/${name}`)).headers.get("content-type")).toBe(type);
  });

  test.each(["json", "svg", "webmanifest", "mjs", "xml", "map", "md", "csv"])("that ends with .%s is text in UTF-8", async (extension) => {
    writeFiles(folder, { [`types/a.${extension}`]: "{}" });
    expect((await get(`/static/types/a.${extension}`)).headers.get("content-type")).toMatch(/^[\w/+-]+; charset=utf-8$/);
  });

  test.each(["png", "woff2", "pdf", "wasm", "mp4", "ico", "docx"])("that ends with .%s has a type without a charset", async (extension) => {
    writeFiles(folder, { [`types/a.${extension}`]: "" });
    expect((await get(`/static/types/a.${extension}`)).headers.get("content-type")).toMatch(/^(?!.*octet-stream)[\w/.+-]+$/);
  });

  test("may have a name in any script, and with any sign that a path can have", async () => {
    for (const [name, text] of [
      ["grün ñ 日本 😀.txt", "any script"],
      ["100%.txt", "percent"],
      ["a+b&c=d.txt", "signs"],
      ["a..b.txt", "two dots"],
    ] as const) {
      expect(await (await get(`/static/${encodeURIComponent(name)}`)).text(), name).toBe(text);
    }
  });

  test("that is empty is sent with its length, and a part of it is not", async () => {
    const response = await get("/static/empty.txt", { range: "bytes=-5" });
    expect([response.status, await response.text()]).toEqual([200, ""]);
    expect((await get("/static/empty.txt", { range: "bytes=0-" })).status).toBe(416);
  });

  test("that is a symbolic link to another one in the folder is sent", async () => {
    expect(await (await get("/static/alias.txt")).text()).toBe("0123456789");
  });

  test("that changes is sent in its new state, with another entity tag, even if its size and time of modification are the same", async () => {
    const path = join(folder, "changing.txt");
    const tags = new Set<string | null>();
    for (const text of ["one", "two", "six"]) {
      writeFileSync(path, text);
      utimesSync(path, 1_700_000_000, 1_700_000_000);
      const response = await get("/static/changing.txt");
      expect(await response.text()).toBe(text);
      expect(response.headers.get("last-modified")).toBe(modified);
      tags.add(response.headers.get("etag"));
    }
    expect(tags.size).toBe(3);
    unlinkSync(path);
    expect((await get("/static/changing.txt")).status).toBe(404);
  });

  test("whose time of modification is in the future was not modified after now", async () => {
    writeFiles(folder, { "future.txt": "a" });
    utimesSync(join(folder, "future.txt"), 4_000_000_000, 4_000_000_000);
    const { headers } = await get("/static/future.txt");
    expect(Date.parse(headers.get("last-modified")!)).toBeLessThanOrEqual(Date.now());
  });

  test("accepts only GET, HEAD and OPTIONS", async () => {
    const response = await get("/static/digits.txt", {}, "POST");
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS"]);
  });
});

describe("what is not to be sent is 404", () => {
  let answers: readonly RawAnswer[];
  const targets = [
    "/static/.env",
    "/static/%2eenv",
    "/static/%2Eenv",
    "/static/.git/config",
    "/static/docs/.htpasswd",
    "/static/environment",
    "/static/link.txt",
    "/static/linked/secret.txt",
    "/static/%6cinked/secret.txt",
    "/static/linked%2fsecret.txt",
    "/static/linked/",
    "/static/linked",
    "/static/loop",
    "/static/lost.css",
    "/static/none.txt",
    "/static/digits.txt/",
    "/static/digits.txt/more",
    "/static/bare",
    "/static/bare/",
    "/static/docs%2findex.html",
    "/static/docs%5cindex.html",
    "/static/docs/%2e%2e%2fdigits.txt",
    `/static/..%2f..%2f..%2f..%2fetc/passwd`,
    `/static/%2e%2e%2f${encodeURIComponent(outside)}/secret.txt`,
    `/static/${encodeURIComponent(`${outside}/secret.txt`)}`,
    `/static/${outside}/secret.txt`,
    `/static/%5c..%5c..%5cetc%5cpasswd`,
    "/static/digits.txt%00",
    "/static/%00",
    "/static/digits.txt%00.html",
    "/static//digits.txt",
    "/static/docs//index.html",
    "/static/docs//",
    `/static/${"a".repeat(300)}`,
    `/static/${"a/".repeat(3000)}a`,
    `/static/${encodeURIComponent("日".repeat(200))}`,
  ];

  beforeAll(async () => {
    const server = await serve(appOf(), { port: 0, silent: true, gracefulShutdown: false });
    answers = await getAllRaw(server.port, targets);
    await server.close();
  });

  test.each(targets.map((target, i) => [target.slice(0, 70), i] as const))("%s", (_target, i) => {
    expect([answers[i]!.status, answers[i]!.body.includes("secret")]).toEqual([404, false]);
  });

  test("a symbolic link that leads out of the folder, in the place of a file that was sent before", async () => {
    writeFiles(folder, { "swapped.txt": "harmless", "swapped/secret.txt": "harmless" });
    utimesSync(join(folder, "swapped.txt"), 1, 1);
    for (const path of ["swapped.txt", "swapped/secret.txt"]) expect(await (await get(`/static/${path}`)).text()).toBe("harmless");
    unlinkSync(join(folder, "swapped.txt"));
    symlinkSync(join(outside, "secret.txt"), join(folder, "swapped.txt"));
    rmSync(join(folder, "swapped"), { recursive: true });
    symlinkSync(join(outside, "folder"), join(folder, "swapped"));
    for (const path of ["swapped.txt", "swapped/secret.txt"]) expect((await get(`/static/${path}`)).status, path).toBe(404);
  });

  test("a link out of the folder in a content coding; the file itself is sent", async () => {
    const response = await get("/static/leak.txt", { "accept-encoding": "gzip" });
    expect([await response.text(), response.headers.get("content-encoding")]).toEqual(["inside", null]);
  });
});

describe("a folder", () => {
  test("is answered with its index.html, the root too", async () => {
    expect(await (await get("/static/docs/")).text()).toBe("<p>docs</p>");
    const root = await get("/static/");
    expect([await root.text(), root.headers.get("content-type")]).toEqual(["<p>root</p>", "text/html; charset=utf-8"]);
  });

  test("without its final slash is redirected, with the query", async () => {
    const response = await get("/static/docs?a=1&b=%2F");
    expect([response.status, response.headers.get("location")]).toEqual([308, "/static/docs/?a=1&b=%2F"]);
  });

  test("never leads to another host", async () => {
    writeFiles(folder, { "evil.example/index.html": "" });
    const site = new App({ rules: [new Rule("/{*path}", { handler: StaticFiles({ root: folder }) })] });
    const server = await serve(site, { port: 0, silent: true, gracefulShutdown: false });
    const answers = await getAllRaw(server.port, ["//evil.example", "/%2fevil.example", "/%5cevil.example", "/evil.example"]);
    await server.close();
    expect(answers.map(({ status, values }) => [status, values("location")])).toEqual([
      [404, []],
      [404, []],
      [404, []],
      [308, ["/evil.example/"]],
    ]);
  });

  test("that is a link is followed again after a deployment has changed it", async () => {
    const place = temporaryFolder({ "one/a.txt": "one", "two/a.txt": "two" });
    symlinkSync(join(place, "one"), join(place, "current"));
    const handler = StaticFiles({ root: join(place, "current") });
    const moved = new TestClient(new App({ rules: [new Rule("/*path", { handler })] }));
    expect(await (await moved.get("/a.txt")).text()).toBe("one");
    symlinkSync(join(place, "two"), join(place, "next"));
    renameSync(join(place, "next"), join(place, "current"));
    expect(await (await moved.get("/a.txt")).text()).toBe("two");
  });
});

describe("StaticFiles", () => {
  test("takes a URL as its root, and seconds for which files are kept", async () => {
    const site = new TestClient(appOf({ root: pathToFileURL(`${folder}/docs/`), maxAge: 60 }));
    const response = await site.get("/static/index.html");
    expect([await response.text(), response.headers.get("cache-control")]).toEqual(["<p>docs</p>", "max-age=60"]);
  });

  test.each<[title: string, options: object, message: RegExp]>([
    ["no root", {}, /needs a root/],
    ["an empty root", { root: "" }, /needs a root/],
    ["a root that is not there", { root: join(folder, "nowhere") }, /nowhere, is not a folder\. A relative path starts at/],
    ["a root that is a file", { root: join(folder, "digits.txt") }, /is not a folder/],
    ["a negative maxAge", { root: folder, maxAge: -1 }, /maxAge must be a whole number of seconds/],
  ])("refuses %s when it is made", (_title, options, message) => {
    expect(() => StaticFiles(options as StaticFilesOptions)).toThrow(ConfigError);
    expect(() => StaticFiles(options as StaticFilesOptions)).toThrow(message);
  });

  test("does not run middleware of the application with appMiddleware: false, and keeps the security headers", async () => {
    class Cookies {
      beforeDispatch() {
        setCookie("seen", "yes");
      }
    }
    const handler = StaticFiles({ root: folder });
    const rules = [new Rule("/static/*path", { handler, appMiddleware: false })];
    const { headers } = await new TestClient(new App({ rules, middleware: [Cookies, SecurityHeaders] })).get("/static/digits.txt");
    expect(headers.getSetCookie()).toEqual([]);
    expect([headers.get("vary"), headers.get("x-content-type-options")]).toEqual(["Accept-Encoding", "nosniff"]);
  });

  test("is a class that can be extended with its own middleware", async () => {
    class Members {
      beforeDispatch(): never {
        throw new ConfigError("members only");
      }
    }
    class Private extends StaticFiles({ root: folder }) {
      static override middleware = [Members];
    }
    const logger = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };
    const app = new App({ rules: [new Rule("/private/*path", { endpoint: "private", handler: Private })], logger });
    expect((await new TestClient(app).get("/private/digits.txt")).status).toBe(500);
    expect(app.urlFor("private", { path: ["digits.txt"] })).toBe("/private/digits.txt");
  });

  test("sends one file for a separate path, with the file among the defaults of the rule", async () => {
    const handler = StaticFiles({ root: folder });
    const site = new TestClient(new App({ rules: [new Rule("/robots.txt", { handler, defaults: { path: ["digits.txt"] } })] }));
    expect(await (await site.get("/robots.txt")).text()).toBe("0123456789");
  });
});
