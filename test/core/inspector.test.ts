import { request as httpRequest } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { abort, App, ConfigError, int, local, RequestHandler, Rule, SecurityHeaders, text } from "@mini/core";
import { serve, type Server } from "@mini/core/serve";
import { MemoryBackend, SessionMiddleware } from "@mini/session";
import { afterEach, describe, expect, test, vi } from "vitest";

class Home extends RequestHandler {
  static override middleware = [SessionMiddleware];
  async get() {
    const session = await local.sessionStore.getSession();
    session.set("visits", session.increment("count"));
    session.set("profile", { name: "Ann", password: "hunter2", deep: { apiToken: "t0k" } });
    session.set("secret", "s3cret");
    session.flash("Saved");
    return text("home");
  }
}
class User extends RequestHandler {
  get({ id }: { id: number }) {
    if (id === 7) abort(404);
    if (id === 8) throw new Error("the disk <b>is</b> full", { cause: new TypeError("inner") });
    return text("user");
  }
}
class Me extends RequestHandler {
  get() {
    return text("me");
  }
}

const nothing = () => undefined;
const open: Server[] = [];
const stops: (() => void)[] = [];
afterEach(async () => {
  stops.splice(0).forEach((stop) => stop());
  await Promise.all(open.splice(0).map((server) => server.close()));
  vi.unstubAllEnvs();
});

function makeSite(debug = true): App {
  return new App({
    debug,
    rules: [
      new Rule("/", { endpoint: "home", handler: Home }),
      new Rule("/users/:id", { endpoint: "user", handler: User, where: { id: int } }),
      new Rule("/users/me", { handler: Me, methods: ["GET"] }),
    ],
    middleware: [SecurityHeaders],
    config: { session: { secretKey: "k".repeat(32), backend: new MemoryBackend() } },
    logger: { error: nothing, warn: nothing, info: nothing, debug: nothing },
  });
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

async function listen(app = makeSite()) {
  const server = await serve(app, { port: 0, silent: true });
  open.push(server);
  const get = (path: string, headers: Readonly<Record<string, string>> = {}, method = "GET") =>
    new Promise<Answer>((resolve, reject) => {
      const asked = httpRequest(
        { port: server.port, host: "127.0.0.1", path, method, headers: { host: "localhost", ...headers } },
        (response) => {
          let body = "";
          response.setEncoding("utf8").on("data", (part: string) => (body += part));
          response.on("end", () => resolve({ status: response.statusCode!, headers: response.headers, text: body }));
        },
      );
      asked.on("error", reject);
      asked.end();
    });
  // The inspector is loaded when the application is made.
  if (app.debug) await expect.poll(async () => (await get("/__mini")).status).toBe(200);
  return { server, get };
}

interface ShownEntry {
  readonly number: number;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly status: number;
  readonly rule?: string;
  readonly near: readonly { readonly path: string; readonly why: string }[];
  readonly spans: readonly {
    readonly name: string;
    readonly label: string;
    readonly from: number;
    readonly to?: number;
    readonly details: readonly (readonly [string, string])[];
    readonly changes: readonly { readonly key: string; readonly before: string; readonly after: string }[];
  }[];
  readonly error?: string;
  readonly calls: readonly { readonly text: string; readonly lines: readonly { readonly text: string; readonly isCall: boolean }[] }[];
}

/** Reads the events of the inspector until there are as many requests as asked for. */
function entries(server: Server, count: number): Promise<readonly ShownEntry[]> {
  return new Promise((resolve, reject) => {
    let body = "";
    const asked = httpRequest({ port: server.port, path: "/__mini/events", headers: { host: "localhost" } }, (response) => {
      response.setEncoding("utf8").on("data", (part: string) => {
        body += part;
        const found = Array.from(
          body.matchAll(/^event: request\nid: \d+\ndata: (.*)\n\n/gm),
          ([, data]) => JSON.parse(data!) as ShownEntry,
        );
        if (found.length < count) return;
        asked.destroy();
        resolve(found);
      });
    });
    stops.push(() => asked.destroy());
    asked.on("error", reject);
    asked.end();
  });
}

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

  test("says which rules nearly answered", async () => {
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

describe("nobody else gets in", () => {
  test.each<[string, Readonly<Record<string, string>>]>([
    ["through a proxy on this machine", { "x-forwarded-for": "203.0.113.5" }],
    ["through one that says so by Forwarded", { forwarded: "for=203.0.113.5" }],
    ["through one that says so by Via", { via: "1.1 proxy" }],
    ["through one that says so by X-Real-IP", { "x-real-ip": "203.0.113.5" }],
    ["by another host name, as in DNS rebinding", { host: "attacker.example" }],
    ["by a name that begins like this machine's", { host: "localhost.attacker.example" }],
    ["from a page of another site", { "sec-fetch-site": "cross-site" }],
    ["from a page of another port", { "sec-fetch-site": "same-site" }],
  ])("%s", async (_way, headers) => {
    const { get } = await listen();
    expect((await get("/__mini", headers)).status).toBe(404);
    expect((await get("/__mini/events", headers)).status).toBe(404);
  });

  test.each(["/__mini/", "//__mini", "/__MINI", "/__mini%2Fevents", "/x/../__mini/x", "/__mini/events/x"])("at %s", async (path) => {
    const { get } = await listen();
    expect((await get(path)).text).not.toContain("Inspector");
  });

  test("with another method", async () => {
    const { get } = await listen();
    expect((await get("/__mini", {}, "POST")).status).toBe(404);
  });

  test("without a connection, as app.fetch() in another server", async () => {
    const app = makeSite();
    await pause(0);
    const response = await app.fetch(new Request("http://localhost/__mini"));
    expect(response.status).toBe(404);
  });

  test("without debug", async () => {
    const { get } = await listen(makeSite(false));
    expect((await get("/__mini")).status).toBe(404);
  });

  test("in production, where debug is refused", () => {
    vi.stubEnv("NODE_ENV", "production");
    expect(() => makeSite()).toThrow(ConfigError);
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
    logger: { error: nothing, warn: nothing, info: nothing, debug: nothing },
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
