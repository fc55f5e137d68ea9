import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startApp, startCompiled, stopApps, type AppProcess } from "../support/app-process.ts";
import { Visitor, type Answer } from "../support/http.ts";

const secretKey = "a key for tests, long enough to sign";
const visitors: Visitor[] = [];
let app: AppProcess;
let base: string;

/** Somebody who has not been here before. */
function newVisitor(): Visitor {
  const visitor = new Visitor(base);
  visitors.push(visitor);
  return visitor;
}

beforeAll(async () => {
  app = startApp({ SECRET_KEY: secretKey });
  base = await app.url();
});

afterAll(async () => {
  await Promise.all(visitors.map((visitor) => visitor.close()));
  await stopApps();
});

const sentSession = ({ setCookies }: Answer) => setCookies.some((line) => line.startsWith("session="));

test("the cart answers the tutorial's seven URLs in order", async () => {
  const visitor = newVisitor();
  const steps = [
    ["/cart", "The cart is empty."],
    ["/cart?add-product=foo", "Products in cart: foo"],
    ["/cart?add-product=bar", "Products in cart: foo, bar"],
    ["/cart?add-product=baz", "Products in cart: foo, bar, baz"],
    ["/cart?remove-product=foo", "Products in cart: bar, baz"],
    ["/cart?remove-product=bar", "Products in cart: baz"],
    ["/cart?remove-product=baz", "The cart is empty."],
  ] as const;
  const seen: (readonly [string, string | undefined])[] = [];
  for (const [path] of steps) {
    const { markup } = await visitor.visit(path);
    seen.push([path, /<p class="result">(.*?)<\/p>/s.exec(markup)?.[1]]);
  }
  expect(seen).toEqual(steps);
});

test("a product that is not in the cart is not removed, and looking at the cart sends no cookie", async () => {
  const visitor = newVisitor();
  await visitor.visit("/cart?add-product=foo");
  const answer = await visitor.visit("/cart?remove-product=bar");
  expect(answer.text).toContain("Products in cart: foo");
  expect(answer.setCookies).toEqual([]);
});

test("the session is set at the first visit and seen at the second, which sends no cookie", async () => {
  const visitor = newVisitor();
  const first = await visitor.visit("/");
  expect(first.text).toContain("Session was not set!");
  expect(sentSession(first)).toBe(true);
  const second = await visitor.visit("/");
  expect(second.text).toContain('Session has a value stored for "foo": bar');
  expect(second.setCookies).toEqual([]);
});

describe("deleting the session", () => {
  test("by the page's link ends it and leads back to the page", async () => {
    const visitor = newVisitor();
    await visitor.visit("/");
    const { markup } = await visitor.visit("/");
    const link = /href="(\/delete-session[^"]*)">Delete the session</.exec(markup)?.[1]?.replaceAll("&amp;", "&");
    expect(link).toBeDefined();
    const answer = await visitor.visit(link!);
    expect([answer.status, answer.headers["location"]]).toEqual([302, "/"]);
    expect(await visitor.cookieNames()).toEqual([]);
    expect((await visitor.visit("/")).text).toContain("Session was not set!");
  });

  test("by the link of the cart empties the cart and leads back to it", async () => {
    const visitor = newVisitor();
    const { markup } = await visitor.visit("/cart?add-product=foo");
    expect(markup).toContain('href="/delete-session?redirect=%2Fcart">Clear the cart</a>');
    const answer = await visitor.visit("/delete-session?redirect=%2Fcart");
    expect([answer.status, answer.headers["location"]]).toEqual([302, "/cart"]);
    expect((await visitor.visit("/cart")).text).toContain("The cart is empty.");
  });

  test("never leads to another site, and still ends the session", async () => {
    const visitor = newVisitor();
    await visitor.visit("/");
    const answer = await visitor.visit("/delete-session?redirect=https%3A%2F%2Fother.example%2F");
    expect([answer.status, answer.headers["location"]]).toEqual([400, undefined]);
    expect(await visitor.cookieNames()).toEqual([]);
  });
});

