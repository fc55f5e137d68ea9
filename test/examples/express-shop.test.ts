import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { MemoryBackend } from "@mini/session";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { makeShop } from "../../examples/express-shop/app.ts";
import { Html, html } from "../../examples/express-shop/html.ts";
import { Users } from "../../examples/express-shop/users.ts";
import { startApp, startCompiled, stopApps } from "../support/app-process.ts";
import { root, temporaryFolder } from "../support/folder.ts";
import { gate } from "../support/gate.ts";
import { type Answer, Visitor } from "../support/http.ts";
import { WatchedBackend } from "../support/watched-backend.ts";
import { within } from "../support/within.ts";

const password = "correct horse battery";
const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const safari =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});
afterAll(stopApps);

function visit(base: string): Visitor {
  const visitor = new Visitor(base);
  closing.push(() => visitor.close());
  return visitor;
}

/** The shop in this process, with a backend that can be made to wait and to fail. */
async function openShop() {
  const backend = new WatchedBackend(new MemoryBackend());
  const users = new Users(join(temporaryFolder(), "shop.db"));
  // Tests make the backend wait for longer than the default deadline.
  const sessions = { secretKey: "a key for tests, long enough to sign", backend, deadline: 60_000 };
  const app = makeShop({ ...sessions, users, trustProxy: "loopback" });
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(
    () => users.close(),
    () => new Promise((resolve) => server.close(resolve)),
  );
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { backend, users, base, newVisitor: () => visit(base) };
}

const led = ({ status, headers }: Answer) => [status, headers["location"]];
const add = (visitor: Visitor, product: string) => visitor.visit("/cart/add", { form: { product } });
const send = (visitor: Visitor, path: string, name: string, userAgent = firefox) =>
  visitor.visit(path, { form: { name, password }, headers: { "user-agent": userAgent } });
/** What the page of the cart says below its heading. */
const cartOf = async (visitor: Visitor) => (await visitor.visit("/cart")).text.replace(/^.*Your cart /, "");

const empty = "It is empty. Have a look round.";
const head = "Product Pieces Price";

/** Lets the first call of that name wait before it runs or after it, until it is released; `reached` resolves when it waits. */
function hold(backend: WatchedBackend, when: "before" | "after", name: string) {
  const [reached, released] = [gate(), gate()];
  let isFirst = true;
  backend[when] = (called) => {
    if (called !== name || !isFirst) return undefined;
    isFirst = false;
    reached.open();
    return released.opened;
  };
  return { reached: within(`a call of ${name}`, reached.opened), release: released.open };
}

test("a visitor fills and empties a cart, and gets a message for each change once", async () => {
  const visitor = (await openShop()).newVisitor();
  expect(await cartOf(visitor)).toBe(empty);
  expect(await visitor.cookieNames()).toEqual([]);
  expect(led(await add(visitor, "pot"))).toEqual([303, "/"]);
  expect((await visitor.visit("/")).text).toMatch(/^Tea pot: in your cart\. Everything for tea/);
  expect((await visitor.visit("/")).text).toMatch(/^Everything for tea/);
  await add(visitor, "tea");
  await add(visitor, "tea");
  expect(await cartOf(visitor)).toBe(`${head} Green tea 2 €13.00 Remove Green tea Tea pot 1 €39.00 Remove Tea pot Total €52.00`);
  expect(led(await visitor.visit("/cart/remove", { form: { product: "tea" } }))).toEqual([303, "/cart"]);
  expect(await cartOf(visitor)).toBe(`${head} Tea pot 1 €39.00 Remove Tea pot Total €39.00`);
});

