import { redirect } from "@mini/core";
import { describe, expect, test } from "vitest";
import { makeApp } from "../support/one-handler.ts";
import { site, spellings } from "../support/redirect-spellings.ts";

let to = "";
const { app } = makeApp(() => redirect(to));
const bases = [`${site}/`, `${site}/deep/page?to=x#y`, `${site}/a//b/../c`];

/** Where a page of the site redirects to by a spelling; `null`: it is refused. */
async function follow(spelling: string): Promise<string | null> {
  to = spelling;
  const response = await app.fetch(new Request(`${site}/`));
  const location = response.headers.get("location");
  if (response.status === 400 && location === null) return null;
  expect([response.status, typeof location], JSON.stringify(spelling)).toEqual([302, "string"]);
  return location;
}

describe("a redirect", () => {
  test(`of ${spellings.length} spellings of another site stays on this one, or is refused`, async () => {
    expect(spellings.length).toBeGreaterThan(1500);
    let refused = 0;
    for (const spelling of spellings) {
      const location = await follow(spelling);
      if (location === null) {
        refused++;
        continue;
      }
      expect(location, JSON.stringify(spelling)).toMatch(/^\/(?![/\\])[\x21-\x7e]*$/);
      for (const base of bases) expect(new URL(location, base).origin, JSON.stringify([spelling, location])).toBe(site);
    }
    // Both happens: what names another host is refused, what is a path only looks like it.
    expect(refused).toBeGreaterThan(500);
    expect(spellings.length - refused).toBeGreaterThan(500);
  });

  test("that a browser would follow to another site is refused", async () => {
    for (const spelling of spellings) {
      if (!URL.canParse(spelling, site) || new URL(spelling, site).host === "site.example:8080") continue;
      expect(await follow(spelling), JSON.stringify(spelling)).toBeNull();
    }
  });

  test.each([
    ["//evil.example", null],
    ["/\\evil.example", null],
    ["\\/evil.example", null],
    ["/\t/evil.example", null],
    ["\u0001//evil.example", null],
    ["http:/evil.example", "/evil.example"],
    ["http:evil.example", "/evil.example"],
    ["https:/evil.example", null],
    ["https:evil.example", null],
    ["/./evil.example", "/evil.example"],
    ["/.//evil.example", "/evil.example"],
    ["/%2e//evil.example", "/evil.example"],
    ["/..//evil.example", "/evil.example"],
    ["/a/..//evil.example", "/evil.example"],
    ["/%2F/evil.example", "/%2F/evil.example"],
    ["/%5cevil.example", "/%5cevil.example"],
    ["/\uff0fevil.example", "/%EF%BC%8Fevil.example"],
    ["http://site.example:8080@evil.example", null],
    ["http://site.example:8080//evil.example", "/evil.example"],
    ["http://site.example.:8080/", null],
    ["https://site.example:8080/a", "/a"],
    ["http://SITE\uff0eexample:8080/a", "/a"],
    ["//evil\u3002example", null],
    ["javascript:alert(1)", null],
    ["blob:http://site.example:8080/x", null],
    ["filesystem:http://site.example:8080/x", null],
    ["data:text/html,x", null],
  ])("to %j is %j", async (spelling, location) => {
    expect(await follow(spelling)).toBe(location);
  });
});