test("clearing keeps the cookie and empties the session", async () => {
  const visitor = newVisitor();
  expect((await visitor.visit("/clear")).text).toContain("There is no session to empty.");
  expect(await visitor.cookieNames()).toEqual([]);
  await visitor.visit("/cart?add-product=foo");
  const answer = await visitor.visit("/clear");
  expect(answer.text).toContain("The session is empty.");
  expect(sentSession(answer)).toBe(true);
  expect(await visitor.cookieNames()).toEqual(["session"]);
  expect((await visitor.visit("/cart")).text).toContain("The cart is empty.");
});

describe("a flash message", () => {
  const cases = [
    ["is shown with its level", { message: "Saved.", level: "success" }, "success Saved."],
    ["of an unknown level is an info", { message: "Hello.", level: "shout" }, "info Hello."],
    ["without text is refused by another one", { message: " ", level: "info" }, "error A message has 1 to 200 characters."],
    ["of 201 characters too", { message: "x".repeat(201), level: "info" }, "error A message has 1 to 200 characters."],
    ["keeps its markup as text", { message: '<b onclick="x()">&', level: "warning" }, 'warning <b onclick="x()">&'],
  ] as const;

  test.each(cases)("%s, once, after the redirect", async (_title, form, expected) => {
    const visitor = newVisitor();
    const answer = await visitor.visit("/flash", { form });
    expect([answer.status, answer.headers["location"]]).toEqual([303, "/flash"]);
    expect((await visitor.visit("/flash")).text).toContain(expected);
    const later = await visitor.visit("/flash");
    expect(later.text).not.toContain(expected);
    expect(later.markup).not.toContain('class="flashes"');
  });

  test("is not set from another site", async () => {
    const visitor = newVisitor();
    const headers = { origin: "https://other.example", "sec-fetch-site": "cross-site" };
    const answer = await visitor.visit("/flash", { form: { message: "Hello.", level: "info" }, headers });
    expect(answer.status).toBe(403);
    expect(await visitor.cookieNames()).toEqual([]);
  });
});

test("hostile product names are shown as text everywhere", async () => {
  const visitor = newVisitor();
  for (const name of ["<script>alert(1)</script>", `"><img src=x onerror='alert(1)'>`, "&lt;"]) {
    const answer = await visitor.visit(`/cart?${new URLSearchParams({ "add-product": name })}`);
    expect(answer.text).toContain(name);
    expect(answer.markup).not.toMatch(/<script|<img|value="">/);
  }
});

test("every page is a whole HTML document that names its language and a style sheet that is there", async () => {
  const visitor = newVisitor();
  for (const path of ["/", "/cart", "/flash", "/clear"]) {
    const { status, headers, markup } = await visitor.visit(path);
    const current = Array.from(markup.matchAll(/<a href="([^"]*)" aria-current="page">/g), (match) => match[1]);
    expect([path, status, headers["content-type"]]).toEqual([path, 200, "text/html; charset=utf-8"]);
    expect(markup).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(markup).toContain('<link rel="stylesheet" href="/style.css">');
    expect(current).toEqual(path === "/clear" ? [] : [path]);
  }
  const { status, headers, setCookies } = await visitor.visit("/style.css");
  expect([status, headers["content-type"], setCookies]).toEqual([200, "text/css; charset=utf-8", []]);
});

test("a path that no rule has is a 404 in the layout of the other pages, and sends no cookie", async () => {
  const visitor = newVisitor();
  const { status, headers, setCookies, markup, text } = await visitor.visit("/no/such/page?from=a-link");
  expect([status, headers["content-type"], setCookies]).toEqual([404, "text/html; charset=utf-8", []]);
  expect(text).toBe("Page not found There is no page at /no/such/page Go to the first page");
  expect(markup).toMatch(/^<!doctype html>\n<html lang="en">/);
  expect(markup).toContain('<link rel="stylesheet" href="/style.css">');
  expect(markup).toContain('<a class="button" href="/">Go to the first page</a>');
  expect(markup).not.toContain("aria-current");
  expect(headers["content-security-policy"]).toContain("default-src 'self'");
});

