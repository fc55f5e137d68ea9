import { accepts, acceptsEncodings, acceptsLanguages, LocalError, text } from "@mini/core";
import { describe, expect, test } from "vitest";
import { makeApp } from "../support/one-handler.ts";

/** What is chosen in a request with a header, and the `Vary` of its response. */
async function choose(work: () => string | undefined, headers: Record<string, string>) {
  const { get } = makeApp(() => text(work() ?? "nothing"));
  const response = await get("/", headers);
  return [await response.text(), response.headers.get("vary")];
}

describe("accepts", () => {
  test.each([
    [undefined, "html"],
    ["*/*", "html"],
    ["text/html", "html"],
    ["application/json", "json"],
    ["application/*", "json"],
    ["text/html;q=0.5, application/json", "json"],
    ["text/html, application/json", "html"],
    ["application/json, text/html", "json"],
    ["text/html;q=0, */*", "json"],
    ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "html"],
    [", ,application/json,", "json"],
    ['text/html;a="b,application/json";q=0.1, application/json;q=0.2', "json"],
    ["image/png", "nothing"],
    ["text/html;q=0", "nothing"],
    ["rubbish", "nothing"],
  ])("with Accept: %s, html and json offered, returns %s", async (accept, expected) => {
    expect(await choose(() => accepts("html", "json"), accept === undefined ? {} : { accept })).toEqual([expected, "Accept"]);
  });

  test("takes whole media types, and refuses short names that it does not know", async () => {
    expect(await choose(() => accepts("image/webp", "image/png"), { accept: "image/png" })).toEqual(["image/png", "Accept"]);
    const { get, logged } = makeApp(() => text(accepts("webp") ?? ""));
    expect((await get()).status).toBe(500);
    expect(logged.join()).toContain('TypeError: Cannot offer "webp": write a media type, such as "image/webp".');
  });

  test("throws outside a request", () => {
    expect(() => accepts("html")).toThrow(LocalError);
  });
});

test.each([
  [undefined, "en"],
  ["de", "de"],
  ["de-AT, en;q=0.5", "de"],
  ["en;q=0.5, de;q=0.8", "de"],
  ["fr", "nothing"],
  ["*", "en"],
])("acceptsLanguages with Accept-Language: %s, en and de offered, returns %s", async (language, expected) => {
  const headers: Record<string, string> = language === undefined ? {} : { "accept-language": language };
  expect(await choose(() => acceptsLanguages("en", "de"), headers)).toEqual([expected, "Accept-Language"]);
});

test.each([
  [undefined, "identity"],
  ["gzip", "gzip"],
  ["gzip, br", "gzip"],
  ["gzip;q=0.5, br", "br"],
  ["identity;q=0, *;q=0", "nothing"],
])("acceptsEncodings with Accept-Encoding: %s, and br, gzip and identity offered, returns %s", async (coding, expected) => {
  const headers: Record<string, string> = coding === undefined ? {} : { "accept-encoding": coding };
  expect(await choose(() => acceptsEncodings("br", "gzip", "identity"), headers)).toEqual([expected, "Accept-Encoding"]);
});
