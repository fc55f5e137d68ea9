import { abort, html, HTTPError, request, text, type ErrorHandler } from "@mini/core";
import { serve } from "@mini/core/serve";
import { describe, expect, test } from "vitest";
import { makeApp } from "../support/one-handler.ts";

const markup = `"><img src=x onerror=alert(1)>`;

async function pageOf(fail: () => unknown, query = "") {
  const { get } = makeApp(fail, { debug: true });
  const response = await get(`/?q=${encodeURIComponent(query)}`);
  return { response, page: await response.text() };
}

/** The text of the page without tags. */
const textOf = (page: string) => page.replace(/<[^>]*>/g, "");

describe("the page of an unexpected error with debug", () => {
  test("shows the error, its causes and the source of the calls in the project", async () => {
    const { response, page } = await pageOf(() => {
      throw new TypeError("the outer one", { cause: new AggregateError([new Error("the first"), "the second"], "the inner one") });
    });
    expect(response.status).toBe(500);
    for (const part of ["TypeError: the outer one", "Caused by AggregateError: the inner one", "Error 1 of 2: Error: the first"])
      expect(page).toContain(part);
    expect(page).toContain("Error 2 of 2: the second");
    expect(textOf(page)).toContain("throw new TypeError(&quot;the outer one&quot;");
  });

  test.each([
    ["the name of a call", `\n    at ${markup} (/etc/passwd:2:1)`],
    ["the file of a call", `\n    at x (${markup}:1:1)`],
    ["a line", `\n${markup}`],
    ["all of it", markup],
  ])("shows markup in a message, as %s, as text", async (_where, sent) => {
    const { page } = await pageOf(() => {
      throw new Error(`No such user: ${request.args.get("q")}`);
    }, sent);
    expect(page).toContain("&lt;img src=x onerror=alert(1)&gt;");
    expect(page).not.toContain("<img");
  });

  test.each([
    ["a file of the machine", "/etc/passwd:1:1", "root:"],
    ["a file of the project", `${process.cwd()}/package.json:2:1`, '"workspaces"'],
    ["code of the project", `${process.cwd()}/packages/core/src/index.ts:1:1`, ["cookieValues", "parseCookies"].join(", ")],
    ["code of the project as a URL", `file://${process.cwd()}/packages/core/src/index.ts:1:1`, ["cookieValues", "parseCookies"].join(", ")],
  ])("does not read %s that a message names", async (_what, place, content) => {
    for (const change of [(error: Error) => error, (error: Error) => Object.assign(error, { message: "changed" })]) {
      const { page } = await pageOf(() => {
        throw change(new Error(request.args.get("q")!));
      }, `x\n    at y (${place})`);
      expect(textOf(page)).not.toContain(content);
      expect(page).not.toMatch(/<code>at y/);
    }
  });

  test.each([
    ["outside of the project", "/usr/share/code.js"],
    ["a relative way out of the project", `${process.cwd()}/../code.js`],
    ["of a package", `${process.cwd()}/node_modules/path-to-regexp/dist/index.js`],
    ["that is not code", `${process.cwd()}/package.json`],
    ["that does not exist", `${process.cwd()}/none.ts`],
  ])("shows no source of a file %s", async (_where, file) => {
    const { page } = await pageOf(() => Promise.reject(Object.assign(new Error("x"), { stack: `Error: x\n    at y (${file}:1:1)` })));
    expect(page).toContain(`at y (${file}:1:1)`);
    expect(page).not.toContain("<pre>");
  });

  test.each([
    ["the name of a function", () => ({ [markup]: () => Promise.reject(new Error("x")) })[markup]!()],
    ["the name of the error", () => Promise.reject(Object.assign(new Error("x"), { name: markup }))],
    ["a thrown text", () => Promise.reject(markup)],
    ["a hint", () => Promise.reject(Object.assign(new Error("x"), { hint: markup, help: markup, code: markup }))],
  ])("escapes %s", async (_where, fail) => {
    expect((await pageOf(fail)).page).not.toContain("<img");
  });

  test("has no script, and its own policy with a nonce and without unsafe-inline", async () => {
    const [one, two] = await Promise.all([1, 2].map(() => pageOf(() => Promise.reject(new Error("x")))));
    const policy = one!.response.headers.get("content-security-policy")!;
    const nonce = /style-src 'nonce-([\w+/=]{24})'/.exec(policy)?.[1];
    expect(policy).toMatch(/^default-src 'none'; /);
    expect(policy).not.toContain("unsafe");
    expect(one!.page).toContain(`<style nonce="${nonce}">`);
    expect(one!.page).not.toMatch(/<script|\son\w+=|\sstyle=/i);
    expect(two!.response.headers.get("content-security-policy")).not.toBe(policy);
    expect(one!.response.headers.get("cache-control")).toBe("no-store");
  });

  test("is bounded for circular errors, and is shown although a value cannot be shown", async () => {
    const error = new AggregateError([], "round");
    error.errors.push(error, error);
    expect((await pageOf(() => Promise.reject(error))).page.split("<h1>")).toHaveLength(21);
    const strange = Object.defineProperty(new Error("x"), "stack", { get: () => Object.create(null) as unknown });
    expect((await pageOf(() => Promise.reject(strange))).page).toContain("a value that cannot be converted to text");
  });

  test("is shown instead of an error handler for 500, which answers without debug", async () => {
    const errorHandlers = { 500: () => html`<p>Sorry</p>` };
    const bug = () => Promise.reject(new Error("the bug"));
    expect(await (await makeApp(bug, { debug: true, errorHandlers }).get()).text()).toContain("the bug");
    expect(await (await makeApp(bug, { errorHandlers }).get()).text()).toBe("<p>Sorry</p>");
    expect(await (await makeApp(() => abort(500), { debug: true, errorHandlers }).get()).text()).toBe("<p>Sorry</p>");
  });
});

