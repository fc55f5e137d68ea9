import { createHash } from "node:crypto";
import { abort, ConfigError, html, Response, RequestHandler, Rule, SecurityHeaders, text, App, type Config } from "@mini/core";
import { TestClient } from "@mini/core/testing";
import { describe, expect, test } from "vitest";
import { makeApp } from "../support/one-handler.ts";

const names = ["content-security-policy", "referrer-policy", "strict-transport-security", "x-content-type-options"];
const policy = "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

async function ask(work: () => unknown, config: Config = {}, url = "http://localhost/", init: RequestInit = {}) {
  const { app } = makeApp(work, { middleware: [SecurityHeaders], config } as object);
  const { status, headers } = await app.fetch(new Request(url, init));
  return { status, headers, sent: Object.fromEntries(names.flatMap((name) => (headers.has(name) ? [[name, headers.get(name)]] : []))) };
}

const strict = {
  "content-security-policy": policy,
  "referrer-policy": "strict-origin-when-cross-origin",
  "x-content-type-options": "nosniff",
};

describe("SecurityHeaders", () => {
  test("are on every response of a handler, with HSTS if the request used https", async () => {
    expect((await ask(() => html`<p>fine</p>`)).sent).toEqual(strict);
    expect((await ask(() => text("fine"), {}, "https://localhost/")).sent).toEqual({
      ...strict,
      "strict-transport-security": "max-age=31536000; includeSubDomains",
    });
    expect((await ask(() => new globalThis.Response("fine"))).sent).toEqual(strict);
  });

  test.each([404, 405, 413, 500, 503])("are on the page of %i, which has its own stricter policy", async (status) => {
    const { status: got, sent } = await ask(() => abort(status));
    expect(got).toBe(status);
    expect(sent).toEqual({
      ...strict,
      "content-security-policy": expect.stringMatching(/^default-src 'none'; style-src 'sha256-[\w+/]{43}='; frame-ancestors 'none'$/),
    });
  });

  test("let the built-in page of an error have its own style", async () => {
    const { app } = makeApp(() => abort(404), { middleware: [SecurityHeaders] } as object);
    const response = await app.fetch(new Request("http://localhost/"));
    const [, style = ""] = /<style>(.*)<\/style>/.exec(await response.text()) ?? [];
    expect(style).toContain("font-size");
    const hash = createHash("sha256").update(style).digest("base64");
    expect(response.headers.get("content-security-policy")).toContain(`style-src 'sha256-${hash}'`);
  });

  test("are on automatic OPTIONS, on 404 and on 405", async () => {
    const method = async (name: string, path = "/") =>
      (await ask(() => text(""), {}, `http://localhost${path}`, { method: name })).sent["x-content-type-options"];
    expect(await Promise.all([method("OPTIONS"), method("PUT"), method("GET", "/unknown")])).toEqual(["nosniff", "nosniff", "nosniff"]);
  });

  test("keep a header that the response has", async () => {
    const work = () => new Response("", { headers: { "content-security-policy": "sandbox", "X-Content-Type-Options": "own" } });
    expect((await ask(work)).sent).toEqual({ ...strict, "content-security-policy": "sandbox", "x-content-type-options": "own" });
  });

  test("can be changed, removed and added", async () => {
    const securityHeaders = { "Referrer-Policy": "no-referrer", "x-content-type-options": false, "x-frame-options": "DENY" } as const;
    const { headers, sent } = await ask(() => text(""), { securityHeaders });
    expect(sent).toEqual({ "content-security-policy": policy, "referrer-policy": "no-referrer" });
    expect(headers.get("x-frame-options")).toBe("DENY");
  });

  test("are not repeated on a response that is returned several times", async () => {
    const kept = text("kept");
    const { app } = makeApp(() => kept, { middleware: [SecurityHeaders] } as object);
    for (let turn = 0; turn < 3; turn++) {
      const { headers } = await app.fetch(new Request("https://localhost/"));
      expect(headers.get("x-content-type-options")).toBe("nosniff");
    }
    const plain = await app.fetch(new Request("http://localhost/"));
    expect(plain.headers.has("strict-transport-security")).toBe(false);
  });

  test.each([
    { "x-frame-options": "DENY\r\nSet-Cookie: a=b" },
    { "x frame": "DENY" },
    { "x-frame-options": undefined },
    { "x-frame-options": 5 },
    { "x-frame-options": true },
    "DENY",
    ["x-frame-options"],
  ])("%o cannot be sent, and is refused at start", (securityHeaders) => {
    expect(() => makeApp(() => text(""), { middleware: [SecurityHeaders], config: { securityHeaders } } as object)).toThrow(ConfigError);
  });
});

test("the page of an error has its own policy without any middleware, and a JSON error has nosniff", async () => {
  class Handler extends RequestHandler {
    get(): Response {
      throw new Error("secret");
    }
  }
  const logger = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };
  const client = new TestClient(new App({ rules: [new Rule("/", { handler: Handler })], logger }));
  const page = await client.get("/");
  expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(page.headers.get("x-content-type-options")).toBe("nosniff");
  expect((await client.get("/", { headers: { accept: "application/json" } })).headers.get("x-content-type-options")).toBe("nosniff");
});
