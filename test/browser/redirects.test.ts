import { App, html, redirect, request, RequestHandler, Rule } from "@mini/core";
import { serve, type Server } from "@mini/core/serve";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ownHosts, startBrowser } from "../support/browser.ts";
import { hostileTails } from "../support/hostile-paths.ts";
import { findChromium } from "../support/programs.ts";
import { spellings } from "../support/redirect-spellings.ts";
import { need } from "../support/skip.ts";

const chromium = findChromium();

class Pages extends RequestHandler {
  get() {
    return html`here`;
  }

  to() {
    return redirect(request.args.get("to") ?? "");
  }
}

const rules = [
  new Rule("/", { handler: Pages }),
  new Rule("/to", { handler: Pages, action: "to", methods: ["GET"] }),
  new Rule("/:name/", { handler: Pages }),
  new Rule("/old/*path", { redirectTo: "/*path" }),
  new Rule("/made/*path", { redirectTo: ({ path }) => `//${path.join("/")}` }),
];
const app = new App({ rules, logger: { error() {}, warn() {}, info() {}, debug() {} } });

/** Runs in the page: follows redirects as it does by itself, and tells where each led; one that leaves the site fails. */
const follow = `async (targets) => {
  const found = [];
  for (const target of targets) {
    found.push(await fetch(target).then(({ status, url }) => [status, new URL(url).origin], (error) => [0, String(error)]));
  }
  return found;
}`;

need("chromium", chromium)("a redirect that a browser follows", () => {
  let browser: Browser;
  let server: Server;
  let page: Page;
  let origin: string;

  beforeAll(async () => {
    [browser, server] = await Promise.all([
      startBrowser(chromium!, ownHosts),
      serve(app, { port: 0, silent: true, gracefulShutdown: false }),
    ]);
    origin = `http://site.example:${server.port}`;
    page = await browser.newPage();
    await page.goto(`${origin}/`);
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const led = (targets: readonly string[]) => page.evaluate<[number, string][]>(`(${follow})(${JSON.stringify(targets)})`);

  test(`leads to this site, by some of ${spellings.length} spellings, or nowhere`, async () => {
    // One that leads back to where it is asked for would do so for ever.
    const isBack = (spelling: string) => URL.canParse(spelling, `${origin}/to`) && new URL(spelling, `${origin}/to`).pathname === "/to";
    const some = spellings
      .filter((spelling, i) => i % 20 === 0 && spelling.length < 1000 && !isBack(spelling))
      .map((spelling) => spelling.toWellFormed());
    const found = await led(some.map((spelling) => `/to?to=${encodeURIComponent(spelling)}`));
    found.forEach(([status, at], i) => {
      expect([200, 400, 404], JSON.stringify(some[i])).toContain(status);
      expect(at, JSON.stringify(some[i])).toBe(origin);
    });
  });

  test.each(["", "/old", "/made"])("leads to this site from hostile paths below %j", async (place) => {
    const paths = hostileTails.filter((tail) => place !== "" || tail.startsWith("/"));
    // Whole URLs, so that the page does not take the path for a host itself.
    const found = await led(paths.map((path) => origin + place + path));
    found.forEach(([status, at], i) => {
      expect([200, 400, 404], JSON.stringify(paths[i])).toContain(status);
      expect(at, JSON.stringify(paths[i])).toBe(origin);
    });
  });

  test("by its own reading of every spelling that leaves the site is refused", async () => {
    const read = `(spellings) => spellings.map((each) => URL.canParse(each, location) ? new URL(each, location).origin : "")`;
    // Those of the table are about another port.
    const own = (spelling: string) => spelling.replaceAll("site.example:8080", `site.example:${server.port}`);
    const wellFormed = spellings.map((spelling) => own(spelling).toWellFormed());
    const origins = await page.evaluate<string[]>(`(${read})(${JSON.stringify(wellFormed)})`);
    let away = 0;
    for (const [i, spelling] of wellFormed.entries()) {
      // https on the own port is sent as a path, and stays.
      if (origins[i] === origin || origins[i] === origin.replace("http:", "https:")) continue;
      away++;
      const response = await app.fetch(new Request(`${origin}/to?to=${encodeURIComponent(spelling)}`));
      expect([response.status, response.headers.get("location")], JSON.stringify(spelling)).toEqual([400, null]);
    }
    expect(away).toBeGreaterThan(500);
  });
});
