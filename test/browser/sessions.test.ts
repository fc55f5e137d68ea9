import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { startApp, stopApps } from "../support/app-process.ts";
import { openPage, startBrowser, type WatchedPage } from "../support/browser.ts";
import { findChromium } from "../support/programs.ts";
import { need } from "../support/skip.ts";

const chromium = findChromium();

need("chromium", chromium)("the sessions example in a browser", () => {
  let browser: Browser;
  let base: string;
  let watched: WatchedPage;
  let page: Page;

  beforeAll(async () => {
    [browser, base] = await Promise.all([startBrowser(chromium!), startApp().url()]);
  });

  afterAll(async () => {
    await browser?.close();
    await stopApps();
  });

  beforeEach(async () => {
    watched = await openPage(browser, { baseURL: base });
    page = watched.page;
  });

  afterEach(async () => {
    await page.context().close();
    expect(watched.problems).toEqual([]);
  });

  const result = () => page.locator(".result").innerText();
  const button = (name: string) => page.getByRole("button", { name, exact: true });
  const link = (name: string) => page.getByRole("link", { name, exact: true });
  const cookieNames = async () => (await page.context().cookies()).map(({ name }) => name);

  test("the cart is filled and emptied by its buttons, at the tutorial's URLs", async () => {
    await page.goto("/");
    await link("Cart").click();
    expect(await result()).toBe("The cart is empty.");
    const steps = [
      ["Add foo", "?add-product=foo", "Products in cart: foo"],
      ["Add bar", "?add-product=bar", "Products in cart: foo, bar"],
      ["Add baz", "?add-product=baz", "Products in cart: foo, bar, baz"],
      ["Remove foo", "?remove-product=foo", "Products in cart: bar, baz"],
      ["Remove bar", "?remove-product=bar", "Products in cart: baz"],
      ["Remove baz", "?remove-product=baz", "The cart is empty."],
    ] as const;
    for (const [name, query, expected] of steps) {
      await button(name).click();
      await page.waitForURL(`/cart${query}`);
      expect(await result()).toBe(expected);
    }
  });

  test("a hostile product name is shown and removed like any other", async () => {
    const name = `"><script>document.title='gone'</script>`;
    await page.goto("/cart");
    await page.getByLabel("Another product").fill(name);
    await button("Add").click();
    expect(await result()).toBe(`Products in cart: ${name}`);
    expect(await page.title()).toBe("Cart · Sessions tutorial");
    await button(`Remove ${name}`).click();
    expect(await result()).toBe("The cart is empty.");
  });

  test("clearing the cart deletes the session and leads back to the cart", async () => {
    await page.goto("/cart?add-product=foo");
    expect(await cookieNames()).toEqual(["session"]);
    await link("Clear the cart").click();
    await page.waitForURL("/cart");
    expect(await result()).toBe("The cart is empty.");
    expect(await cookieNames()).toEqual([]);
  });

  test("deleting the session leads back to the page, which sets it again", async () => {
    await page.goto("/");
    expect(await result()).toBe("Session was not set!");
    await link("Load the page again").click();
    expect(await result()).toBe('Session has a value stored for "foo": bar');
    await link("Delete the session").click();
    await page.waitForURL("/");
    expect(await result()).toBe("Session was not set!");
  });

  test("clearing the session keeps its cookie, which scripts cannot read", async () => {
    await page.goto("/");
    await link("Load the page again").click();
    await link("Empty the session").click();
    expect(await result()).toBe("The session is empty.");
    expect(await page.context().cookies()).toEqual([
      expect.objectContaining({ name: "session", httpOnly: true, sameSite: "Lax", path: "/" }),
    ]);
    expect(await page.evaluate("document.cookie")).toBe("");
  });

  test("a flash message is shown after the redirect, once", async () => {
    await page.goto("/flash");
    await page.getByLabel("Message").fill("<i>Saved.</i>");
    await page.getByLabel("success").check();
    await button("Send the message").click();
    await page.waitForURL("/flash");
    const status = page.getByRole("status");
    expect(await status.innerText()).toMatch(/^success\s*<i>Saved\.<\/i>$/);
    await page.reload();
    expect(await status.count()).toBe(0);
  });

  test("the keyboard skips the navigation", async () => {
    await page.goto("/cart");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForURL("/cart#content");
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Add foo");
  });

  test.each([1280, 390, 320])("at %i pixels no page is wider than the window, and the style sheet is applied", async (width) => {
    await page.setViewportSize({ width, height: 800 });
    const longName = "a-product-with-a-name-too-long-".repeat(4);
    for (const path of ["/", `/cart?add-product=${longName}`, "/flash", "/clear"]) {
      await page.goto(path);
      expect(await page.evaluate("document.documentElement.scrollWidth"), path).toBe(width);
      expect(await page.evaluate("getComputedStyle(document.querySelector('nav ul')).listStyleType"), path).toBe("none");
    }
  });

  test("the pages follow the system into the dark", async () => {
    const ground = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
    await page.goto("/");
    const light = await ground();
    await page.emulateMedia({ colorScheme: "dark" });
    expect([light, await ground()]).toEqual(["rgb(251, 250, 248)", "rgb(25, 24, 23)"]);
  });
});
