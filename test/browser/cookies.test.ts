import { App, deleteCookie, RequestHandler, Response, Rule, setCookie, text } from "@mini/core";
import { serve, type Server } from "@mini/core/serve";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ownHosts, startBrowser } from "../support/browser.ts";
import { certificate } from "../support/certificate.ts";
import { keptCases, refusedCases } from "../support/cookie-cases.ts";
import { findChromium } from "../support/programs.ts";
import { need } from "../support/skip.ts";

const chromium = findChromium();

class Cookies extends RequestHandler {
  get({ what, number }: { what: string; number: string }) {
    const { name, value = "b", options } = (what === "refused" ? refusedCases : keptCases)[Number(number)]!;
    if (what === "delete") deleteCookie(name, options);
    else setCookie(name, value, options);
    return text(what);
  }

  page() {
    return new Response("", { headers: { "content-type": "text/html" } });
  }
}

need("chromium", chromium)("cookies in a browser", () => {
  const errors: string[] = [];
  const logger = { error: (message: string) => void errors.push(message), warn() {}, info() {}, debug() {} };
  let server: Server;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    const rules = [new Rule("/", { handler: Cookies, action: "page", methods: ["GET"] }), new Rule("/:what/:number", { handler: Cookies })];
    const options = { port: 0, silent: true, gracefulShutdown: false, tls: certificate };
    const app = new App({ rules, logger });
    // What no application of ours can send.
    const fetch = (request: Request) => {
      const raw = /\/raw\/(\d+)$/.exec(request.url);
      return raw === null ? app.fetch(request) : text("raw", { headers: { "set-cookie": refusedCases[Number(raw[1])]!.line } });
    };
    [browser, server] = await Promise.all([
      startBrowser(chromium!, ownHosts),
      serve({ fetch, maxBodySize: app.maxBodySize, logger }, options),
    ]);
    context = await browser.newContext();
    page = await context.newPage();
    await page.goto(`https://site.example:${server.port}/`);
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  beforeEach(async () => {
    errors.length = 0;
    await context.clearCookies();
  });

  /** The status of a page, fetched by the one that is open, with its cookies. */
  const visit = (path: string) => page.evaluate<number>(`fetch(${JSON.stringify(path)}).then(({ status }) => status)`);

  describe("is kept as it was set, and cleared as it was kept:", () => {
    test.each(keptCases.map(({ line, kept }, i) => [line.slice(0, 100), i, kept] as const))("%s", async (_title, i, kept) => {
      expect(await visit(`/set/${i}`)).toBe(200);
      expect(await context.cookies()).toEqual([expect.objectContaining(kept)]);
      await visit(`/delete/${i}`);
      expect(await context.cookies()).toEqual([]);
    });
  });

  test("is kept for 400 days at most", async () => {
    expect(await page.evaluate<string>(`document.cookie = "own=1; Max-Age=99999999; Secure"`)).toContain("own");
    const [own] = await context.cookies();
    expect(Math.abs(own!.expires - Date.now() / 1000 - 34_560_000)).toBeLessThan(3600);
  });

  describe("is refused, and would be dropped or kept otherwise:", () => {
    test.each(refusedCases.map(({ line, kept }, i) => [line.slice(0, 100), i, kept] as const))("%s", async (_title, i, kept) => {
      expect(await visit(`/raw/${i}`)).toBe(200);
      expect(await context.cookies()).toEqual(kept === undefined ? [] : [expect.objectContaining(kept)]);
      await context.clearCookies();
      expect([await visit(`/refused/${i}`), errors.length, await context.cookies()]).toEqual([500, 1, []]);
    });
  });
});
