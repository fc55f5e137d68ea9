import { utimesSync } from "node:fs";
import { join } from "node:path";
import { BuildError } from "@mini/core";
import { TestClient } from "@mini/core/testing";
import { describe, expect, test } from "vitest";
import { writeFiles } from "../support/folder.ts";
import { digitsTag, staticSite } from "../support/static-site.ts";

const { folder, appOf } = staticSite();

describe("a fingerprint", () => {
  const app = appOf({ fingerprint: true });
  const fingerprinted = new TestClient(app);
  const cached = async (path: string, headers = {}) => (await fingerprinted.get(path, { headers })).headers.get("cache-control");

  test("is in the URL that urlFor builds, and lets browsers keep what they load from there", async () => {
    const url = app.urlFor("static", { path: ["digits.txt"] });
    expect(url).toBe(`/static/digits.txt?v=${digitsTag.slice(1, -1)}`);
    expect(await cached(url)).toBe("public, max-age=31536000, immutable");
    expect(await cached(url, { "if-none-match": digitsTag })).toBe("public, max-age=31536000, immutable");
  });

  test("that is wrong or missing does not let browsers keep the file", async () => {
    expect(await cached("/static/digits.txt")).toBe("no-cache");
    expect(await cached("/static/digits.txt?v=wrong")).toBe("no-cache");
    expect(await cached("/static/digits.txt?v=")).toBe("no-cache");
  });

  test("is the same for all content codings, and for large files", async () => {
    expect(await cached(app.urlFor("static", { path: ["app.js"] }), { "accept-encoding": "br" })).toMatch(/immutable/);
    expect(await cached(app.urlFor("static", { path: ["large.bin"] }))).toMatch(/immutable/);
    expect(await cached("/static/large.bin?v=wrong")).toBe("no-cache");
  });

  test("does not let browsers keep a compressed file that is older than the file", async () => {
    writeFiles(folder, { "old.js": "new", "old.js.br": "old" });
    utimesSync(join(folder, "old.js.br"), 1_700_000_000, 1_700_000_000);
    const url = app.urlFor("static", { path: ["old.js"] });
    expect(await cached(url, { "accept-encoding": "br" })).toBe("no-cache");
    expect(await cached(url)).toMatch(/immutable/);
  });

  test("changes with the file, and the former URL is not kept any more", async () => {
    writeFiles(folder, { "style.css": "one" });
    const first = app.urlFor("static", { path: ["style.css"] });
    writeFiles(folder, { "style.css": "two" });
    const second = app.urlFor("static", { path: ["style.css"] });
    expect(second).not.toBe(first);
    expect([await cached(first), await cached(second)]).toEqual(["no-cache", "public, max-age=31536000, immutable"]);
  });

  test("is not in the URLs of folders, and goes with other arguments and an anchor", () => {
    expect(app.urlFor("static", { path: ["docs", ""] })).toBe("/static/docs/");
    expect(app.urlFor("static")).toBe("/static/");
    const url = app.urlFor("static", { path: ["digits.txt"], lang: "de" }, { anchor: "top" });
    expect(url).toBe(`/static/digits.txt?v=${digitsTag.slice(1, -1)}&lang=de#top`);
  });

  test("is not in URLs without the option", () => {
    expect(appOf().urlFor("static", { path: ["digits.txt"] })).toBe("/static/digits.txt");
  });
});

describe("urlFor for a file that is not there", () => {
  test.each([false, true])("fails with the most similar name, fingerprint: %s", (fingerprint) => {
    const build = (...path: string[]) => appOf({ fingerprint }).urlFor("static", { path });
    expect(() => build("digit.txt")).toThrow(BuildError);
    expect(() => build("digit.txt")).toThrow(
      `Cannot build a URL for "static": there is no file "digit.txt" in ${folder}; did you mean "digits.txt"?`,
    );
    expect(() => build("dcs", "index.html")).toThrow('did you mean "docs/index.html"?');
    expect(() => build("nothing like it at all")).toThrow(/there is no file "nothing like it at all" in \S+$/);
  });

  test.each(["link.txt", "environment", ".env", "bare", "lost.css", "loop", "a".repeat(300)])(
    "fails for %s, which is never sent",
    (name) => {
      expect(() => appOf().urlFor("static", { path: [name] })).toThrow(BuildError);
      expect(() => appOf().urlFor("static", { path: [name] })).toThrow(`there is no file "${name}"`);
    },
  );
});
