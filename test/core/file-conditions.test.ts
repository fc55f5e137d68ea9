import { serve } from "@mini/core/serve";
import { describe, expect, test } from "vitest";
import { after, before, digitsTag, modified, staticSite } from "../support/static-site.ts";

const { appOf, get } = staticSite();

describe("preconditions are checked in the order of RFC 9110", () => {
  const none = '"none"';
  const weak = `W/${digitsTag}`;
  test.each<[title: string, headers: Record<string, string>, status: number]>([
    ["If-Match with the tag", { "if-match": digitsTag }, 200],
    ["If-Match with the tag in a list", { "if-match": `"a,b" , ${digitsTag},W/"c"` }, 200],
    ["If-Match with *", { "if-match": "*" }, 200],
    ["If-Match with another tag", { "if-match": none }, 412],
    ["If-Match with the weak tag", { "if-match": weak }, 412],
    ["If-Match is more than If-Unmodified-Since", { "if-match": digitsTag, "if-unmodified-since": before }, 200],
    ["If-Match comes before If-None-Match", { "if-match": none, "if-none-match": digitsTag }, 412],
    ["If-Match and If-None-Match with the tag", { "if-match": digitsTag, "if-none-match": digitsTag }, 304],
    ["If-Unmodified-Since with the time", { "if-unmodified-since": modified }, 200],
    ["If-Unmodified-Since with a later time", { "if-unmodified-since": after }, 200],
    ["If-Unmodified-Since with an earlier time", { "if-unmodified-since": before }, 412],
    ["If-Unmodified-Since comes before If-None-Match", { "if-unmodified-since": before, "if-none-match": digitsTag }, 412],
    ["If-Unmodified-Since with what is no date", { "if-unmodified-since": "2000-01-01" }, 200],
    ["If-None-Match with the tag", { "if-none-match": digitsTag }, 304],
    ["If-None-Match with the weak tag", { "if-none-match": weak }, 304],
    ["If-None-Match with the tag in a list", { "if-none-match": `"a", ${weak}` }, 304],
    ["If-None-Match with *", { "if-none-match": "*" }, 304],
    ["If-None-Match with another tag", { "if-none-match": none }, 200],
    ["If-None-Match with the tag inside another", { "if-none-match": `"x${digitsTag.slice(1)}` }, 200],
    ["If-None-Match without quotes", { "if-none-match": digitsTag.slice(1, -1) }, 200],
    ["If-None-Match is more than If-Modified-Since", { "if-none-match": none, "if-modified-since": after }, 200],
    ["If-None-Match, the other way round", { "if-none-match": digitsTag, "if-modified-since": before }, 304],
    ["If-Modified-Since with the time", { "if-modified-since": modified }, 304],
    ["If-Modified-Since with a later time", { "if-modified-since": after }, 304],
    ["If-Modified-Since with an earlier time", { "if-modified-since": before }, 200],
    ["If-Modified-Since in the format of RFC 850", { "if-modified-since": "Tuesday, 14-Nov-23 22:13:20 GMT" }, 304],
    ["If-Modified-Since in the format of asctime", { "if-modified-since": "Tue Nov 14 22:13:20 2023" }, 304],
    ["If-Modified-Since with what is no date", { "if-modified-since": "2999-01-01" }, 200],
    ["If-Modified-Since with a number", { "if-modified-since": "9999999999" }, 200],
    ["preconditions come before Range", { "if-none-match": digitsTag, range: "bytes=0-1" }, 304],
    ["a failed one too", { "if-match": none, range: "bytes=90-" }, 412],
  ])("%s", async (_title, headers, status) => {
    for (const method of ["GET", "HEAD"]) {
      expect((await get("/static/digits.txt", headers, method)).status, method).toBe(status);
    }
  });

  test("304 has what a cache needs, and no body", async () => {
    const response = await get("/static/digits.txt", { "if-none-match": digitsTag });
    expect(Object.fromEntries(response.headers)).toEqual({ etag: digitsTag, "cache-control": "no-cache", vary: "Accept-Encoding" });
    expect(await response.text()).toBe("");
  });
});

