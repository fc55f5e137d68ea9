import { existsSync } from "node:fs";
import { join } from "node:path";
import { App, Rule } from "@mini/core";
import { serve, type Server } from "@mini/core/serve";
import { StaticFiles } from "@mini/core/static";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkLinks } from "../../.ci/docs/links.mjs";
import { openPage, startBrowser } from "../support/browser.ts";
import { entries, exportedNames } from "../support/entries.ts";
import { root, temporaryFolder } from "../support/folder.ts";
import { findChromium } from "../support/programs.ts";
import { runNode } from "../support/run-node.ts";
import { need } from "../support/skip.ts";

const chromium = findChromium();
const hasTypeDoc = existsSync(join(root, ".ci/docs/node_modules/typedoc"));

need("the generator of the site (node .ci/install.mjs .ci/docs)", hasTypeDoc)("the documents as a site", () => {
  const site = temporaryFolder();
  let made: { readonly code: number; readonly stdout: string; readonly stderr: string };
  beforeAll(async () => {
    made = await runNode([join(root, ".ci/docs/build.mjs"), site], { cwd: root });
  });

  test("are made, without a link that leads nowhere", () => {
    expect(made.stderr).toBe("");
    expect(made.code).toBe(0);
  });

  test.each(entries())("have a place for every public name of $specifier", ({ specifier, file }) => {
    const { values, types } = exportedNames(file);
    const folders = ["classes", "functions", "interfaces", "types", "variables", "enums"];
    const isThere = (name: string) =>
      entries().some((entry) =>
        folders.some((folder) => existsSync(join(site, folder, `${entry.specifier.replace(/[@/]/g, "_")}.${name}`, "index.html"))),
      );
    expect({ specifier, missing: [...values, ...types].filter((name) => !isThere(name)) }).toEqual({ specifier, missing: [] });
  });

  need("chromium", chromium)("in a browser", () => {
    let server: Server;
    let browser: Browser;
    beforeAll(async () => {
      browser = await startBrowser(chromium!);
      const files = new Rule("/*path", { handler: StaticFiles({ root: site }) });
      server = await serve(new App({ rules: [new Rule("/", { redirectTo: "/index.html" }), files] }), { port: 0, silent: true });
    });
    afterAll(async () => {
      await browser.close();
      await server.close();
    });

    test("find a guide by its text", async () => {
      const { page, problems } = await openPage(browser, { baseURL: server.url });
      await page.goto("/index.html");
      await page.locator("#tsd-search-trigger").click();
      await page.locator("#tsd-search-input").pressSequentially("which backend");
      await page.locator("#tsd-search-results a", { hasText: "Which backend" }).first().click();
      await page.locator("h1", { hasText: "Which backend" }).waitFor();
      expect(problems).toEqual([]);
      await page.context().close();
    });

    test.each(["light", "dark"] as const)("draw their diagrams, %s", async (colorScheme) => {
      const { page, problems } = await openPage(browser, { baseURL: server.url, colorScheme });
      await page.goto("/documents/Architecture/");
      await expect.poll(() => page.locator("figure.diagram svg").count()).toBe(4);
      expect(await page.locator("code.mermaid").count()).toBe(0);
      expect(problems).toEqual([]);
      await page.context().close();
    });
  });
});

describe("the check of the links", () => {
  test("finds a file and a heading that are not there, and follows no link to another site", () => {
    const site = temporaryFolder({
      "index.html": '<a href="a/#here">1</a> <a href="a/index.html#gone">2</a> <a href="b.html">3</a> <a href="https://b.example/">4</a>',
      "a/index.html": '<h2 id="here">Here</h2> <img src="../none.png">',
    });
    expect(checkLinks(site).toSorted()).toEqual([
      "a/index.html links to ../none.png: there is no such file.",
      "index.html links to a/index.html#gone: the page has no such heading.",
      "index.html links to b.html: there is no such file.",
    ]);
  });
});
