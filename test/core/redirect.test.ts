import { redirect, request, RequestHandler, Rule, text, type App } from "@mini/core";
import { beforeAll, describe, expect, test } from "vitest";
import { makeApp } from "../support/one-handler.ts";

let app: App;
beforeAll(
  () => void ({ app } = makeApp(() => redirect(request.args.get("to")!), { crossOrigin: { trusted: ["https://friend.example"] } })),
);

async function follow(to: string): Promise<{ status: number; location: string | null }> {
  const response = await app.fetch(new Request(`http://site.example:8080/?to=${encodeURIComponent(to)}`));
  return { status: response.status, location: response.headers.get("location") };
}

const hosts = [
  "evil.example",
  "site.example.evil.example",
  "evil.example:8080",
  "site.example",
  "site.example:8081",
  "[::1]",
  "127.0.0.1",
  "evil\u3002example",
  "xn--e1afmkfd.example",
];
const starts = [
  "//",
  "///",
  "////",
  "/\\",
  "\\\\",
  "\\/",
  "\\/\\/",
  "/\t/",
  "/\n/",
  "/\r/",
  "\t//",
  "\n//",
  " //",
  "\u0000//",
  "\u00a0//",
  "http://",
  "https://",
  "HTTP://",
  "hTtPs://",
  "http:/\\",
  "http:\\\\",
  "https:\\/",
  "http:///",
  "https:////",
  "ht\ttp://",
  "http:\t//",
  "ftp://",
  "ws://",
  "file://",
  "gopher://",
  "//user@",
  "//site.example:8080@",
  "http://site.example:8080@",
  "http://user:pass@",
  "https://site.example:8080\\@",
  "//site.example:8080\\@",
  "/\\\t/",
  "/.//\\..//\\",
  "\u2028//",
  "\ufeff//",
  "///\\;@",
  "https:",
  "http:",
  "http:/",
];
const schemes = [
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)",
  "java\tscript:alert(1)",
  "\u0001javascript:alert(1)",
  " javascript:alert(1)",
  "data:text/html,x",
  "blob:http://site.example:8080/x",
  "vbscript:x",
  "about:blank",
  "mailto:a@b",
  "view-source:http://site.example:8080/",
];