describe.each([
  ["a small file", "digits.txt", 10],
  ["a large file", "large.bin", 500_000],
])("a part of %s", (_title, name, size) => {
  const digits = (start: number, end: number) => "0123456789".repeat(size / 10).slice(start, end);

  test.each<[range: string, start: number, end: number]>([
    ["bytes=0-0", 0, 1],
    ["bytes=2-4", 2, 5],
    ["bytes=7-", 7, size],
    ["bytes=-3", size - 3, size],
    ["bytes=-999999", 0, size],
    ["bytes=5-999999", 5, size],
    [`bytes=0-${size - 1}`, 0, size],
    ["BYTES=2-4", 2, 5],
    ["bytes=2-4,", 2, 5],
    ["bytes=0-99999999999999999999999", 0, size],
  ])("asked for by %s", async (range, start, end) => {
    const response = await get(`/static/${name}`, { range });
    expect([response.status, response.headers.get("content-range")]).toEqual([206, `bytes ${start}-${end - 1}/${size}`]);
    expect(await response.text()).toBe(digits(start, end));
  });

  test.each([
    "bytes=0-1,3-4",
    "bytes=1-0",
    "bytes=",
    "bytes=-",
    "bytes=a-b",
    "bytes=0-1x",
    "bytes 0-1",
    "bytes=+1-2",
    "bytes=--1",
    "items=0-1",
    "bytes=0.5-2",
    "bytes=0x1-0x2",
  ])("with the Range %s is the whole file", async (range) => {
    const response = await get(`/static/${name}`, { range });
    expect([response.status, response.headers.get("content-range")]).toEqual([200, null]);
    expect((await response.text()).length).toBe(size);
  });

  test.each([`bytes=${size}-`, "bytes=99999999999999999999999-", "bytes=-0", `bytes=${size}-${size + 5}`])(
    "with the Range %s is 416, with the length",
    async (range) => {
      const response = await get(`/static/${name}`, { range });
      expect([response.status, response.headers.get("content-range")]).toEqual([416, `bytes */${size}`]);
    },
  );

  test("is sent if If-Range names the current state of the file; otherwise the whole file is sent", async () => {
    const etag = (await get(`/static/${name}`)).headers.get("etag")!;
    expect(etag).toMatch(/^"[^"]+"$/);
    for (const [ifRange, status] of [
      [etag, 206],
      [`W/${etag}`, 200],
      ['"none"', 200],
      [modified, 206],
      [after, 200],
      [before, 200],
      ["nonsense", 200],
    ] as const) {
      expect((await get(`/static/${name}`, { range: "bytes=0-1", "if-range": ifRange })).status, ifRange).toBe(status);
    }
    expect((await get(`/static/${name}`, { range: `bytes=${size}-`, "if-range": '"none"' })).status).toBe(200);
  });

  test("is not sent for HEAD, which gets the length of the whole file", async () => {
    const server = await serve(appOf(), { port: 0, silent: true, gracefulShutdown: false });
    const response = await fetch(`${server.url}/static/${name}`, { method: "HEAD", headers: { range: "bytes=0-1" } });
    await server.close();
    expect([response.status, response.headers.get("content-length")]).toEqual([200, String(size)]);
  });
});

describe("a content coding", () => {
  test.each<[accept: string, coding: string | null]>([
    ["gzip, deflate, br, zstd", "br"],
    ["gzip, deflate, zstd", "zstd"],
    ["gzip", "gzip"],
    ["GZIP", "gzip"],
    ["br;q=0, gzip", "gzip"],
    ["br;q=0.5, gzip;q=0.8", "gzip"],
    ["gzip ; q=0.2 , br ; q=0.8", "br"],
    ["*", "br"],
    ["*;q=0.5, br;q=0", "zstd"],
    ["gzip;q=0.5", "gzip"],
    ["gzip;q=0.5, identity", null],
    ["identity, gzip", "gzip"],
    ["identity;q=0, gzip;q=0.001", "gzip"],
    ["deflate", null],
    ["gzip;q=0", null],
    ["gzip;q=0.000", null],
    ["gzip;q=nonsense", null],
    ["", null],
    ["identity", null],
  ])("for Accept-Encoding: %s is %s", async (accept, coding) => {
    const response = await get("/static/app.js", { "accept-encoding": accept });
    expect([response.headers.get("content-encoding"), response.headers.get("vary")]).toEqual([coding, "Accept-Encoding"]);
    expect(await response.text()).toBe(coding === null ? "plain script" : `script in ${coding}`);
    expect(response.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
  });

  test("that does not exist is skipped", async () => {
    const response = await get("/static/only.css", { "accept-encoding": "br, gzip" });
    expect([response.headers.get("content-encoding"), await response.text()]).toEqual(["gzip", "style in gzip"]);
  });

  test("that does not exist and is the only one that the client accepts is 406", async () => {
    for (const accept of ["identity;q=0", "*;q=0", "br, identity;q=0", "gzip;q=0, *;q=0"]) {
      const response = await get("/static/only.css", { "accept-encoding": accept });
      expect([response.status, response.headers.get("vary")], accept).toEqual([406, expect.stringMatching(/^Accept-Encoding\b/)]);
    }
  });

  test("has its own entity tag and parts", async () => {
    const plain = await get("/static/app.js");
    const encoded = await get("/static/app.js", { "accept-encoding": "br", range: "bytes=0-5" });
    expect([encoded.status, await encoded.text()]).toEqual([206, "script"]);
    expect(encoded.headers.get("etag")).not.toBe(plain.headers.get("etag"));
    const tag = encoded.headers.get("etag")!;
    expect((await get("/static/app.js", { "accept-encoding": "br", "if-none-match": tag })).status).toBe(304);
    expect((await get("/static/app.js", { "if-none-match": tag })).status).toBe(200);
  });
});
