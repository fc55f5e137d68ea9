import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startApp, stopApps } from "../support/app-process.ts";
import { root } from "../support/folder.ts";
import { Visitor } from "../support/http.ts";
import { need } from "../support/skip.ts";

const folder = join(root, "examples/hono-edge");
const SECRET_KEY = "a key for tests, long enough to sign";
const runtimes = join(root, "test/runtimes/node_modules");
/** Miniflare needs Node 22. */
const node = join(runtimes, "node22/bin/node");
const miniflare = existsSync(join(runtimes, "miniflare")) && existsSync(node) ? true : undefined;

/** Gives the URL of the example, and ends it after the tests of the block. */
function onNode(): () => Promise<string> {
  afterAll(stopApps);
  return () => startApp({ SECRET_KEY }, folder).url();
}

function onWorkerd(): () => Promise<string> {
  let end = () => Promise.resolve();
  afterAll(() => end());
  return async () => {
    const args = [join(root, "test/runtimes/launch-workerd.mjs"), join(folder, "worker.ts")];
    const child = spawn(node, args, {
      cwd: root,
      env: { ...process.env, BINDINGS: JSON.stringify({ site: { SECRET_KEY } }) },
      stdio: ["pipe", "pipe", "inherit"],
    });
    const exit = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    end = () => (child.stdin.end("close\n"), exit);
    for await (const line of createInterface({ input: child.stdout })) return (JSON.parse(line) as { readonly site: string }).site;
    throw new Error("workerd did not start.");
  };
}

describe("on Node", () => theExample(onNode()));
need("workerd, which npm run test:runtimes installs", miniflare)("on workerd", () => theExample(onWorkerd()));

test("in production it does not start without a key", async () => {
  const app = startApp({ NODE_ENV: "production" }, folder);
  expect((await app.ended).code).toBe(1);
  expect(app.output.stderr).toContain("Set SECRET_KEY, and keep it");
});

function theExample(start: () => Promise<string>) {
  let base: string;
  let visitor: Visitor;

  beforeAll(async () => {
    base = await start();
    visitor = new Visitor(base);
  });

  afterAll(async () => {
    await visitor.close();
  });

  const post = (path: string, form: Readonly<Record<string, string>>) =>
    visitor.visit(path, { form, headers: { origin: new URL(base).origin } });

  test("a first look at the page sends no cookie", async () => {
    const { status, setCookies, text } = await visitor.visit("/");
    expect([status, setCookies]).toEqual([200, []]);
    expect(text).toContain("The cart is empty.");
  });

  test("a product is in the cart, and its message is shown once", async () => {
    const { status, headers } = await post("/cart", { product: "apple" });
    expect([status, headers["location"]]).toEqual([303, "/"]);
    expect((await visitor.visit("/")).text).toMatch(/Added apple\..*Cart apple/);
    const again = await visitor.visit("/");
    expect([again.text.includes("Added"), again.setCookies]).toEqual([false, []]);
  });

  test("the theme and the cart stay after a log-in, and nothing stays after a log-out", async () => {
    await post("/theme", { theme: "dark" });
    await post("/log-in", { name: "Ann <b>" });
    const { markup, text } = await visitor.visit("/");
    expect(markup).toContain("color-scheme: dark");
    expect(markup).toContain("Hello, <b>Ann &lt;b&gt;</b>.");
    expect(text).toContain("apple");
    await post("/log-out", {});
    expect(await visitor.cookieNames()).toEqual([]);
    expect((await visitor.visit("/")).text).toContain("You are not logged in.");
  });

  test("what the cookie says can only be read by the server", async () => {
    await post("/log-in", { name: "Zacharias" });
    const [cookie] = await visitor.jar.getCookies(base);
    expect(Buffer.from(cookie!.value, "base64url").toString("latin1")).not.toContain("Zacharias");
  });

  test("wrong input is 400, and a form of another site is 403", async () => {
    expect((await post("/cart", { product: "gold" })).status).toBe(400);
    expect((await post("/log-in", { name: " " })).status).toBe(400);
    expect((await visitor.visit("/log-out", { form: {}, headers: { origin: "https://example.org" } })).status).toBe(403);
  });
}