describe("a redirect", () => {
  const spellings = starts.flatMap((start) => hosts.map((host) => start + host)).concat(schemes, starts);

  test(`of ${spellings.length} hostile spellings stays on the site or is refused`, async () => {
    expect(spellings.length).toBeGreaterThan(400);
    for (const spelling of spellings) {
      for (const to of [spelling, `${spelling}/path`, `${spelling}?a`, `${spelling}#a`]) {
        const { status, location } = await follow(to);
        if (status === 400) {
          expect(location).toBeNull();
          continue;
        }
        expect(status, JSON.stringify(to)).toBe(302);
        // What a browser makes of it, from wherever on the site.
        expect(new URL(location!, "http://site.example:8080/deep/page").host, JSON.stringify([to, location])).toBe("site.example:8080");
        expect(location, JSON.stringify(to)).toMatch(/^\/(?![/\\])[\x21-\x7e]*$/);
      }
    }
  });

  test.each([
    ["/", "/"],
    ["", "/?to="],
    ["/a?b=c#d", "/a?b=c#d"],
    ["a/b", "/a/b"],
    ["../a", "/a"],
    ["?a=1", "/?a=1"],
    ["/%2F%2Fevil.example", "/%2F%2Fevil.example"],
    ["/é ü", "/%C3%A9%20%C3%BC"],
    ["http://site.example:8080/a", "/a"],
    ["HTTP://SITE.example:8080//a", "/a"],
    ["/a//b", "/a//b"],
  ])("to %j is sent as %j", async (to, sent) => {
    expect(await follow(to)).toEqual({ status: 302, location: sent });
  });

  test("goes to origins that are trusted, as a whole URL", async () => {
    expect(await follow("https://friend.example/a")).toEqual({ status: 302, location: "https://friend.example/a" });
    expect((await follow("http://friend.example/a")).status).toBe(400);
    expect((await follow("https://friend.example:444/a")).status).toBe(400);
    expect((await follow("https://user@friend.example/a")).status).toBe(400);
  });

  test.each([
    ["http://shop.example/a", "https://shop.example/a", "https://shop.example/a"],
    ["http://shop.example/a", "https://shop.example/b?c#d", "https://shop.example/b?c#d"],
    ["http://shop.example/a", "https://shop.example:443//b", "https://shop.example//b"],
    ["http://shop.example/a", "http://shop.example:80/b", "/b"],
    ["https://shop.example/a", "https://shop.example/b", "/b"],
    ["https://shop.example/a", "http://shop.example/b", "/b"],
    ["http://shop.example/a", "https://shop.example:8443/b", null],
    ["http://shop.example/a", "https://shop.example.evil.example/b", null],
    ["http://shop.example/a", "https://user@shop.example/b", null],
    ["http://shop.example:8080/a", "https://shop.example/b", null],
    ["http://admin.example/a", "https://shop.example/b", "https://shop.example/b"],
    ["https://admin.example/a", "http://shop.example/b", null],
    ["http://shop.example/a", "https://xn--mnchen-3ya.example/b", "https://xn--mnchen-3ya.example/b"],
    ["http://shop.example/a", "http://münchen.example/b", "http://xn--mnchen-3ya.example/b"],
  ])("from %s to %s is sent as %j", async (from, to, location) => {
    class Away extends RequestHandler {
      get() {
        return redirect(to, 301);
      }
    }
    const site = makeApp(() => text(""), {
      rules: [
        new Rule("/rule", { host: "shop.example", redirectTo: "/" }),
        new Rule("/rule", { host: "münchen.example", redirectTo: "/" }),
        new Rule("/a", { handler: Away }),
      ],
    }).app;
    const response = await site.fetch(new Request(from));
    expect([response.status, response.headers.get("location")]).toEqual([location === null ? 400 : 301, location]);
  });

  test("goes anywhere on the web with external: true, and nowhere else", async () => {
    const away = async (to: string) => (await makeApp(() => redirect(to, { external: true, status: 303 })).get()).headers.get("location");
    expect(await away("https://other.example/a b")).toBe("https://other.example/a%20b");
    expect(await away("javascript:alert(1)")).toBeNull();
    expect(await away("https://user@other.example/")).toBeNull();
    expect(await away("https://:password@other.example/")).toBeNull();
  });

  test.each([301, 302, 303, 307, 308])("may have the status %i", async (status) => {
    const response = await makeApp(() => redirect("/", status)).get();
    expect([response.status, await response.text()]).toEqual([status, ""]);
  });

  test.each([200, 300, 304, 400, 99.5])("cannot have the status %d, and the log lists the possible ones", async (status) => {
    const made = makeApp(() => redirect("/", status));
    expect((await made.get()).status).toBe(500);
    expect(made.logged.join()).toContain(`TypeError: Cannot redirect with status ${status}: use 301, 302, 303, 305, 307 or 308.`);
  });

  test("throws outside a request, and the error says what was tried", () => {
    expect(() => redirect("/")).toThrow(/^Cannot redirect: no request is running here\./);
  });

  test.each([
    [undefined, 'redirectTo of the rule "/moved" must return a URL as text.'],
    ["https://[/", 'The rule "/moved" cannot work: it cannot redirect to "https://[", which has no host.'],
    [
      "https://user:hunter2@other.example/",
      'The rule "/moved" cannot work: it cannot redirect to a URL with a user name or a password: write what comes after its @.',
    ],
  ])("of a rule whose function returns %j is 500, and the log says which rule", async (given, message) => {
    const made = makeApp(() => "home", { rules: [new Rule("/moved", { redirectTo: () => given as string })] as never });
    const response = await made.get("/moved");
    expect([response.status, response.headers.get("location")]).toEqual([500, null]);
    expect(made.logged.join()).toContain(`TypeError: ${message}`);
    expect(made.logged.join()).not.toContain("hunter2");
  });

  test("of a rule whose function throws is answered by errorHandlers, like any other error", async () => {
    const redirectTo = () => {
      throw new Error("no target");
    };
    const errorHandlers = { 500: () => text("sorry", { status: 500 }) };
    const made = makeApp(() => "home", { rules: [new Rule("/moved", { redirectTo })], errorHandlers } as never);
    expect(await (await made.get("/moved")).text()).toBe("sorry");
    expect(made.logged).toHaveLength(1);
  });
});

describe("to a host that a rule names", () => {
  class Handler extends RequestHandler {}
  const rules = [
    new Rule("/", { endpoint: "shop", host: "shop.example", handler: Handler, buildOnly: true }),
    new Rule("/", { endpoint: "tenant", host: ":tenant.example.org", handler: Handler, buildOnly: true }),
  ];
  const { app: hosting } = makeApp(() => redirect(request.args.get("to")!), { rules: rules as never, trustProxy: true });

  test.each([
    ["http://shop.example:8080/cart", 302],
    ["http://SHOP.example:8080/cart", 302],
    ["//shop.example:8080/cart", 302],
    ["http://shop.example/cart", 400],
    ["http://shop.example:8081/cart", 400],
    ["https://shop.example:8080/cart", 400],
    ["http://user@shop.example:8080/", 400],
    ["http://shop.example.evil.example:8080/", 400],
    ["http://sub.shop.example:8080/", 400],
    ["http://tenant.example.org:8080/", 400],
  ])("on the same scheme and port: %s is %i", async (to, status) => {
    const response = await hosting.fetch(new Request(`http://site.example:8080/?to=${encodeURIComponent(to)}`));
    expect(response.status).toBe(status);
    if (status === 302) expect(response.headers.get("location")).toBe("http://shop.example:8080/cart");
  });

  test("with the scheme that a trusted proxy reports", async () => {
    const ask = (to: string) =>
      hosting.fetch(new Request(`http://site.example/?to=${encodeURIComponent(to)}`, { headers: { "x-forwarded-proto": "https" } }));
    expect((await ask("https://shop.example/")).headers.get("location")).toBe("https://shop.example/");
    expect((await ask("http://shop.example/")).status).toBe(400);
  });
});
