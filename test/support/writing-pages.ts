import { App, html, raw, request, RequestHandler, Rule, text, type AppOptions } from "@mini/core";
import { serve, type Server } from "@mini/core/serve";
import type { Page as BrowserPage } from "playwright-core";

/** A write that has reached its handler, as its headers describe it. */
export interface Written {
  readonly origin: string | null;
  readonly site: string | null;
  readonly url: string;
}

const quiet = { error() {}, warn() {}, info() {}, debug() {} };

/** An app with an empty page, and a page that accepts writes. */
export interface WrittenSite {
  readonly server: Server;
  /** The writes that have reached their handler. */
  readonly written: Written[];
  /** The status of the next response to a write. */
  readonly answered: () => Promise<number>;
}

export async function startWritten(options: Partial<AppOptions<readonly Rule[]>>): Promise<WrittenSite> {
  const written: Written[] = [];
  class Page extends RequestHandler {
    get() {
      return html.response(raw("<!doctype html><title>page</title>"), {
        headers: { "referrer-policy": request.args.get("policy") ?? "origin" },
      });
    }
    post() {
      written.push({ origin: request.headers.get("origin"), site: request.headers.get("sec-fetch-site"), url: request.url });
      return text("written");
    }
  }
  const app = new App({ rules: [new Rule("/", { handler: Page })], logger: quiet, ...options });
  let tell: ((status: number) => void) | undefined;
  const fetch = async (asked: globalThis.Request) => {
    const response = await app.fetch(asked);
    if (asked.method === "POST") tell?.(response.status);
    return response;
  };
  const server = await serve({ fetch, maxBodySize: app.maxBodySize, logger: quiet }, { port: 0, silent: true, gracefulShutdown: false });
  return { server, written, answered: () => new Promise((resolve) => (tell = resolve)) };
}

/** The ways in which a page can send a write. The response is shown in a frame or nowhere, and the page stays. */
export const ways: Readonly<Record<"form" | "fetch" | "frame", (to: string) => string>> = {
  form: (to) => `{
    const sink = Object.assign(document.createElement("iframe"), { name: "sink" });
    const form = Object.assign(document.createElement("form"), { method: "post", action: ${JSON.stringify(to)}, target: "sink" });
    document.body.append(sink, form);
    form.submit();
  }`,
  fetch: (to) => `void fetch(${JSON.stringify(to)}, { method: "POST", mode: "no-cors", body: "a=b" }).catch(() => {})`,
  // A document without an origin, in a page that has one.
  frame: (to) => `{
    const frame = document.createElement("iframe");
    frame.sandbox = "allow-forms allow-scripts";
    frame.srcdoc = '<form method="post" action="${to}"></form><script>document.forms[0].submit()</script>';
    document.body.append(frame);
  }`,
};

/** Sends a write from a page to a site, and returns the status of its response. */
export async function write(page: BrowserPage, from: string, way: keyof typeof ways, to: string, site: WrittenSite): Promise<number> {
  await page.goto(from);
  const status = site.answered();
  await page.evaluate(ways[way](to));
  return status;
}
