import { request as httpRequest } from "node:http";
import { App, local, RequestHandler, type Response, Rule, text } from "@mini/core";
import { MemoryBackend, SessionMiddleware } from "@mini/session";
import { describe, expect, test, vi } from "vitest";
import { entries, listen, nothing, silent, stops } from "../support/inspected-site.ts";

describe("the inspector", () => {
  test("shows each request with its rule and what it did, in the order in which it happened", async () => {
    const { server, get } = await listen();
    await get("/");
    const [entry] = await entries(server, 1);
    expect(entry).toMatchObject({ method: "GET", path: "/", status: 200, rule: "/" });
    expect(entry!.spans.map(({ name, label }) => `${name} ${label}`)).toEqual([
      "mini:hook SecurityHeaders.beforeDispatch",
      "mini:hook SessionMiddleware.beforeDispatch",
      "mini:handler Home.get",
      "mini:session.load load session",
      "mini:session.commit save session",
      "mini:session.backend commit a session",
    ]);
    for (const { from, to } of entry!.spans) expect(to).toBeGreaterThanOrEqual(from);
  });

  test("calls middleware without a class, such as an imported module, Object", async () => {
    class Home extends RequestHandler {
      get() {
        return text("home");
      }
    }
    const hooks = { beforeDispatch: nothing, afterDispatch: (_handler: RequestHandler, response: Response) => response };
    const middleware = [Object.assign(Object.create(null) as object, hooks)];
    const { server, get } = await listen(new App({ debug: true, rules: [new Rule("/", { handler: Home })], middleware, logger: silent }));
    await get("/");
    const [entry] = await entries(server, 1);
    expect(entry!.spans.map(({ label }) => label)).toEqual(["Object.beforeDispatch", "Home.get", "Object.afterDispatch"]);
  });

  test("shows what changed in a session, without secrets, and its messages", async () => {
    const { server, get } = await listen();
    const first = await get("/");
    await get("/", { cookie: String(first.headers["set-cookie"]).split(";")[0]! });
    const all = await entries(server, 2);
    const commits = all.map(({ spans }) => spans.find(({ name }) => name === "mini:session.commit")!);
    expect(commits[0]!.changes).toEqual([
      { key: "count", before: "", after: "1" },
      { key: "visits", before: "", after: "1" },
      { key: "profile", before: "", after: expect.stringContaining("Ann") as string },
      { key: "secret", before: "", after: "••••••" },
    ]);
    expect(commits[1]!.changes).toEqual([
      { key: "count", before: "1", after: "2" },
      { key: "visits", before: "1", after: "2" },
    ]);
    expect(Object.fromEntries(commits[0]!.details)["messages added"]).toContain("Saved");
    expect(JSON.stringify(all)).not.toMatch(/hunter2|t0k|s3cret/);
  });

  test.each([
    ["session=forged", "refused session: malformed"],
    [`session=v1.${"a".repeat(40)}.1795910000.${"b".repeat(42)}A`, "refused session: forged"],
  ])("says why the cookie %s was refused", async (cookie, label) => {
    const { server, get } = await listen();
    await get("/", { cookie });
    const [entry] = await entries(server, 1);
    expect(entry!.spans.map((span) => span.label)).toContain(label);
  });

  test("says which rules nearly matched", async () => {
    const { server, get } = await listen();
    await get("/users/me");
    await get("/users/abc");
    await get("/users/me", {}, "POST");
    const [me, abc, post] = await entries(server, 3);
    expect(me!.near).toEqual([{ path: "/users/:id", why: "one of its converters refuses a value" }]);
    expect(abc!.near[0]).toEqual({ path: "/users/:id", why: "one of its converters refuses a value" });
    expect(abc!.near.map(({ path }) => path)).toContain("/users/me");
    expect(post!.near).toContainEqual({ path: "/users/me", why: "it answers GET" });
  });

  test("shows an error with its causes and the source of its calls", async () => {
    const { server, get } = await listen();
    await get("/users/8");
    const [entry] = await entries(server, 1);
    expect(entry!.error).toMatch(/^Error: the disk <b>is<\/b> full\n[^]*caused by TypeError: inner/);
    expect(entry!.calls[0]!.lines.find(({ isCall }) => isCall)!.text).toContain("the disk <b>is</b> full");
  });

  test("masks secrets in the query, and cuts what is long", async () => {
    const { server, get } = await listen();
    await get(`/nowhere?token=abc&password=def&q=${"x".repeat(5000)}`);
    const [entry] = await entries(server, 1);
    expect(entry!.query).toMatch(/^\?token=••••••&password=••••••&q=x{1000,}… \(\d+ characters more\)$/);
    expect(entry!.query.length).toBeLessThan(2100);
  });

  test("keeps the last 200 requests, and does not show its own", async () => {
    const { server, get } = await listen();
    for (let i = 0; i < 205; i++) await get(`/n${i}`);
    const all = await entries(server, 200);
    expect(all).toHaveLength(200);
    expect([all[0]!.path, all.at(-1)!.path]).toEqual(["/n5", "/n204"]);
  });

  test.each([
    "token=abc",
    "%74oken=abc",
    "tok%65n=abc",
    "code=abc",
    "sid=abc",
    "session_id=abc",
    "session=abc",
    "PHPSESSID=abc",
    "session_key=abc",
    "X-Signature=abc",
  ])("masks the value of ?%s, whose name says that it is a secret", async (query) => {
    const { server, get } = await listen();
    await get(`/nowhere?${query}&page=2&zip+code=1&%E0%A4=3`);
    const [entry] = await entries(server, 1);
    expect(entry!.query).toBe(`?${query.replace("abc", "••••••")}&page=2&zip+code=1&%E0%A4=3`);
  });

  test("goes on with the requests of a restarted server, for a page that saw those of the one before", async () => {
    vi.setSystemTime(1_700_000_000_000);
    const before = await listen();
    for (let i = 0; i < 3; i++) await before.get(`/before${i}`);
    const last = (await entries(before.server, 3)).at(-1)!.number;
    vi.setSystemTime(1_700_000_000_010);
    const { server, get } = await listen();
    vi.useRealTimers();
    await get("/after");
    const [entry] = await entries(server, 1, { "last-event-id": String(last) });
    expect(entry!.path).toBe("/after");
    expect(entry!.number).toBeGreaterThan(last);
  });

  test("does not slow requests for a client that stops reading, nor keep more for it", async () => {
    const { server, get } = await listen();
    const still = httpRequest({ port: server.port, path: "/__mini/events", headers: { host: "localhost" } }, (response) =>
      response.pause(),
    );
    stops.push(() => still.destroy());
    still.on("error", nothing);
    still.end();
    for (let i = 0; i < 300; i++) await get(`/n${i}`);
    expect((await get("/users/5")).status).toBe(200);
    expect((await entries(server, 200)).at(-1)!.path).toBe("/users/5");
  });

  test("has a page without data, which runs its own script only and may not be framed", async () => {
    const { get } = await listen();
    await get(`/users/5?q=<script>alert(1)</script>`);
    const page = await get("/__mini");
    expect(page.text).not.toContain("alert(1)");
    expect(page.headers["content-security-policy"]).toMatch(
      /^default-src 'none'; style-src 'nonce-[^']+'; script-src 'nonce-[^']+'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    );
    expect(page.headers["cache-control"]).toBe("no-store");
  });
});

test("the page of an unexpected error says what the request did, with the names of the values in its session", async () => {
  class Fails extends RequestHandler {
    static override middleware = [SessionMiddleware];
    async get() {
      const session = await local.sessionStore.getSession();
      if (session.isNew) session.set("cart", ["a"]);
      else throw new Error("later");
      return text("begun");
    }
  }
  const app = new App({
    debug: true,
    rules: [new Rule("/fails", { endpoint: "fails", handler: Fails })],
    config: { session: { secretKey: "k".repeat(32), backend: new MemoryBackend() } },
    logger: silent,
  });
  const { get } = await listen(app);
  const first = await get("/fails");
  const { text: page } = await get("/fails", { cookie: String(first.headers["set-cookie"]).split(";")[0]! });
  const shown = page.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
  expect(shown).toContain("Rule /fails");
  expect(shown).toContain("Handler Fails");
  expect(shown).toMatch(/load session backend: MemoryBackend, isNew: false, keys: cart/);
  expect(page).toContain('href="/__mini"');
});
