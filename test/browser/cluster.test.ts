import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { startApp, stopApps, type AppProcess } from "../support/app-process.ts";
import { openPage, startBrowser, type WatchedPage } from "../support/browser.ts";
import { root, temporaryFolder } from "../support/folder.ts";
import { findChromium } from "../support/programs.ts";
import { need } from "../support/skip.ts";

const chromium = findChromium();
/** Processes start one after the other, on machines that are busy with other tests. */
const patience = { timeout: 60_000, interval: 50 };

need("chromium", chromium)("the cluster example in a browser", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser(chromium!);
  });
  afterAll(async () => {
    await browser?.close();
    await stopApps();
  });

  let app: AppProcess;
  let base: string;
  let watched: WatchedPage;
  let page: Page;

  beforeAll(async () => {
    app = startApp(
      { WORKERS: "2", SECRET_KEY: "a key for tests, long enough to sign", BACKEND: "sqlite", DATA_PATH: join(temporaryFolder(), "data") },
      join(root, "examples/cluster"),
    );
    base = await app.url();
  });

  beforeEach(async () => {
    watched = await openPage(browser, { baseURL: base });
    page = watched.page;
    await page.goto("/");
  });

  afterEach(async () => {
    await page.context().close();
    expect(watched.problems).toEqual([]);
  });

  afterAll(async () => {
    expect(await app?.stop()).toEqual({ code: 0, signal: null });
  });

  const clicks = (on = page) => on.locator(".counter b").innerText();

  /** Presses the button so often, and sees its own click counted each time. */
  async function click(on: Page, times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      const before = Number(await clicks(on));
      await on.getByRole("button", { name: "Add one" }).click();
      await on.waitForLoadState();
      expect(Number(await clicks(on))).toBeGreaterThan(before);
    }
  }

  /** The rows of the table: number, pid and clicks of each process, and which of them is said to have answered. */
  async function tally(on = page) {
    const rows = await on
      .locator("tbody tr")
      .evaluateAll((all) => all.map(({ children }) => [...children].map(({ textContent }) => textContent)));
    return rows.map(([number = "", pid, taken]) => ({
      number: Number.parseInt(number),
      pid: Number(pid),
      clicks: Number(taken),
      isThis: number.includes("this page"),
    }));
  }

  test("the page says which process answered, by number and by pid, and where sessions are", async () => {
    const seen = new Set<number>();
    await vi.waitFor(async () => {
      await page.goto("/");
      const mine = (await tally()).filter(({ isThis }) => isThis);
      expect(mine.length).toBe(1);
      const [{ number, pid } = { number: 0, pid: 0 }] = mine;
      expect(await page.getByRole("heading", { level: 1 }).innerText()).toBe(`Process ${number} answered`);
      expect(await page.locator("main > p").first().innerText()).toBe(`It has the pid ${pid} and is one of 2 processes behind this port.`);
      seen.add(number);
      expect([...seen].toSorted((one, other) => one - other)).toEqual([1, 2]);
    }, patience);
    expect(await page.locator(".place").innerText()).toBe("Sessions in SQLite");
    expect(await page.context().cookies()).toEqual([]);
  });

  test("no click is lost that two pages of a browser make at once", async () => {
    await click(page, 1);
    const other = await page.context().newPage();
    await other.goto("/");
    await Promise.all([click(page, 4), click(other, 4)]);
    // Whoever waits for each answer is too slow to be counted at the same moment as the other page.
    const send = `Promise.all(Array.from({ length: 20 }, async () => (await fetch("/", { method: "POST" })).status))`;
    const answers = await Promise.all([page.evaluate<number[]>(send), other.evaluate<number[]>(send)]);
    expect(answers.flat()).toEqual(Array.from({ length: 40 }, () => 200));
    await page.goto("/");
    const rows = await tally();
    expect([await clicks(), rows.reduce((sum, row) => sum + row.clicks, 0)]).toEqual(["49", 49]);
    expect(rows.filter((row) => row.clicks > 0).map(({ number }) => number)).toEqual([1, 2]);
  });

  test("the clicks and the cookie stay when all processes are replaced while a visitor clicks", async () => {
    await click(page, 3);
    const [pids, cookies] = [(await tally()).map(({ pid }) => pid), await page.context().cookies()];
    process.kill(Number(/kill -HUP (\d+)/.exec(app.output.stdout)?.[1]), "SIGHUP");
    let made = 3;
    while (!app.output.stdout.includes("All processes are replaced.")) {
      await click(page, 1);
      made++;
    }
    await page.goto("/");
    const rows = await tally();
    expect([await clicks(), rows.length, rows.filter(({ pid }) => pids.includes(pid))]).toEqual([String(made), 2, []]);
    expect(await page.context().cookies()).toEqual(cookies);
  });

  test("the page is no wider than the window", async () => {
    await click(page, 1);
    for (const width of [1280, 390, 320]) {
      await page.setViewportSize({ width, height: 800 });
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
    }
  });
});