describe("with debug, a client that prefers JSON", () => {
  const json = { accept: "application/json" };

  test("gets an unexpected error with its causes and calls, and without source", async () => {
    const { get } = makeApp(
      () => {
        throw new TypeError("the outer one\nin two lines", { cause: new Error("the inner one") });
      },
      { debug: true },
    );
    const response = await get("/", json);
    const names = ["content-type", "vary", "cache-control"];
    expect([response.status, ...names.map((name) => response.headers.get(name))]).toEqual([
      500,
      "application/problem+json",
      "Accept",
      "no-store",
    ]);
    const { trace, ...rest } = (await response.json()) as { trace: string[] };
    expect(rest).toEqual({ title: "Internal Server Error", status: 500, detail: "TypeError: the outer one\nin two lines" });
    expect(trace[0]).toBe("TypeError: the outer one\nin two lines");
    expect(trace[1]).toMatch(/^at .*debug-page\.test\.ts:\d+:\d+\)?$/);
    expect(trace).toContain("Caused by Error: the inner one");
  });

  test("gets the rules that are most similar to an unknown path", async () => {
    const response = await makeApp(() => text("a"), { debug: true }).get("/hom", json);
    expect([response.status, response.headers.get("content-type")]).toEqual([404, "application/problem+json"]);
    expect(await response.json()).toEqual({
      title: "Not Found",
      status: 404,
      detail: 'No rule matches the path /hom. "rules" has the most similar rules.',
      rules: ["GET POST /"],
    });
  });
});

describe("a client that accepts HTML and JSON equally", () => {
  const served = async (init: RequestInit & { accept?: string }) => {
    const { app } = makeApp(() => abort(409, "Taken."));
    const server = await serve(app, { port: 0, silent: true, gracefulShutdown: false });
    try {
      const { accept, ...rest } = init;
      const response = await fetch(server.url, accept === undefined ? rest : { ...rest, headers: { ...rest.headers, accept } });
      return [response.status, response.headers.get("content-type"), response.headers.get("vary")];
    } finally {
      await server.close();
    }
  };
  const problem = [409, "application/problem+json", "Accept"];
  const page = [409, "text/html; charset=utf-8", "Accept"];
  const sent = (type: string): RequestInit => ({ method: "POST", body: "{}", headers: { "content-type": type } });

  test.each(["application/json", "application/json; charset=utf-8", "application/merge-patch+json"])(
    "gets a problem document if it has sent %s",
    async (type) => {
      expect(await served(sent(type))).toEqual(problem);
    },
  );

  test.each(["application/x-www-form-urlencoded", "text/plain", "application/jsonp", "json"])(
    "gets a page if it has sent %s",
    async (type) => {
      expect(await served(sent(type))).toEqual(page);
    },
  );

  test("gets a page for GET, and a page if it prefers HTML", async () => {
    expect(await served({ headers: { "content-type": "application/json" } })).toEqual(page);
    expect(await served({ ...sent("application/json"), accept: "text/html,*/*;q=0.8" })).toEqual(page);
  });
});

describe("an error handler", () => {
  const answer = async (handler: ErrorHandler, accept: string | undefined, status = 409) => {
    const fail = () => {
      throw new HTTPError(status, "Taken.", { headers: { "retry-after": "1" } });
    };
    const { get } = makeApp(fail, { errorHandlers: { [status]: handler } });
    const response = await get("/", accept === undefined ? {} : { accept });
    const type = response.headers.get("content-type")!.split(";")[0];
    return [response.status, type, response.headers.get("vary"), response.headers.get("retry-after"), await response.text()];
  };
  const page: ErrorHandler = () => html`<p>own</p>`;

  test.each([
    undefined,
    "text/html",
    "*/*",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "application/json;q=0.5, text/html",
  ])("sends its markup to a client with Accept: %s", async (accept) => {
    expect(await answer(page, accept)).toEqual([409, "text/html", "Accept", "1", "<p>own</p>"]);
  });

  test.each(["application/json", "application/problem+json", "application/json, text/html;q=0.9", 'application/json;a="b,c", */*;q=0.1'])(
    "sends problem+json to a client with Accept: %s",
    async (accept) => {
      const [status, type, vary, retry, body] = await answer(page, accept);
      expect([status, type, vary, retry]).toEqual([409, "application/problem+json", "Accept", "1"]);
      expect(JSON.parse(String(body))).toEqual({ title: "Conflict", status: 409, detail: "Taken." });
    },
  );

  test("sends its own response to every client", async () => {
    const own: ErrorHandler = () => text("own", { status: 418 });
    expect(await answer(own, "application/json")).toEqual([418, "text/plain", null, null, "own"]);
  });

  test.each<[string, ErrorHandler]>([
    ["undefined", () => undefined],
    ["a promise of undefined", async () => Promise.resolve(undefined)],
    ["nothing", () => {}],
  ])("that returns %s leaves the usual page", async (_what, handler) => {
    const [status, type, vary, , body] = await answer(handler, undefined);
    expect([status, type, vary]).toEqual([409, "text/html", "Accept"]);
    expect(body).toContain("Taken.");
  });

  test("that returns anything else is logged, and the usual page for 500 is sent", async () => {
    const { get, logged } = makeApp(() => abort(409), { errorHandlers: { 409: () => null as never } });
    expect((await get()).status).toBe(500);
    expect(logged.join()).toContain("The error handler for 409 must return a Response, html`...`, or undefined for the usual page.");
  });
});
