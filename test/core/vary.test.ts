import { abort, html, local, request, Response, setHeader, text, vary, type AppOptions } from "@mini/core";
import { SessionMiddleware } from "@mini/session";
import { describe, expect, test } from "vitest";
import { makeApp } from "../support/one-handler.ts";

interface Case {
  readonly work: () => unknown;
  readonly options?: Partial<AppOptions<never>>;
  readonly init?: RequestInit;
  readonly url?: string;
  readonly vary: string | null;
}

const readCookie = () => void request.cookies.get("theme");

/** What a response depended on, and the `Vary` that it leaves with. */
const cases: Readonly<Record<string, Case>> = {
  nothing: { work: () => text("a"), vary: null },
  cookies: { work: () => text(`theme ${request.cookies.get("theme")}`), vary: "Cookie" },
  "cookies, read twice": {
    work: () => {
      readCookie();
      return text(`theme ${request.cookies.get("theme")}`);
    },
    vary: "Cookie",
  },
  "cookies that middleware has read": { work: () => text("a"), options: { middleware: [{ beforeDispatch: readCookie }] }, vary: "Cookie" },
  "cookies that an after-hook has read": {
    work: () => text("a"),
    options: {
      middleware: [
        {
          afterDispatch: (_handler, response) => {
            readCookie();
            return response;
          },
        },
      ],
    },
    vary: "Cookie",
  },
  "cookies, with a Vary of its own": {
    work: () => {
      readCookie();
      return text("a", { headers: { vary: "Accept-Language, cookie" } });
    },
    vary: "Accept-Language, cookie",
  },
  "cookies, with several lines of Vary": {
    work: () => {
      readCookie();
      return new Response("a", {
        headers: [
          ["vary", "Accept,"],
          ["vary", "Origin"],
        ],
      });
    },
    vary: "Accept, Origin, Cookie",
  },
  "cookies, with a Vary of setHeader()": {
    work: () => {
      readCookie();
      setHeader("vary", "Origin");
      return text("a");
    },
    vary: "Origin, Cookie",
  },
  "everything, and cookies": {
    work: () => {
      readCookie();
      return text("a", { headers: { vary: "*" } });
    },
    vary: "*",
  },
  "cookies and a header that is named": {
    work: () => {
      readCookie();
      vary("Accept-Language");
      return text("a");
    },
    vary: "Cookie, Accept-Language",
  },
  "cookies and a session": {
    work: async () => {
      readCookie();
      await local.sessionStore.getSession();
      return text("a");
    },
    options: { middleware: [SessionMiddleware], config: { session: { secretKey: "0123456789abcdef0123456789abcdef" } } },
    vary: "Cookie",
  },
  "cookies, of a response of fetch": {
    work: () => {
      readCookie();
      return new globalThis.Response("a");
    },
    vary: "Cookie",
  },
  "cookies, of a stream": {
    work: () => {
      readCookie();
      return new Response(new Blob(["a"]).stream());
    },
    vary: "Cookie",
  },
  "cookies, of HEAD": { work: () => (readCookie(), text("a")), init: { method: "HEAD" }, vary: "Cookie" },
  "cookies, of 304": { work: () => (readCookie(), new Response(null, { status: 304 })), vary: "Cookie" },
  "cookies, of an error": { work: () => (readCookie(), abort(403)), vary: "Accept, Cookie" },
  "cookies, of an unexpected error": {
    work: () => {
      readCookie();
      throw new Error("x");
    },
    vary: "Accept, Cookie",
  },
  "the page of an error": { work: () => abort(404), vary: "Accept" },
  "the page of an error as JSON": { work: () => abort(404), init: { headers: { accept: "application/json" } }, vary: "Accept" },
  "an unknown path": { work: () => text("a"), url: "http://site.example/unknown", vary: "Accept" },
  "a write from another origin": {
    work: () => text("a"),
    init: { method: "POST", headers: { origin: "https://evil.example" } },
    vary: "Accept, Origin, Sec-Fetch-Site",
  },
  "a host that is not served": { work: () => text("a"), options: { trustedHosts: ["other.example"] }, vary: "Accept" },
  "the address that a proxy reports": { work: () => html`${request.ip}`, options: { trustProxy: true }, vary: null },
};

describe("a response that depends on", () => {
  test.each(Object.entries(cases))(
    "%s",
    async (_title, { work, options = {}, init = {}, url = "http://site.example/", vary: expected }) => {
      const { app } = makeApp(work, options as object);
      const { headers } = await app.fetch(new Request(url, init));
      expect(headers.get("vary")).toBe(expected);
    },
  );
});

test("cookies can still be read when the head is sent, in the source of a stream", async () => {
  const { get } = makeApp(
    () =>
      new Response(
        new ReadableStream(
          {
            pull(controller) {
              controller.enqueue(Buffer.from(`theme ${request.cookies.get("theme")}`));
              controller.close();
            },
          },
          { highWaterMark: 0 },
        ),
      ),
  );
  expect(await (await get("/", { cookie: "theme=dark" })).text()).toBe("theme dark");
});
