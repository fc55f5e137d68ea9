import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { startApp, stopApps } from "../support/app-process.ts";
import { openPage, startBrowser, type WatchedPage } from "../support/browser.ts";
import { temporaryFolder } from "../support/folder.ts";
import { loginFolder, password } from "../support/login-site.ts";
import { findChromium } from "../support/programs.ts";
import { need } from "../support/skip.ts";

const chromium = findChromium();

need("chromium", chromium)("the login example in a browser", () => {
  const dataPath = temporaryFolder();
  let browser: Browser;
  let base: string;
  let opened: WatchedPage[];
  let page: Page;

  beforeAll(async () => {
    [browser, base] = await Promise.all([startBrowser(chromium!), startApp({ DATA_PATH: dataPath }, loginFolder).url()]);
  });

  afterAll(async () => {
    await browser?.close();
    await stopApps();
  });

  beforeEach(async () => {
    opened = [];
    page = await newPage();
  });

  afterEach(async () => {
    for (const watched of opened) await watched.page.context().close();
    expect(opened.flatMap(({ problems }) => problems)).toEqual([]);
  });

  /** A page of a browser that shares no cookies with the others. */
  async function newPage(): Promise<Page> {
    const watched = await openPage(browser, { baseURL: base });
    opened.push(watched);
    return watched.page;
  }

  const heading = (on = page) => on.getByRole("heading", { level: 1 }).innerText();
  const status = (on = page) => on.getByRole("status").innerText();

  /** Fills in the form of the page, and sends it. */
  async function send(on: Page, button: string, name: string): Promise<void> {
    await on.getByLabel("Name").fill(name);
    await on.getByLabel("Password").fill(password);
    await on.getByRole("button", { name: button, exact: true }).click();
  }

  async function signUp(name: string): Promise<void> {
    await page.goto("/");
    await page.getByRole("main").getByRole("link", { name: "Sign up" }).click();
    await send(page, "Sign up", name);
    await page.waitForURL("/account");
  }

  test("a member signs up, logs out, logs in, sees both sessions, and revokes one, which ends it", async () => {
    await signUp("ada");
    expect(await status()).toBe("Your account is made, and you are logged in.");
    await page.getByRole("button", { name: "Log out" }).click();
    await page.waitForURL("/");
    expect([await heading(), await status()]).toEqual(["Welcome", "You are logged out."]);

    await page.goto("/account/sessions");
    await page.waitForURL("/log-in?next=%2Faccount%2Fsessions");
    await send(page, "Log in", "ada");
    await page.waitForURL("/account/sessions");
    expect([await heading(), await status()]).toEqual(["Your sessions", "You are logged in as ada."]);

    const other = await newPage();
    await other.goto("/log-in");
    await send(other, "Log in", "ada");
    await other.waitForURL("/account");

    await page.reload();
    const cards = page.getByRole("listitem").filter({ has: page.getByRole("heading") });
    expect(await cards.count()).toBe(2);
    expect(await cards.filter({ hasText: "This browser" }).count()).toBe(1);
    await page.getByRole("button", { name: /^Revoke Chrome on / }).click();
    await page.waitForURL("/account/sessions");
    expect(await status()).toBe("The session has ended.");
    expect(await cards.count()).toBe(1);

    await other.reload();
    await other.waitForURL("/log-in?next=%2Faccount");
    expect(await heading(other)).toBe("Log in");
  });

  test("the session's cookie cannot be read by scripts, and holds nothing of the session", async () => {
    await signUp("grace");
    const cookies = await page.context().cookies();
    expect(cookies).toEqual([expect.objectContaining({ name: "session", httpOnly: true, sameSite: "Lax", path: "/", expires: -1 })]);
    expect(Buffer.from(cookies[0]?.value.split(".")[1] ?? "", "base64url").toString()).toMatch(/^[\w-]{43}$/);
    expect(await page.evaluate("document.cookie")).toBe("");
  });

  test("after logging out, going back does not show the members' page", async () => {
    await signUp("linus");
    await page.getByRole("button", { name: "Log out" }).click();
    await page.waitForURL("/");
    await page.goBack();
    expect([new URL(page.url()).pathname, await heading()]).toEqual(["/log-in", "Log in"]);
  });

  test("the forms are filled in and sent by the keyboard, and are known to password managers", async () => {
    await page.goto("/sign-up");
    const filledBy = () =>
      page.locator("main input:not([type=hidden])").evaluateAll((inputs) => inputs.map((input) => input.getAttribute("autocomplete")));
    expect(await filledBy()).toEqual(["username", "new-password"]);
    await page.getByLabel("Name").focus();
    await page.keyboard.type("barbara");
    await page.keyboard.press("Tab");
    await page.keyboard.type(password);
    await page.keyboard.press("Enter");
    await page.waitForURL("/account");
    await page.goto("/account/password");
    expect(await filledBy()).toEqual(["username", "current-password", "new-password"]);
    expect(await page.getByLabel("Name").inputValue()).toBe("barbara");
  });

  test.each([1280, 390, 320])("at %i pixels no page is wider than the window", async (width) => {
    await page.setViewportSize({ width, height: 800 });
    const wide = () => page.evaluate("document.documentElement.scrollWidth");
    for (const path of ["/", "/log-in?next=%2F", "/sign-up"]) {
      await page.goto(path);
      expect([path, await wide()]).toEqual([path, width]);
    }
    await signUp(`${width}`.padEnd(40, "-a-name-that-is-long"));
    for (const path of ["/", "/account", "/account/sessions", "/account/password"]) {
      await page.goto(path);
      expect([path, await wide()]).toEqual([path, width]);
    }
  });

  test("the pages follow the system into the dark", async () => {
    const ground = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
    await page.goto("/");
    const light = await ground();
    await page.emulateMedia({ colorScheme: "dark" });
    expect([light, await ground()]).toEqual(["rgb(247, 250, 249)", "rgb(21, 26, 25)"]);
  });
});
