import { App, RequestHandler, Rule, text, type AppOptions, type Middleware } from "@mini/core";
import { serve, type Server } from "@mini/core/serve";
import { Pool } from "undici";
import { afterAll, describe, expect, test } from "vitest";

let worked = 0;

class Count implements Middleware {
  beforeDispatch() {
    worked++;
    return undefined;
  }
}

const work = () => {
  worked++;
  return text("done");
};

class Any extends RequestHandler {
  get() {
    return work();
  }
  post() {
    return work();
  }
  put() {
    return work();
  }
  patch() {
    return work();
  }
  delete() {
    return work();
  }
}

const servers: Server[] = [];
const pools: Pool[] = [];
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.close()));
  await Promise.all(servers.map((server) => server.close()));
});

type Options = Partial<AppOptions<readonly Rule[]>>;

/** Asks an app on a socket; gives the status, and whether a hook or the handler was called. */
async function listen(options: Options) {
  const quiet = { error() {}, warn() {}, info() {}, debug() {} };
  const app = new App({ rules: [new Rule("/", { handler: Any })], middleware: [Count], logger: quiet, ...options });
  const server = await serve(app, { port: 0, silent: true, gracefulShutdown: false });
  const pool = new Pool(new URL(server.url).origin, { connections: 1 });
  servers.push(server);
  pools.push(pool);
  return async (method: string, headers: Readonly<Record<string, string | undefined>>): Promise<readonly [number, boolean]> => {
    worked = 0;
    const given = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
    const { statusCode, body } = await pool.request({ path: "/", method: method as "GET", headers: given });
    await body.dump();
    return [statusCode, worked > 0];
  };
}

const host = "site.example:8080";
const crossOrigin = { trusted: ["https://friend.example", "http://friend.example:81"] };
const methods = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];
const writes = methods.slice(3);

/** What browsers say of where a request comes from, and whether that alone lets it pass; `undefined`: it does not settle it. */
const sites: readonly (readonly [site: string | undefined, passes: boolean | undefined])[] = [
  [undefined, undefined],
  ["same-origin", true],
  ["none", true],
  ["same-site", false],
  ["cross-site", false],
  ["", false],
  ["Same-Origin", false],
  ["same-origin, cross-site", false],
  ["cross-site, same-origin", false],
  ["unknown", false],
];

/** Origins, whether they are trusted, and whether they have the host and port that were asked for. */
const origins: readonly (readonly [origin: string | undefined, isTrusted: boolean, isOwn: boolean])[] = [
  [undefined, false, true],
  ["http://site.example:8080", false, true],
  // A proxy may have ended https.
  ["https://site.example:8080", false, true],
  ["http://site.example:8081", false, false],
  ["http://site.example", false, false],
  ["http://www.site.example:8080", false, false],
  ["http://example:8080", false, false],
  ["http://site.example.:8080", false, false],
  ["http://site.example.evil.example:8080", false, false],
  ["http://notsite.example:8080", false, false],
  ["http://evil.example", false, false],
  ["http://site.example:8080, http://evil.example", false, false],
  ["ftp://site.example:8080", false, false],
  ["chrome-extension://site.example:8080", false, false],
  ["file://", false, false],
  ["null", false, false],
  ["", false, false],
  ["site.example:8080", false, false],
  ["https://friend.example", true, false],
  ["http://friend.example:81", true, false],
  ["http://friend.example", false, false],
  ["https://friend.example:444", false, false],
  ["https://friend.example:81", false, false],
  ["https://www.friend.example", false, false],
  ["https://friend.example.evil.example", false, false],
  ["https://friend.example.", false, false],
  ["https://friend.example/", false, false],
  ["HTTPS://FRIEND.EXAMPLE", false, false],
];

