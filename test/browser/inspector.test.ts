import { abort, App, html, type Html, int, local, RequestHandler, Rule } from "@mini/core";
import { serve, type Server } from "@mini/core/serve";
import { MemoryBackend, SessionMiddleware } from "@mini/session";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPage, startBrowser } from "../support/browser.ts";
import { findChromium } from "../support/programs.ts";
import { need } from "../support/skip.ts";

const chromium = findChromium();
const nothing = () => undefined;

class Cart extends RequestHandler {
  static override middleware = [SessionMiddleware];
  async get() {
    const session = await local.sessionStore.getSession();
    session.set("products", ["foo"]);
    return html`<h1>Cart</h1>`;
  }
}
class User extends RequestHandler {
  get({ id }: { id: number }): Html {
    if (id === 7) abort(404);
    throw new Error("<img src=x onerror=alert(1)>");
  }
}

need("chromium", chromium)("the inspector in a browser", () => {
  let server: Server;
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser(chromium!);
    const app = new App({
      debug: true,
      rules: [new Rule("/cart", { handler: Cart }), new Rule("/users/:id", { endpoint: "user", handler: User, where: { id: int } })],
      config: { session: { secretKey: "k".repeat(32), backend: new MemoryBackend() } },
      logger: { error: nothing, warn: nothing, info: nothing, debug: nothing },
    });
    server = await serve(app, { port: 0, silent: true });
    for (const path of ["cart", "users/7", "users/8?q=<b>", `${"long/".repeat(60)}x`]) await (await fetch(server.url + path)).text();
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  test("shows what changed in a session, and new requests as they arrive", async () => {
    const { page, problems } = await openPage(browser, { baseURL: server.url });
    await page.goto("/__mini");
    await page.getByRole("button", { name: "/cart" }).click();
    const change = page.getByRole("row", { name: "products" });
    expect(await change.locator("ins").textContent()).toContain("foo");
    await (await fetch(`${server.url}new-one`)).text();
    await page.getByRole("button", { name: "/new-one" }).waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test("is used with the keyboard alone", async () => {
    const { page, problems } = await openPage(browser, { baseURL: server.url });
    await page.goto("/__mini");
    // The requests appear one after the other, each above the last one.
    await page.locator("#entries button").nth(3).waitFor();
    await page.locator("#entries button").first().focus();
    await page.keyboard.press("ArrowDown");
    const chosen = page.locator("#entries button[aria-current=true]");
    expect(await chosen.count()).toBe(1);
    await page.keyboard.press("ArrowDown");
    expect(await chosen.textContent()).not.toBe(await page.locator("#entries button").nth(1).textContent());
    await page.locator("#show-rules").focus();
    await page.keyboard.press("Enter");
    await page.getByRole("cell", { name: "/users/:id" }).waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test("shows what a visitor has sent as text", async () => {
    const { page, problems } = await openPage(browser, { baseURL: server.url });
    await page.goto("/__mini");
    await page.getByRole("button", { name: "/users/8" }).click();
    await page.locator(".error", { hasText: "<img src=x onerror=alert(1)>" }).first().waitFor();
    expect(await page.locator("img").count()).toBe(0);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test.each([
    [1280, "light"],
    [768, "dark"],
    [360, "light"],
  ] as const)("at %i pixels, %s, it is no wider than the window", async (width, colorScheme) => {
    const { page, problems } = await openPage(browser, { baseURL: server.url, width, colorScheme });
    await page.goto("/__mini");
    await page.getByRole("button", { name: "/users/8" }).click();
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    expect(problems).toEqual([]);
    await page.context().close();
  });
});
