import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { startApp, stopApps } from "../support/app-process.ts";
import { openPage, startBrowser, type WatchedPage } from "../support/browser.ts";
import { root, temporaryFolder } from "../support/folder.ts";
import { findChromium } from "../support/programs.ts";
import { need } from "../support/skip.ts";

const chromium = findChromium();
const password = "correct horse battery";

need("chromium", chromium)("the notes example in a browser", () => {
  const dataPath = temporaryFolder();
  let browser: Browser;
  let base: string;
  let opened: WatchedPage[];
  let contexts: BrowserContext[];

  beforeAll(async () => {
    const app = startApp({ DATA_PATH: dataPath }, join(root, "examples/notes"));
    [browser, base] = await Promise.all([startBrowser(chromium!), app.url()]);
  });

  afterAll(async () => {
    await browser?.close();
    await stopApps();
  });

  beforeEach(() => {
    opened = [];
    contexts = [];
  });

  afterEach(async () => {
    const all = [...opened.map(({ page }) => page.context()), ...contexts];
    for (const context of all) await context.close();
    expect(opened.flatMap(({ problems }) => problems)).toEqual([]);
  });

  /** A page of a browser that shares no cookies with the others. */
  async function newPage(options: Partial<Parameters<typeof openPage>[1]> = {}): Promise<Page> {
    const watched = await openPage(browser, { baseURL: base, ...options });
    opened.push(watched);
    return watched.page;
  }

  const heading = (page: Page) => page.getByRole("heading", { level: 1 }).innerText();
  const titles = (page: Page) => page.getByRole("heading", { level: 2 }).allInnerTexts();

  async function signUp(page: Page, name: string): Promise<void> {
    await page.goto("/sign-up");
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign up" }).click();
    await page.waitForURL("/");
  }

  async function write(page: Page, title: string, text = ""): Promise<void> {
    await page.goto("/notes/new");
    await page.getByLabel("Title").fill(title);
    await page.getByLabel("Text").fill(text);
    await page.getByRole("button", { name: "Save" }).click();
    await page.waitForURL("/");
  }

  test("a note of another member appears on the board without reloading, and disappears when it is deleted", async () => {
    const [ada, grace] = [await newPage(), await newPage()];
    await signUp(ada, "ada");
    await signUp(grace, "grace");
    await write(grace, "<i>Live</i>", "one\ntwo");
    const card = ada.getByRole("listitem").filter({ hasText: "<i>Live</i>" });
    await card.waitFor();
    expect(await ada.getByRole("status").last().innerText()).toBe("New on the board: <i>Live</i>");
    expect(await card.getByRole("button").count()).toBe(0);
    await grace.getByRole("button", { name: "Delete <i>Live</i>" }).click();
    await card.waitFor({ state: "detached" });
  });

  test("everything is done with the keyboard alone", async () => {
    const page = await newPage();
    await page.goto("/");
    expect(await heading(page)).toBe("Log in");
    const focused = () => page.evaluate("document.activeElement.textContent.trim() || document.activeElement.name");
    const reached: unknown[] = [];
    for (let i = 0; i < 8; i++) {
      await page.keyboard.press("Tab");
      reached.push(await focused());
    }
    expect(reached).toEqual(["Skip to the content", "Notes", "Log in", "Sign up", "name", "password", "Log in", "Sign up"]);
    await page.keyboard.press("Enter");
    await page.waitForURL("/sign-up");
    await page.getByLabel("Name").focus();
    await page.keyboard.type("barbara");
    await page.keyboard.press("Tab");
    await page.keyboard.type(password);
    await page.keyboard.press("Enter");
    await page.waitForURL("/");
    // The first Tab after a page was loaded leads to the link that skips the navigation.
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("q");
    await page.keyboard.type("nothing");
    await page.keyboard.press("Enter");
    await page.waitForURL(({ search }) => search === "?q=nothing");
    expect(await page.getByText("No note has these words.").count()).toBe(1);
    await page.goto("/notes/new");
    await page.getByLabel("Title").focus();
    await page.keyboard.type("By keyboard");
    await page.keyboard.press("Enter");
    await page.waitForURL("/");
    await page.getByRole("button", { name: "Delete By keyboard" }).focus();
    await page.keyboard.press("Space");
    await page.getByText("The note is deleted.").waitFor();
  });

  test("everything works with scripts turned off, uploads and refused forms too", async () => {
    const context = await browser.newContext({ baseURL: base, javaScriptEnabled: false });
    contexts.push(context);
    const page = await context.newPage();
    await page.goto("/sign-up");
    await page.getByLabel("Name").fill("not a name");
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign up" }).click();
    expect(await page.locator("#name-problem").innerText()).toBe("A name has 1 to 30 letters, digits, dots, hyphens or underscores.");
    expect(await page.getByLabel("Name").inputValue()).toBe("not a name");
    await page.reload();
    expect([await page.locator(".problem").count(), await page.getByLabel("Name").inputValue()]).toEqual([0, ""]);
    await signUp(page, "linus");
    await page.goto("/notes/new");
    const picture = await page.screenshot();
    await page.getByLabel("Title").fill("  ");
    await page.getByLabel("Picture").setInputFiles({ name: "a.png", mimeType: "image/png", buffer: Buffer.from("not a picture") });
    await page.getByRole("button", { name: "Save" }).click();
    // The click itself waits only for the head of the page.
    await page.waitForLoadState();
    expect(await page.locator(".problem").allInnerTexts()).toEqual(["Write a title.", "Choose a PNG, JPEG, GIF or WebP picture."]);
    await page.getByLabel("Title").fill("With a picture");
    await page.getByLabel("Picture").setInputFiles({ name: "a.png", mimeType: "image/png", buffer: picture });
    await page.getByRole("button", { name: "Save" }).click();
    await page.waitForURL("/");
    expect(await titles(page)).toEqual(["With a picture"]);
    expect(readdirSync(join(dataPath, "pictures"))).toHaveLength(1);
    await page.getByRole("link", { name: "Devices" }).click();
    await page.getByRole("button", { name: "Log out everywhere" }).click();
    expect(await page.getByRole("status").innerText()).toBe("You are logged out everywhere.");
  });

  test("after logging out, going back does not show the board", async () => {
    const page = await newPage();
    await signUp(page, "margaret");
    await page.getByRole("button", { name: "Log out margaret" }).click();
    await page.waitForURL("/log-in");
    await page.goBack();
    expect(await heading(page)).toBe("Log in");
  });

  test.each([1280, 768, 320])("at %i pixels no page is wider than the window, in the light and in the dark", async (width) => {
    const page = await newPage({ width });
    const wide = () => page.evaluate("document.documentElement.scrollWidth");
    const ground = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
    await signUp(page, `${width}`.padEnd(30, "-name-that-is-long"));
    await write(page, "word".repeat(25), "word".repeat(200));
    for (const path of ["/", "/?q=word", "/notes/new", "/devices", "/log-in", "/sign-up"]) {
      await page.goto(path);
      expect([path, await wide()]).toEqual([path, width]);
    }
    const light = await ground();
    await page.emulateMedia({ colorScheme: "dark" });
    expect([light, await ground()]).toEqual(["rgb(248, 248, 252)", "rgb(20, 20, 31)"]);
  });
});