describe("in two tabs", () => {
  test("everything that is added to the cart in parallel is kept", async () => {
    const visitor = (await openShop()).newVisitor();
    await add(visitor, "pot");
    await Promise.all(["tea", "tea", "tea", "honey", "honey", "cups", "tea", "cups"].map((product) => add(visitor, product)));
    const lines = "Green tea 4 €26.00 Remove Green tea Tea pot 1 €39.00 Remove Tea pot Two cups 2 €36.00 Remove Two cups";
    expect(await cartOf(visitor)).toBe(`${head} ${lines} Honey 2 €17.80 Remove Honey Total €118.80`);
  });

  test("a log-in in both keeps the cart", async () => {
    const { newVisitor } = await openShop();
    const visitor = newVisitor();
    await send(visitor, "/sign-up", "ada");
    await visitor.visit("/log-out", { form: {} });
    await add(visitor, "tea");
    const answers = await Promise.all([send(visitor, "/log-in", "ada"), send(visitor, "/log-in", "ada")]);
    expect(answers.map(led)).toEqual([
      [303, "/cart"],
      [303, "/cart"],
    ]);
    expect(await cartOf(visitor)).toBe(`${head} Green tea 1 €6.50 Remove Green tea Total €6.50`);
    expect((await visitor.visit("/")).markup).toContain("Log out ada</button>");
  });

  test("a log-in is kept, and so is the cart, without what the other tab adds at that moment", async () => {
    const { backend, newVisitor } = await openShop();
    const visitor = newVisitor();
    await add(visitor, "tea");
    const { reached, release } = hold(backend, "after", "read");
    const adding = add(visitor, "pot");
    await reached;
    await send(visitor, "/sign-up", "ada");
    release();
    expect(led(await adding)).toEqual([303, "/"]);
    expect(await cartOf(visitor)).toBe(`${head} Green tea 1 €6.50 Remove Green tea Total €6.50`);
    expect((await visitor.visit("/")).markup).toContain("Log out ada</button>");
  });

  test("a log-out is final, while the other tab still saves", async () => {
    const { backend, newVisitor } = await openShop();
    const visitor = newVisitor();
    await send(visitor, "/sign-up", "ada");
    const { reached, release } = hold(backend, "before", "swap");
    const adding = add(visitor, "pot");
    await reached;
    expect(led(await visitor.visit("/log-out", { form: {} }))).toEqual([303, "/"]);
    release();
    expect(led(await adding)).toEqual([303, "/"]);
    expect(led(await visitor.visit("/devices"))).toEqual([303, "/log-in"]);
    expect(await cartOf(visitor)).toBe(empty);
    expect((await visitor.visit("/")).markup).not.toContain("Log out");
  });
});

describe("a log-in", () => {
  test("gives the session a new id, without what another user has left", async () => {
    const { base, newVisitor } = await openShop();
    const visitor = newVisitor();
    await send(visitor, "/sign-up", "ada");
    await add(visitor, "tea");
    const before = await visitor.jar.getCookieString(base);
    await send(visitor, "/sign-up", "grace");
    expect(await visitor.jar.getCookieString(base)).not.toBe(before);
    expect(await cartOf(visitor)).toBe(empty);
  });

  test("with a wrong password or an unknown name has the same answer, and escapes what it shows", async () => {
    const { newVisitor } = await openShop();
    await send(newVisitor(), "/sign-up", "ada");
    const wrong = await newVisitor().visit("/log-in", { form: { name: "ada", password: "wrong" } });
    const unknown = await newVisitor().visit("/log-in", { form: { name: "bob", password: "wrong" } });
    expect([wrong.status, unknown.status]).toEqual([403, 403]);
    expect(wrong.text).toMatch(/^Log in The name or the password is wrong\./);
    expect(unknown.markup.replace("bob", "ada")).toBe(wrong.markup);
    const markup = await newVisitor().visit("/log-in", { form: { name: `"><script>`, password } });
    expect(markup.markup).toContain(`value="&quot;&gt;&lt;script&gt;"`);
  });

  test("has to wait after five parallel failures, even with the right password", async () => {
    const { newVisitor } = await openShop();
    await send(newVisitor(), "/sign-up", "ada");
    const form = { name: "ADA", password: "wrong" };
    const answers = await Promise.all(Array.from({ length: 6 }, () => newVisitor().visit("/log-in", { form })));
    expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([403, 403, 403, 403, 403, 429]);
    expect((await send(newVisitor(), "/log-in", "ada")).status).toBe(429);
  });

  test("needs an account, which is refused with a reason", async () => {
    const { newVisitor } = await openShop();
    await send(newVisitor(), "/sign-up", "ada");
    const nameRule = "A name has 1 to 30 letters, digits, dots, hyphens or underscores.";
    const cases: readonly [Readonly<Record<string, string>>, string][] = [
      [{ name: "eve", password: "short" }, "A password has 10 to 200 characters."],
      [{ name: "eve", password: "x".repeat(201) }, "A password has 10 to 200 characters."],
      [{ name: "<b>", password }, nameRule],
      [{ name: "Ada", password }, "Somebody has this name already."],
      [{}, nameRule],
    ];
    for (const [form, problem] of cases) {
      const { status, setCookies, text } = await newVisitor().visit("/sign-up", { form });
      expect([status, setCookies]).toEqual([422, []]);
      expect(text).toContain(`Sign up ${problem} Name`);
    }
  });
});