describe("a request from a page of", () => {
  test(`${origins.length} origins, ${sites.length} relations and ${methods.length} methods: writes from elsewhere are 403, before any work`, async () => {
    const ask = await listen({ crossOrigin });
    for (const method of methods) {
      for (const [site, settled] of sites) {
        for (const [origin, isTrusted, isOwn] of origins) {
          const passes = !writes.includes(method) || (settled ?? isOwn) || isTrusted;
          const answer = await ask(method, { host, "sec-fetch-site": site, origin });
          const expected = passes ? [method === "OPTIONS" ? 204 : 200, true] : [403, false];
          expect(answer, JSON.stringify({ method, site, origin })).toEqual(expected);
        }
      }
    }
  });

  test("any origin passes with crossOrigin: false", async () => {
    const ask = await listen({ crossOrigin: false });
    for (const method of writes) {
      for (const [site] of sites) {
        for (const origin of ["null", "http://evil.example", undefined]) {
          expect(await ask(method, { host, "sec-fetch-site": site, origin })).toEqual([200, true]);
        }
      }
    }
  });

  test("without trusted origins no other origin passes", async () => {
    for (const nobody of [undefined, {}, { trusted: [] }]) {
      const ask = await listen({ crossOrigin: nobody });
      for (const [origin, , isOwn] of origins) {
        expect(await ask("POST", { host, origin }), JSON.stringify(origin)).toEqual(isOwn ? [200, true] : [403, false]);
        expect(await ask("POST", { host, origin, "sec-fetch-site": "same-site" })).toEqual([403, false]);
      }
    }
  });

  test("an unknown method does not bypass the check", async () => {
    const ask = await listen({ crossOrigin });
    expect((await ask("PROPFIND", { host, "sec-fetch-site": "cross-site" }))[0]).toBe(403);
    expect((await ask("PROPFIND", { host, "sec-fetch-site": "same-origin" }))[0]).toBe(501);
  });
});

describe("the origin is compared with the host of the request", () => {
  test.each<readonly [string, string, number]>([
    ["site.example", "http://site.example", 200],
    ["site.example", "https://site.example", 200],
    ["SITE.example:8080", "http://site.example:8080", 200],
    ["site.example:80", "http://site.example", 200],
    ["site.example:443", "https://site.example", 200],
    ["site.example:443", "http://site.example", 403],
    ["site.example:80", "https://site.example", 403],
    ["site.example:8080", "http://site.example", 403],
    ["[::1]:8080", "http://[::1]:8080", 200],
    ["[::1]:8080", "http://[::2]:8080", 403],
    ["127.0.0.1:8080", "http://localhost:8080", 403],
    ["localhost:8080", "http://127.0.0.1:8080", 403],
    ["xn--bcher-kva.example", "http://xn--bcher-kva.example", 200],
  ])("Host %s and Origin %s: %i", async (asked, origin, status) => {
    const ask = await listen({});
    expect((await ask("POST", { host: asked, origin }))[0]).toBe(status);
  });
});

describe("behind a proxy that rewrites the host", () => {
  const internal = "app.internal:3000";
  const trustedHosts = ["site.example", "site.example:8443", "app.internal"];
  const forwarded = { host: internal, "x-forwarded-host": "site.example", "x-forwarded-proto": "https", "x-forwarded-for": "198.51.100.7" };
  const other = { ...forwarded, "x-forwarded-host": "site.example:8443" };

  test.each<readonly [string, Options, Readonly<Record<string, string>>, string, number]>([
    ["nobody is trusted", { trustedHosts }, forwarded, "https://site.example", 403],
    ["nobody is trusted", { trustedHosts }, forwarded, "https://app.internal:3000", 200],
    ["no host is", { trustProxy: "loopback" }, forwarded, "https://site.example", 403],
    ["no host is", { trustProxy: true }, forwarded, "https://app.internal:3000", 200],
    ["another peer is", { trustProxy: ["10.0.0.0/8"], trustedHosts }, forwarded, "https://site.example", 403],
    ["this peer is", { trustProxy: "loopback", trustedHosts }, forwarded, "https://site.example", 200],
    ["this peer is", { trustProxy: ["127.0.0.1"], trustedHosts }, forwarded, "http://site.example", 200],
    ["this peer is", { trustProxy: true, trustedHosts }, forwarded, "https://site.example:8443", 403],
    ["this peer is", { trustProxy: true, trustedHosts }, other, "https://site.example:8443", 200],
    ["this peer is", { trustProxy: true, trustedHosts }, other, "https://site.example", 403],
    ["this peer is", { trustProxy: true, trustedHosts }, forwarded, "https://app.internal:3000", 403],
    ["this peer is", { trustProxy: true, trustedHosts }, { ...forwarded, "x-forwarded-host": "evil.example" }, "https://evil.example", 403],
    [
      "this peer is",
      { trustProxy: true, trustedHosts },
      { ...forwarded, "x-forwarded-host": "evil.example, site.example" },
      "https://evil.example",
      403,
    ],
    ["this peer is", { trustProxy: true, trustedHosts }, forwarded, "null", 403],
  ])("and %s with %j: %j from %s is %i", async (_title, options, headers, origin, status) => {
    const ask = await listen(options);
    expect(await ask("POST", { ...headers, origin })).toEqual([status, status === 200]);
    // What the browser says itself needs no host.
    expect(await ask("POST", { ...headers, origin, "sec-fetch-site": "same-origin" })).toEqual([200, true]);
    expect(await ask("POST", { ...headers, origin, "sec-fetch-site": "cross-site" })).toEqual([403, false]);
  });
});
