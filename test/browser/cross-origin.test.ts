import type { Browser, Page } from "playwright-core";
import type { Server } from "@mini/core/serve";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ownHosts, startBrowser } from "../support/browser.ts";
import { findChromium } from "../support/programs.ts";
import { need } from "../support/skip.ts";
import { startTlsProxy, type TlsProxy } from "../support/tls-proxy.ts";
import { startWritten, write, type ways, type WrittenSite } from "../support/writing-pages.ts";

const chromium = findChromium();

need("chromium", chromium)("a write by a browser", () => {
  let browser: Browser;
  let page: Page;
  const servers: { close(): Promise<void> }[] = [];
  /** Serves pages of other origins: any host, another port. */
  let elsewhere: Server;
  let own: WrittenSite;
  let proxy: TlsProxy;

  beforeAll(async () => {
    browser = await startBrowser(chromium!, ownHosts);
    elsewhere = (await startWritten({})).server;
    const trusted = [`http://friend.localhost:${elsewhere.port}`, `http://friend.example:${elsewhere.port}`];
    own = await startWritten({ crossOrigin: { trusted } });
    proxy = await startTlsProxy();
    servers.push(elsewhere, own.server, proxy);
    page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
  });

  afterAll(async () => {
    await browser?.close();
    await Promise.all(servers.map((server) => server.close()));
  });

  beforeEach(() => {
    own.written.length = 0;
  });

  // `*.localhost` is a place that browsers trust, and of whose requests they say where they come from; `*.example` over http is none.
  describe.each([
    ["localhost", "same-origin"],
    ["example", null],
  ] as const)("to a site of .%s", (domain, sameOrigin) => {
    const site = () => `http://site.${domain}:${own.server.port}/`;
    const other = (host: string) => `http://${host}.${domain}:${elsewhere.port}/`.replace(/(\?.*?)(\.\w+:\d+\/)$/, "$2$1");

    test.each<readonly [string, string, keyof typeof ways, number]>([
      ["its own page", "", "form", 200],
      ["its own page", "", "fetch", 200],
      ["a frame without an origin in its own page", "", "frame", 403],
      ["a page of its host on another port", "site", "form", 403],
      ["a page of its host on another port", "site", "fetch", 403],
      ["a page of a subdomain", "a.site", "form", 403],
      ["a page of a subdomain", "a.site", "fetch", 403],
      ["a page of another site", "evil", "form", 403],
      ["a page of another site", "evil", "fetch", 403],
      ["a frame without an origin elsewhere", "evil", "frame", 403],
      ["a frame without an origin of a trusted origin", "friend", "frame", 403],
      ["a page of a trusted origin", "friend", "form", 200],
      ["a page of a trusted origin", "friend", "fetch", 200],
      ["a page that says nothing of where it is, elsewhere", "evil?policy=no-referrer", "form", 403],
    ])("from %s (%j) by %s is %i", async (_title, from, way, status) => {
      expect(await write(page, from === "" ? site() : other(from), way, site(), own)).toBe(status);
      expect(own.written).toHaveLength(status === 200 ? 1 : 0);
    });

    test("from a data: page is 403", async () => {
      await page.goto(`data:text/html,<form method=post action="${site()}"><button>send</button></form>`);
      const status = own.answered();
      await page.click("button");
      expect([await status, own.written]).toEqual([403, []]);
      await page.waitForURL(site());
    });

    test("sends the headers that this test expects of it", async () => {
      await write(page, site(), "fetch", site(), own);
      await write(page, other("friend"), "fetch", site(), own);
      expect(own.written.map(({ origin, site: relation }) => [origin, relation])).toEqual([
        [site().slice(0, -1), sameOrigin],
        [other("friend").slice(0, -1), sameOrigin === null ? null : "cross-site"],
      ]);
    });
  });

  describe("behind a proxy that ends https", () => {
    const shop = () => `https://shop.example:${proxy.port}/`;
    let plain: WrittenSite;
    let trusting: WrittenSite;

    beforeAll(async () => {
      plain = await startWritten({});
      trusting = await startWritten({ trustProxy: "loopback", trustedHosts: [`shop.example:${proxy.port}`, "shop.example", "127.0.0.1"] });
      servers.push(plain.server, trusting.server);
    });

    /** Keeps the host, or sends its own and the browser's beside it; an old browser says nothing of where requests come from. */
    function forward({ server }: WrittenSite, keepsHost: boolean, isOld: boolean): void {
      proxy.forward(server.port, ({ "sec-fetch-site": site, ...headers }) => ({
        ...headers,
        ...(isOld ? {} : { "sec-fetch-site": site }),
        "x-forwarded-proto": "https",
        "x-forwarded-for": "198.51.100.7",
        ...(keepsHost ? {} : { host: `127.0.0.1:${server.port}`, "x-forwarded-host": headers.host }),
      }));
    }

    test.each([
      [false, "keeps the host", "a new", 200],
      [false, "keeps the host", "an old", 200],
      [false, "rewrites the host", "a new", 200],
      [false, "rewrites the host", "an old", 403],
      [true, "keeps the host", "a new", 200],
      [true, "keeps the host", "an old", 200],
      [true, "rewrites the host", "a new", 200],
      [true, "rewrites the host", "an old", 200],
    ])("trusted: %j; it %s: a form of %s browser on the own page is %i, and one elsewhere 403", async (isTrusted, host, age, status) => {
      const app = isTrusted ? trusting : plain;
      app.written.splice(0);
      forward(app, host === "keeps the host", age === "an old");
      expect(await write(page, shop(), "form", shop(), app)).toBe(status);
      const url = isTrusted
        ? shop()
        : `http://${host === "keeps the host" ? `shop.example:${proxy.port}` : `127.0.0.1:${app.server.port}`}/`;
      expect(app.written.map((written) => written.url)).toEqual(status === 200 ? [url] : []);
      app.written.splice(0);
      for (const from of [`http://shop.example:${elsewhere.port}/`, `http://evil.localhost:${elsewhere.port}/`]) {
        expect(await write(page, from, "form", shop(), app), from).toBe(403);
      }
      expect(app.written).toEqual([]);
    });
  });
});
