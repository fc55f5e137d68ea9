import { symlinkSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { LocalError } from "@mini/core";
import { sendFile, type SendFileOptions } from "@mini/core/static";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../support/folder.ts";
import { makeApp } from "../support/one-handler.ts";

const folder = temporaryFolder({
  "report.txt": "0123456789",
  "page.html": "<p>page</p>",
  "page.html.br": "<br>",
  data: "a,b",
  ".hidden": "dot",
});
utimesSync(join(folder, "report.txt"), 1_700_000_000, 1_700_000_000);
symlinkSync(join(folder, "report.txt"), join(folder, "link.txt"));

/** The response to a request, for which a handler sends a file. */
function ask(file: string | URL, options: SendFileOptions = {}, init: RequestInit = {}) {
  const { app, logged } = makeApp(() => sendFile(file, options));
  return { response: Promise.resolve(app.fetch(new Request("http://localhost/", init))), logged };
}

describe("sendFile", () => {
  test("sends a file by its path or URL, with type, validators and conditions", async () => {
    for (const file of [join(folder, "report.txt"), pathToFileURL(join(folder, "report.txt"))]) {
      const response = await ask(file).response;
      expect(Object.fromEntries(response.headers)).toEqual({
        "accept-ranges": "bytes",
        "cache-control": "no-cache",
        "content-type": "text/plain; charset=utf-8",
        etag: '"hNiYd_DUBB77a_ka"',
        "last-modified": "Tue, 14 Nov 2023 22:13:20 GMT",
        vary: "Accept-Encoding",
      });
      expect(await response.text()).toBe("0123456789");
    }
    const headers = { "if-none-match": '"hNiYd_DUBB77a_ka"' };
    expect((await ask(join(folder, "report.txt"), {}, { headers }).response).status).toBe(304);
    const part = await ask(join(folder, "report.txt"), {}, { headers: { range: "bytes=2-4" } }).response;
    expect([part.status, await part.text()]).toEqual([206, "234"]);
  });

  test("sends links and names with a dot too, because the application chose them, and a content coding beside the file", async () => {
    expect(await (await ask(join(folder, "link.txt")).response).text()).toBe("0123456789");
    expect(await (await ask(join(folder, ".hidden")).response).text()).toBe("dot");
    const response = await ask(join(folder, "page.html"), {}, { headers: { "accept-encoding": "br" } }).response;
    expect([await response.text(), response.headers.get("content-encoding")]).toEqual(["<br>", "br"]);
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
  });

  test("takes a type, or that of the filename, and seconds for which it may be used", async () => {
    const typeOf = async (name: string, options: SendFileOptions) =>
      (await ask(join(folder, name), options).response).headers.get("content-type");
    expect(await typeOf("data", {})).toBe("application/octet-stream");
    expect(await typeOf("data", { filename: "data.csv" })).toBe("text/csv; charset=utf-8");
    expect(await typeOf("data", { filename: "data.csv", type: "text/plain" })).toBe("text/plain");
    const response = await ask(join(folder, "data"), { maxAge: 60 }).response;
    expect(response.headers.get("cache-control")).toBe("max-age=60");
  });

  test("answers 404 for anything that is not a file, whatever the name", async () => {
    const none = [
      join(folder, "none.txt"),
      folder,
      "",
      `${folder}/a\0b`,
      join(folder, "a".repeat(300)),
      join(folder, "report.txt", "more"),
      new URL(`${pathToFileURL(folder).href}/..%2fsecret.txt`),
    ];
    for (const file of none) {
      const { response, logged } = ask(file);
      expect([(await response).status, logged], String(file)).toEqual([404, []]);
    }
  });

  test("answers a POST with the file, whatever its conditions and ranges", async () => {
    const headers = { "if-match": '"none"', range: "bytes=0-1" };
    const response = await ask(join(folder, "report.txt"), {}, { method: "POST", headers }).response;
    expect([response.status, await response.text()]).toEqual([200, "0123456789"]);
  });

  test.each<[title: string, file: string | URL, options: object, message: RegExp]>([
    ["a filename with a line break", folder, { filename: "a\r\nset-cookie: b" }, /filename: it must be text without control characters/],
    ["a filename with NUL", folder, { filename: "a\0" }, /filename: it must be text without control characters/],
    ["a filename with half of a surrogate pair", folder, { filename: "a\ud800" }, /halves of surrogate pairs/],
    ["a filename of dots", folder, { filename: "../.." }, /its last part is empty or has only dots/],
    ["an empty filename", folder, { filename: "" }, /its last part is empty or has only dots/],
    ["a type with a line break", folder, { type: "a\r\nb: c" }, /"content-type" has a character/],
    ["a maxAge of half a second", folder, { maxAge: 0.5 }, /maxAge must be a whole number of seconds/],
    ["a URL of the web", new URL("https://example.com/"), {}, /must be of scheme file/],
  ])("refuses %s, which is logged and answered with 500", async (_title, file, options, message) => {
    const { response, logged } = ask(file, options);
    expect((await response).status).toBe(500);
    expect(logged.join("\n")).toMatch(message);
  });

  test("needs a running request", async () => {
    await expect(sendFile(join(folder, "report.txt"))).rejects.toThrow(LocalError);
  });
});

describe("a filename", () => {
  test.each([
    ["report.pdf", 'attachment; filename="report.pdf"'],
    ["my report (1).pdf", 'attachment; filename="my report (1).pdf"'],
    ["grün.pdf", `attachment; filename="gr_n.pdf"; filename*=UTF-8''gr%C3%BCn.pdf`],
    ["日本 😀.txt", `attachment; filename="__ _.txt"; filename*=UTF-8''%E6%97%A5%E6%9C%AC%20%F0%9F%98%80.txt`],
    ['say "hi".txt', `attachment; filename="say _hi_.txt"; filename*=UTF-8''say%20%22hi%22.txt`],
    ["100%41.txt", `attachment; filename="100_41.txt"; filename*=UTF-8''100%2541.txt`],
    ["it's (ä)*.txt", `attachment; filename="it's (_)*.txt"; filename*=UTF-8''it%27s%20%28%C3%A4%29%2A.txt`],
    ["../../etc/passwd", 'attachment; filename="passwd"'],
    ["C:\\Users\\me\\photo.jpg", 'attachment; filename="photo.jpg"'],
    ["a;b=c.txt", 'attachment; filename="a;b=c.txt"'],
  ])("%s is sent so that browsers save it by its bare name", async (filename, header) => {
    expect((await ask(join(folder, "data"), { filename }).response).headers.get("content-disposition")).toBe(header);
  });

  test("is not sent if there is none: browsers show the file", async () => {
    expect((await ask(join(folder, "data")).response).headers.get("content-disposition")).toBeNull();
  });
});

test("a file that cannot be sent does not end the process, although no code awaits it yet", async () => {
  const { app } = makeApp(async () => {
    const missing = sendFile(join(folder, "none"));
    await new Promise((resolve) => void setImmediate(() => setImmediate(resolve)));
    return missing;
  });
  expect((await app.fetch(new Request("http://localhost/"))).status).toBe(404);
});
