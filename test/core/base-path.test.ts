import {
  App,
  ConfigError,
  json,
  local,
  redirect,
  request,
  RequestHandler,
  Rule,
  setCookie,
  text,
  urlFor,
  type AppOptions,
} from "@mini/core";
import { serve } from "@mini/core/serve";
import { StaticFiles } from "@mini/core/static";
import { SessionMiddleware } from "@mini/session";
import { describe, expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../support/folder.ts";
import { getAllRaw } from "../support/raw-http.ts";

class Show extends RequestHandler {
  get(args: object) {
    return json([request.path, request.url, { ...args }, request.search]);
  }
}

class Links extends RequestHandler {
  get() {
    return json([urlFor("home"), urlFor("item", { id: "ä" }), urlFor("list", { page: 2 }), urlFor("home", {}, { absolute: true })]);
  }
}

class Leave extends RequestHandler {
  get({ how }: { readonly how: string }) {
    return redirect(how === "named" ? urlFor("home") : how === "beside" ? "links" : "/elsewhere");
  }
}

class Cookies extends RequestHandler {
  static override middleware = [SessionMiddleware];
  async get() {
    setCookie("plain", "1");
    setCookie("wide", "1", { path: "/" });
    setCookie("__Host-own", "1", { secure: true });
    (await local.sessionStore.getSession()).set("a", 1);
    return text("set");
  }
}

const folder = temporaryFolder({ "files/sub/index.html": "<p>sub", "files/a.txt": "a" });

const rules = [
  new Rule("/", { endpoint: "home", handler: Show }),
  new Rule("/items/:id", { endpoint: "item", handler: Show }),
  new Rule("/list/", { endpoint: "list", handler: Show, defaults: { page: 1 } }),
  new Rule("/list/:page", {
    endpoint: "list",
    handler: Show,
    where: { page: { parse: (given: string) => Number(given), format: String } },
  }),
  new Rule("/old/:id", { redirectTo: "/items/:id" }),
  new Rule("/gone", { redirectTo: { endpoint: "home" } }),
  new Rule("/away", { redirectTo: "https://other.example/a" }),
  new Rule("/links", { handler: Links }),
  new Rule("/leave/:how", { handler: Leave }),
  new Rule("/cookies", { handler: Cookies }),
  new Rule("/files/*path", { endpoint: "file", handler: StaticFiles({ root: `${folder}/files` }) }),
  // This rule would match if the base path were removed from every path.
  new Rule("/shop", { handler: Show, endpoint: "shop" }),
];

const site = (basePath: AppOptions["basePath"], cookie: object = {}) =>
  new App({ rules, basePath, config: { session: { secretKey: "k".repeat(32), cookie } } });

/** The status, and the location or else the body. */
async function ask(app: App, path: string): Promise<readonly unknown[]> {
  const response = await app.fetch(new Request(`http://localhost${path}`));
  const location = response.headers.get("location");
  if (location !== null) return [response.status, location];
  return response.status === 200 ? [200, await response.json()] : [response.status];
}

const shown = (path: string, url: string, args: object = {}, search = "") => [200, [path, `http://localhost${url}`, args, search]];

describe("an application at /shop whose requests have the base path", () => {
  const app = site("/shop");

  test.each<[string, readonly unknown[]]>([
    ["/shop/", shown("/", "/shop/")],
    ["/shop/?a=/shop", shown("/", "/shop/?a=/shop", {}, "?a=/shop")],
    ["/shop/items/a%2Fb", shown("/items/a%2Fb", "/shop/items/a%2Fb", { id: "a/b" })],
    ["/shop/shop", shown("/shop", "/shop/shop")],
    ["/%73hop/items/1", shown("/items/1", "/%73hop/items/1", { id: "1" })],
    ["/shop", [308, "/shop/"]],
    ["/shop?a=1", [308, "/shop/?a=1"]],
    ["/shop/list", [308, "/shop/list/"]],
    ["/shop/list/1", [308, "/shop/list/"]],
    ["/shop//items/1", [308, "/shop/items/1"]],
    ["/shop//items//1?a=b", [308, "/shop/items/1?a=b"]],
    ["/shop/old/%C3%A4", [308, "/shop/items/%C3%A4"]],
    ["/shop/gone", [308, "/shop/"]],
    ["/shop/away", [308, "https://other.example/a"]],
    ["/shop/files/sub", [308, "/shop/files/sub/"]],
    ["/shop/leave/named", [302, "/shop/"]],
    ["/shop/leave/beside", [302, "/shop/leave/links"]],
    ["/shop/leave/root", [302, "/elsewhere"]],
    ["/shop/links", [200, ["/shop/", "/shop/items/%C3%A4", "/shop/list/2", "http://localhost/shop/"]]],
    ["/shop/nowhere", [404]],
  ])("answers %s", async (path, answer) => {
    expect(await ask(app, path)).toEqual(answer);
  });

  test.each([
    "/",
    "/items/1",
    "/shopping/items/1",
    "/shop%2Fitems/1",
    "/shop%2fshop",
    "/Shop/",
    "//shop/items/1",
    "/a/../items/1",
    "/shop/../items/1",
    "/shop/%2e%2e/items/1",
    "/shop/..%2fitems/1",
    "/sh%6/",
    "/a/shop/",
  ])("has nothing at %s", async (path) => {
    expect(await ask(app, path)).toEqual([404]);
  });

  test("answers the same on a socket", async () => {
    const server = await serve(app, { port: 0, silent: true, gracefulShutdown: false });
    onTestFinished(() => server.close());
    const targets = ["/shop/items/1", "/shop", "/items/1", "/shop/../items/1", "//shop/items/1", "/shop%2Fitems/1", "/%73hop/list"];
    const answers = await getAllRaw(server.port, targets);
    expect(answers.map(({ status, values }) => [status, ...values("location")])).toEqual([
      [200],
      [308, "/shop/"],
      [404],
      [404],
      [404],
      [404],
      [308, "/shop/list/"],
    ]);
  });

  test("builds URLs outside of a request, those of files too", () => {
    expect([app.basePath, app.urlFor("home"), app.urlFor("item", { id: 1 })]).toEqual(["/shop", "/shop/", "/shop/items/1"]);
    expect(app.urlFor("file", { path: ["a.txt"] })).toBe("/shop/files/a.txt");
    expect(app.urlFor("home", {}, { host: "a.example", anchor: "b" })).toBe("http://a.example/shop/#b");
  });

  test("has its own cookies, unless their options say otherwise", async () => {
    const lines = async (each: App) =>
      (await each.fetch(new Request("http://localhost/shop/cookies"))).headers
        .getSetCookie()
        .map((line) => line.replace(/=[^;]*/, "").replace(/; (?:HttpOnly|Secure|SameSite=Lax)/g, ""));
    expect(await lines(app)).toEqual(["plain; Path=/shop", "wide; Path=/", "__Host-own; Path=/", "session; Path=/shop"]);
    expect(await lines(site("/shop", { path: "/shop/cookies" }))).toContain("session; Path=/shop/cookies");
  });

  test("a cookie for the whole host keeps its prefix", async () => {
    const response = await site("/shop", { prefix: "host", secure: true }).fetch(new Request("https://localhost/shop/cookies"));
    expect(response.headers.getSetCookie().at(-1)).toMatch(/^__Host-session=.*; Path=\/;/);
  });
});

describe("an application at /shop behind a proxy that removes the base path", () => {
  const app = site({ path: "/shop", isStripped: true });

  test.each<[string, readonly unknown[]]>([
    ["/", shown("/", "/shop/")],
    ["/items/1?a=b", shown("/items/1", "/shop/items/1?a=b", { id: "1" }, "?a=b")],
    ["/shop", shown("/shop", "/shop/shop")],
    ["/list", [308, "/shop/list/"]],
    ["/old/1", [308, "/shop/items/1"]],
    ["/files/sub", [308, "/shop/files/sub/"]],
    ["/leave/named", [302, "/shop/"]],
    ["/leave/beside", [302, "/shop/leave/links"]],
    ["/links", [200, ["/shop/", "/shop/items/%C3%A4", "/shop/list/2", "http://localhost/shop/"]]],
    ["/shop/items/1", [404]],
  ])("answers %s", async (path, answer) => {
    expect(await ask(app, path)).toEqual(answer);
  });
});

test("a base path in other scripts or of several segments matches in each spelling", async () => {
  const app = site("/läden/a b");
  expect(app.basePath).toBe("/l%C3%A4den/a%20b");
  expect((await ask(app, "/l%c3%a4den/a%20b/items/1"))[0]).toBe(200);
  expect((await ask(app, "/läden/a b/items/1"))[0]).toBe(200);
  expect((await ask(app, "/l%C3%A4den/items/1"))[0]).toBe(404);
});

test.each([
  "",
  "/",
  "shop",
  "/shop/",
  "//shop",
  "/a//b",
  "/a/../b",
  "/a/./b",
  "/a/%2e%2e/b",
  "/a%2Fb",
  "/a?b",
  "/a#b",
  "/a\\b",
  "/a\nb",
  "/a%zz",
  "/a;b",
  "https://a.example/shop",
  5 as never,
  null as never,
  {} as never,
  { path: "/a", isStripped: "yes" } as never,
])("the base path %j is refused", (basePath) => {
  expect(() => site(basePath)).toThrow(ConfigError);
  expect(() => site(basePath)).toThrow(/Cannot use the basePath .*"\/shop"/s);
});
