import { chromium } from "playwright-core";
import type { Browser, Page } from "playwright-core";

const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts a Chromium of this machine with an empty profile; the caller closes it. */
export function startBrowser(executablePath: string, more: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath, args: [...flags, ...more] });
}

/** Makes a browser find every `*.example` on this machine, and trust any certificate. */
export const ownHosts: readonly string[] = ["--host-resolver-rules=MAP *.example 127.0.0.1", "--ignore-certificate-errors"];

/** A page in its own profile, and what went wrong on it. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors and warnings of the console, uncaught exceptions, and requests that failed or were answered with 400 or more. */
  readonly problems: readonly string[];
}

export interface WatchedPageOptions {
  /** What relative URLs are relative to. */
  readonly baseURL: string;
  /** Width of the window in CSS pixels. Default 1280. */
  readonly width?: number | undefined;
  readonly colorScheme?: "light" | "dark" | undefined;
}

/** Opens a page with no cookies; closing its context forgets it. */
export async function openPage(
  browser: Browser,
  { baseURL, width = 1280, colorScheme = "light" }: WatchedPageOptions,
): Promise<WatchedPage> {
  const context = await browser.newContext({ baseURL, colorScheme, viewport: { width, height: 800 } });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") problems.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`uncaught: ${error.message}`));
  page.on("requestfailed", (request) => {
    // Leaving a page at once cancels what it was still loading.
    if (request.failure()?.errorText !== "net::ERR_ABORTED") problems.push(`failed: ${request.url()}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) problems.push(`${response.status()}: ${response.url()}`);
  });
  return { page, problems };
}