describe("starting and ending it", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("%s ends it with code 0, with a connection kept open too", async (signal) => {
    const own = startApp({ SECRET_KEY: secretKey });
    expect((await newVisitor().visit(await own.url())).status).toBe(200);
    expect(await own.stop(signal)).toEqual({ code: 0, signal: null });
    expect(own.output.stderr).toBe("");
    expect(own.output.stdout).toMatch(/^Listening on http:\/\/127\.0\.0\.1:\d+\/\n$/);
  });

  test("without SECRET_KEY it makes one for the run and says so in one line", async () => {
    const own = startCompiled();
    const visitor = new Visitor(await own.url());
    expect((await visitor.visit("/")).text).toContain("Session was not set!");
    await visitor.close();
    await own.stop();
    const [said, ...rest] = own.output.stdout.trimEnd().split("\n");
    expect(said).toBe("SECRET_KEY is not set: made one for this run, so a restart ends every session.");
    expect(rest).toEqual([expect.stringContaining("Listening on")]);
  });

  test("a session outlives a restart with the same SECRET_KEY", async () => {
    const first = startCompiled({ SECRET_KEY: secretKey });
    const visitor = new Visitor(await first.url());
    await visitor.visit("/");
    await first.stop();
    const second = startCompiled({ SECRET_KEY: secretKey });
    // On another port, which cookies do not tell apart.
    expect((await visitor.visit(await second.url())).text).toContain('Session has a value stored for "foo": bar');
    await visitor.close();
    await second.stop();
  });

  const remedy = `Make one with: node -p "crypto.randomBytes(32).toString('base64url')"`;
  const refusals = [
    ["a short SECRET_KEY", { SECRET_KEY: "short" }, `The session secretKey has 5 bytes and needs at least 32. ${remedy}`],
    ["a PORT that is not a number", { PORT: "http" }, 'PORT must be a whole number from 0 to 65535, and is "http".'],
    ["a PORT that is too high", { PORT: "65536" }, 'PORT must be a whole number from 0 to 65535, and is "65536".'],
    ["a PORT below 0", { PORT: "-1" }, 'PORT must be a whole number from 0 to 65535, and is "-1".'],
  ] as const;

  test.each(refusals)("%s is refused in one line, with code 1", async (_title, environment, line) => {
    const own = startCompiled({ SECRET_KEY: secretKey, ...environment });
    expect(await own.ended).toEqual({ code: 1, signal: null });
    expect(own.output).toEqual({ stdout: "", stderr: `${line}\n` });
  });

  test("a port that is taken is refused in one line, with code 1", async () => {
    const { port } = new URL(base);
    const own = startCompiled({ SECRET_KEY: secretKey, PORT: port });
    expect(await own.ended).toEqual({ code: 1, signal: null });
    const line = `Cannot listen on 127.0.0.1:${port}: the port is in use. Stop the program that listens there, or choose another port.`;
    expect(own.output).toEqual({ stdout: "", stderr: `${line}\n` });
  });

  test("an address that is not this machine's is refused in one line, with code 1", async () => {
    const own = startCompiled({ SECRET_KEY: secretKey, HOST: "192.0.2.1" });
    expect(await own.ended).toEqual({ code: 1, signal: null });
    expect(own.output).toEqual({ stdout: "", stderr: expect.stringMatching(/^.*192\.0\.2\.1.*\n$/) });
  });
});

test("the application can be imported without listening", async () => {
  const { app: imported } = await import("../../examples/sessions/app.ts");
  const answer = await imported.fetch(new Request("http://localhost/cart?add-product=foo"));
  expect(answer.status).toBe(200);
  expect(await answer.text()).toContain("Products in cart: foo");
});
