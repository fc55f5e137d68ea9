import { renameSync, rmSync, statSync, symlinkSync, truncateSync, unlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { App, Rule } from "@mini/core";
import { StaticFiles } from "@mini/core/static";
import { TestClient } from "@mini/core/testing";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FileCache } from "../../packages/core/src/static/file-cache.ts";
import { temporaryFolder, writeFiles } from "../support/folder.ts";

const outside = temporaryFolder({ "secret.txt": "secret", "folder/secret.txt": "secret" });
const folder = temporaryFolder();

const app = new App({ rules: [new Rule("/*path", { endpoint: "file", handler: StaticFiles({ root: folder, fingerprint: true }) })] });
const client = new TestClient(app);
const get = async (path: string, headers = {}) => {
  const response = await client.get(path, { headers });
  return [response.status, response.status === 200 || response.status === 206 ? await response.text() : ""];
};

// An hour later, when the files have not been changed for long, so that they are kept.
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_600_000 }));
afterEach(() => void vi.useRealTimers());

describe("a file that is kept in memory", () => {
  test("is sent again and again, whole and in parts", async () => {
    writeFiles(folder, { "kept.txt": "0123456789" });
    for (let i = 0; i < 3; i++) {
      expect(await get("/kept.txt")).toEqual([200, "0123456789"]);
      expect(await get("/kept.txt", { range: "bytes=2-4" })).toEqual([206, "234"]);
      expect(await get("/kept.txt", { "if-none-match": '"hNiYd_DUBB77a_ka"' })).toEqual([304, ""]);
    }
  });

  test("is sent in its current state after it was written, replaced, cut short or removed", async () => {
    const path = join(folder, "changing.txt");
    const urls = new Set<string>();
    const check = async (text: string) => {
      expect(await get("/changing.txt")).toEqual([200, text]);
      urls.add(app.urlFor("file", { path: ["changing.txt"] }));
    };
    writeFileSync(path, "written");
    await check("written");
    writeFileSync(path, "written again");
    await check("written again");
    writeFiles(folder, { "next.txt": "replaced" });
    renameSync(join(folder, "next.txt"), path);
    await check("replaced");
    truncateSync(path, 3);
    await check("rep");
    expect(urls.size).toBe(4);
    unlinkSync(path);
    expect(await get("/changing.txt")).toEqual([404, ""]);
    expect(() => app.urlFor("file", { path: ["changing.txt"] })).toThrow(/there is no file/);
  });

  test("is sent in its current state even if its size and time of modification are the same as before", async () => {
    const path = join(folder, "same.txt");
    const write = (text: string) => {
      writeFileSync(path, text);
      utimesSync(path, 1_700_000_000, 1_700_000_000);
      return statSync(path).ctimeMs;
    };
    const first = write("one");
    expect(await get("/same.txt")).toEqual([200, "one"]);
    // The clock of the file system goes in steps.
    while (write("two") === first);
    expect(await get("/same.txt")).toEqual([200, "two"]);
  });

  test("is not sent instead of a link that leads out of the folder", async () => {
    writeFiles(folder, { "swapped.txt": "harmless", "swapped/secret.txt": "harmless" });
    for (const path of ["/swapped.txt", "/swapped/secret.txt"]) expect(await get(path)).toEqual([200, "harmless"]);
    unlinkSync(join(folder, "swapped.txt"));
    symlinkSync(join(outside, "secret.txt"), join(folder, "swapped.txt"));
    rmSync(join(folder, "swapped"), { recursive: true });
    symlinkSync(join(outside, "folder"), join(folder, "swapped"));
    for (const path of ["/swapped.txt", "/swapped/secret.txt"]) expect(await get(path)).toEqual([404, ""]);
  });

  test("may have been found in a content coding that was removed since, or without one that was added", async () => {
    writeFiles(folder, { "app.js": "plain" });
    const ask = () => get("/app.js", { "accept-encoding": "br" });
    expect(await ask()).toEqual([200, "plain"]);
    writeFiles(folder, { "app.js.br": "in br" });
    expect(await ask()).toEqual([200, "in br"]);
    unlinkSync(join(folder, "app.js.br"));
    expect(await ask()).toEqual([200, "plain"]);
  });
});

describe("what is kept", () => {
  test("are the files that were requested last, up to a number of bytes", async () => {
    writeFiles(folder, { a: "a".repeat(20_000), b: "b".repeat(20_000), c: "c".repeat(20_000) });
    const cache = new FileCache(50_000);
    const find = (name: string) => cache.find(join(folder, name));
    const [a, b] = [await find("a"), await find("b")];
    expect(await find("a")).toBe(a);
    const c = await find("c");
    expect([await find("a"), await find("c")]).toEqual([a, c]);
    expect((await find("a")) === a && (await find("c")) === c).toBe(true);
    expect((await find("b")) === b).toBe(false);
  });

  test("is not a file that has changed within two seconds, because its next change could have the same time", async () => {
    writeFiles(folder, { fresh: "fresh" });
    vi.setSystemTime(statSync(join(folder, "fresh")).ctimeMs + 1999);
    const cache = new FileCache();
    const first = await cache.find(join(folder, "fresh"));
    expect((await cache.find(join(folder, "fresh"))) === first).toBe(false);
  });

  test("are not the bytes of a large file", async () => {
    for (const [size, isKept] of [
      [128 * 1024, true],
      [128 * 1024 + 1, false],
    ] as const) {
      writeFiles(folder, { edge: "e".repeat(size) });
      const found = await new FileCache().find(join(folder, "edge"));
      expect(found).toMatchObject({ size, content: isKept ? expect.any(Uint8Array) : undefined });
      expect(await get("/edge", { range: "bytes=-1" })).toEqual([206, "e"]);
    }
  });
});