describe("the devices of a member", () => {
  async function twoDevices() {
    const { newVisitor } = await openShop();
    const [desk, phone] = [newVisitor(), newVisitor()];
    await send(desk, "/sign-up", "ada");
    await send(phone, "/log-in", "ada", safari);
    return { desk, phone, newVisitor };
  }

  test("are listed, and one that is logged out is logged out at once", async () => {
    const { desk, phone, newVisitor } = await twoDevices();
    const page = await desk.visit("/devices");
    expect(page.headers["cache-control"]).toBe("no-store");
    expect(page.text).toMatch(/Safari on iPhone Logged in .* UTC Log out Safari on iPhone Firefox on Linux This device Logged in/);
    const [, handle = ""] = /name="handle" value="([^"]+)"/.exec(page.markup) ?? [];

    const other = newVisitor();
    await send(other, "/sign-up", "eve");
    await other.visit("/devices", { form: { handle } });
    expect((await phone.visit("/devices")).status).toBe(200);

    expect(led(await desk.visit("/devices", { form: { handle } }))).toEqual([303, "/devices"]);
    expect(led(await phone.visit("/devices"))).toEqual([303, "/log-in"]);
    expect((await desk.visit("/devices")).text).toMatch(/^The device is logged out\. Your devices .* Firefox on Linux This device/);
  });

  test("are all logged out by one form", async () => {
    const { desk, phone } = await twoDevices();
    expect(led(await desk.visit("/devices", { form: {} }))).toEqual([303, "/devices"]);
    expect(led(await desk.visit("/devices"))).toEqual([303, "/log-in"]);
    expect(led(await phone.visit("/devices"))).toEqual([303, "/log-in"]);
    expect((await desk.visit("/log-in")).text).toMatch(/^You are logged out everywhere\./);
  });
});

describe("a form", () => {
  test.each([
    [{ "sec-fetch-site": "cross-site" }, 403],
    [{ "sec-fetch-site": "same-site" }, 403],
    [{ "sec-fetch-site": "same-origin", origin: "null" }, 303],
    [{ origin: "https://shop.example" }, 403],
    [{ origin: "null" }, 403],
    [{ origin: "https://shop.example", host: "shop.example", "x-forwarded-proto": "https" }, 303],
    [{}, 303],
  ])("that is sent with %j is answered with %i", async (headers, status) => {
    const { newVisitor } = await openShop();
    const answer = await newVisitor().visit("/cart/add", { form: { product: "tea" }, headers: headers as Record<string, string> });
    expect(answer.status).toBe(status);
    expect(answer.setCookies.map((line) => line.includes("Secure"))).toEqual(status === 403 ? [] : ["host" in headers]);
  });

  test("with an unknown product is refused by a page", async () => {
    const visitor = (await openShop()).newVisitor();
    const cases: readonly [string, Readonly<Record<string, string>>, number, string][] = [
      ["/cart/add", { product: "__proto__" }, 404, "We do not sell this."],
      ["/cart/add", {}, 404, "We do not sell this."],
      ["/nowhere", {}, 404, "There is no such page."],
      ["/cart/add", { product: "x".repeat(200_000) }, 413, "We do not understand this request."],
    ];
    for (const [path, form, status, reason] of cases) {
      const answer = await visitor.visit(path, { form });
      expect([answer.status, answer.text]).toEqual([status, `This did not work ${reason} Back to the shop`]);
    }
  });
});

describe("while the sessions cannot be reached", () => {
  test("a visitor who has one gets a page with 503 and keeps everything; others are not affected", async () => {
    const { backend, newVisitor } = await openShop();
    const visitor = newVisitor();
    await add(visitor, "tea");
    backend.before = () => Promise.reject(new Error("The disk is full."));
    for (const answer of [await visitor.visit("/"), await add(visitor, "pot"), await add(newVisitor(), "pot")]) {
      expect([answer.status, answer.setCookies, answer.headers["content-type"]]).toEqual([503, [], "text/html; charset=utf-8"]);
      expect(answer.text).toMatch(/^Something is wrong on our side Carts and log-ins cannot be reached at the moment/);
    }
    expect((await newVisitor().visit("/")).status).toBe(200);
    expect((await visitor.visit("/style.css")).status).toBe(200);
    backend.before = () => undefined;
    expect(await cartOf(visitor)).toBe(`${head} Green tea 1 €6.50 Remove Green tea Total €6.50`);
  });
});

test("a restart keeps the log-in and the cart", async () => {
  const data = temporaryFolder();
  const shop = [{ DATA_PATH: data }, join(root, "examples/express-shop")] as const;
  const first = startApp(...shop);
  const visitor = visit(await first.url());
  await send(visitor, "/sign-up", "ada");
  await add(visitor, "tea");
  expect(await first.stop()).toEqual({ code: 0, signal: null });

  const again = new Visitor(await startCompiled(...shop).url(), visitor.jar);
  closing.push(() => again.close());
  expect(await cartOf(again)).toBe(`${head} Green tea 1 €6.50 Remove Green tea Total €6.50`);
  expect((await again.visit("/devices")).status).toBe(200);
});

test("a template escapes texts, does not escape markup, and leaves out empty values", () => {
  const list = [html`<b>1</b>`, html`<b>${"&"}</b>`];
  const made = html`<p title="${`"'<>&`}">${list}${false}${undefined}${0}\n</p>`;
  expect(made).toBeInstanceOf(Html);
  expect(String(made)).toBe(`<p title="&quot;&#39;&lt;&gt;&amp;"><b>1</b><b>&amp;</b>0\n</p>`);
});
