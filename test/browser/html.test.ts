import { App, html, raw, RequestHandler, Rule, type Html } from "@mini/core";
import { serve, type Server } from "@mini/core/serve";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startBrowser } from "../support/browser.ts";
import { findChromium } from "../support/programs.ts";
import { need } from "../support/skip.ts";
import { payloads } from "../support/xss-payloads.ts";

const chromium = findChromium();

type Place = (payload: string) => Html;

/** Where a value may stand: between tags, and in attributes with quotes around. */
const texts: Readonly<Record<string, Place>> = {
  "an element": (value) => html`<p>${value}</p>`,
  "a list": (value) => html`<p>${[html`${value}`]}</p>`,
  "a cell of a table": (value) => html`<table><tbody><tr><td>${value}</td></tr></tbody></table>`,
  "an option": (value) => html`<select><option>${value}</option></select>`,
  "a textarea": (value) => html`<textarea>\n${value}</textarea>`,
  "text of SVG": (value) => html`<svg><text>${value}</text></svg>`,
  "a title of SVG": (value) => html`<svg><title>${value}</title></svg>`,
  "a letter of MathML": (value) => html`<math><mi>${value}</mi></math>`,
  "a comment": (value) => html`<p><!--${value}--></p>`,
};
const attributes: Readonly<Record<string, Place>> = {
  "double quotes": (value) => html`<p title="${value}"></p>`,
  "single quotes": (value) => html`<p title='${value}'></p>`,
  "the value of an input": (value) => html`<input title="${value}">`,
  "the address of a link, which is not judged": (value) => html`<a title="${value}" href="${value}">link</a>`,
  "an attribute of SVG": (value) => html`<svg><g title="${value}"></g></svg>`,
  "one beside others": (value) => html`<p class="a" title="${value}" lang="en"></p>`,
};
const places = [...Object.entries(texts), ...Object.entries(attributes)];

class Pages extends RequestHandler {
  escaped({ place }: { place: string }) {
    const put = places[Number(place)]![1];
    return html`<!doctype html><html><head><title>t</title></head><body>${payloads.map((each) => html`<div>${put(each)}</div>`)}</body></html>`;
  }

  /** What happens where nothing escapes. */
  unescaped({ number }: { number: string }) {
    return html`<!doctype html><title>t</title><body><p title="${raw(payloads[Number(number)]!)}">${raw(payloads[Number(number)]!)}</p>`;
  }
}

const rules = [
  new Rule("/escaped/:place", { handler: Pages, action: "escaped", methods: ["GET"] }),
  new Rule("/unescaped/:number", { handler: Pages, action: "unescaped", methods: ["GET"] }),
];

/** Runs in the page before all else: counts what a payload does, and what a policy reports. */
const watch = `
  window.hits = 0;
  window.hit = () => { window.hits++; };
  addEventListener("securitypolicyviolation", () => { window.hits++; });
`;

/** Runs in the page: for each payload, its elements with their attributes, its text and its comments. */
const look = `[document.characterSet, document.title, window.hits, document.querySelectorAll("body > div").length === document.body.childNodes.length,
  [...document.querySelectorAll("body > div")].map((div) => [
    [...div.querySelectorAll("*")].map((each) => each.localName + "[" + each.getAttributeNames() + "]").join(" "),
    div.querySelector("[title]")?.getAttribute("title") ?? div.querySelector("textarea")?.value ?? (div.firstChild.firstChild?.nodeType === 8 ? div.firstChild.firstChild.data : div.textContent),
  ])]`;

need("chromium", chromium)(`html with ${payloads.length} hostile texts in a browser, in`, () => {
  let server: Server;
  let browser: Browser;
  let page: Page;
  let dialogs: number;

  beforeAll(async () => {
    [browser, server] = await Promise.all([
      startBrowser(chromium!),
      serve(new App({ rules }), { port: 0, silent: true, gracefulShutdown: false }),
    ]);
    page = await browser.newPage();
    await page.addInitScript(watch);
    page.on("dialog", (dialog) => {
      dialogs++;
      void dialog.dismiss();
    });
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  beforeEach(() => {
    dialogs = 0;
  });

  /** What becomes of a text on its way through UTF-8 and the parser of HTML, which changes these and no others. */
  const arrives = (text: string, forNul: string) => text.toWellFormed().replace(/\r\n?/g, "\n").replaceAll("\0", forNul);

  test.each([
    ["an element", "p[]"],
    ["a list", "p[]"],
    ["a cell of a table", "table[] tbody[] tr[] td[]"],
    ["an option", "select[] option[]"],
    ["a textarea", "textarea[]"],
    ["text of SVG", "svg[] text[]"],
    ["a title of SVG", "svg[] title[]"],
    ["a letter of MathML", "math[] mi[]"],
    ["a comment", "p[]"],
    ["double quotes", "p[title]"],
    ["single quotes", "p[title]"],
    ["the value of an input", "input[title]"],
    ["the address of a link, which is not judged", "a[title,href]"],
    ["an attribute of SVG", "svg[] g[title]"],
    ["one beside others", "p[class,title,lang]"],
  ])("%s: no script runs, and the page has only these elements, attributes and texts", async (title, elements) => {
    const isText = Object.hasOwn(texts, title) && title !== "a textarea" && title !== "text of SVG";
    const isComment = title === "a comment";
    await page.goto(`${server.url}escaped/${places.findIndex(([each]) => each === title)}`);
    const [charset, pageTitle, hits, whole, found] = await page.evaluate<[string, string, number, boolean, [string, string][]]>(look);
    expect([charset, pageTitle, hits, whole, found.length, dialogs]).toEqual(["UTF-8", "t", 0, true, payloads.length, 0]);
    payloads.forEach((payload, i) => {
      expect(found[i]![0], JSON.stringify(payload)).toBe(elements);
      // A comment has no entities: it is what was sent, and does not end before its end.
      if (!isComment) expect(found[i]![1], JSON.stringify(payload)).toBe(arrives(payload, isText ? "" : "\ufffd"));
    });
  });

  test("a page with a strict policy reports no violation", async () => {
    await page.route("**/escaped/*", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, headers: { ...response.headers(), "content-security-policy": "default-src 'none'" } });
    });
    for (const number of [0, 9, 12]) {
      await page.goto(`${server.url}escaped/${number}`);
      expect(await page.evaluate(`[window.hits, document.querySelectorAll("body > div").length]`)).toEqual([0, payloads.length]);
    }
  });

  test("on a page that does not escape, the scripts run", async () => {
    const programs = [
      "<script>hit()</script>",
      "<svg><script>hit()</script></svg>",
      '"><script>hit()</script>',
      "<img src=x onerror=hit()>",
    ];
    for (const program of programs.filter((each) => payloads.includes(each))) {
      await page.goto(`${server.url}unescaped/${payloads.indexOf(program)}`);
      await page.waitForFunction("window.hits > 0");
    }
    expect(programs.filter((each) => payloads.includes(each))).toHaveLength(3);
  });
});
