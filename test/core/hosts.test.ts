import { request, text, urlFor, type AppOptions } from "@mini/core";
import { serve, type Server } from "@mini/core/serve";
import { afterEach, describe, expect, test } from "vitest";
import { makeApp } from "../support/one-handler.ts";
import { sendRaw } from "../support/raw-http.ts";

const open: Server[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

/** What a server says of itself to a request whose head is these lines: status, and host, URL, address and a URL that it builds. */
async function ask(
  options: Partial<AppOptions<never>>,
  target: string,
  ...lines: readonly string[]
): Promise<readonly [number, ...unknown[]]> {
  const work = () => text(JSON.stringify([request.host, request.url, urlFor("home", {}, { absolute: true })]));
  const server = await serve(makeApp(work, options as object).app, { port: 0, silent: true, gracefulShutdown: false });
  open.push(server);
  const answer = await sendRaw(server.port, [`GET ${target} HTTP/1.1`, ...lines, "Connection: close", "", ""].join("\r\n"));
  const status = Number(answer.slice(9, 12));
  return status === 200 ? [200, ...(JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4)) as unknown[])] : [status];
}

const of = (host: string, path = "/") => [200, host, `http://${host}${path}`, `http://${host}/`];

describe("the host of a request", () => {
  test.each([
    ["shop.example", "shop.example"],
    ["shop.example:8080", "shop.example:8080"],
    ["SHOP.Example", "shop.example"],
    ["127.0.0.1:80", "127.0.0.1:80"],
    ["[::1]:8080", "[::1]:8080"],
    ["xn--bcher-kva.example", "xn--bcher-kva.example"],
  ])("%s is %s", async (sent, host) => {
    expect(await ask({}, "/", `Host: ${sent}`)).toEqual(of(host));
  });

  test.each([
    "evil.example/path",
    "evil.example?query",
    "evil.example#hash",
    "user@evil.example",
    "user:password@evil.example",
    "evil.example\\@shop.example",
    "a b",
    "a\tb",
    "<script>",
    '"',
    "shop.example, evil.example",
    "shop.example:80:80",
    "shop.example:port",
    "b\u00fccher.example",
    "%65vil.example",
    "_invalid_",
  ])("%s is not a host: 400", async (sent) => {
    expect(await ask({}, "/", `Host: ${sent}`)).toEqual([400]);
  });

  test("is 400 if it is missing or sent twice", async () => {
    expect(await ask({}, "/")).toEqual([400]);
    expect(await ask({}, "/", "Host: shop.example", "Host: evil.example")).toEqual([400]);
    expect(await ask({ trustedHosts: ["shop.example"] }, "/", "Host: shop.example", "Host: evil.example")).toEqual([400]);
  });

  test("is that of the URL if the request has an absolute URL, RFC 9112 section 3.2.2", async () => {
    expect(await ask({}, "http://shop.example/", "Host: other.example")).toEqual(of("shop.example"));
    expect(await ask({ trustedHosts: ["other.example"] }, "http://evil.example/", "Host: other.example")).toEqual([400]);
    expect(await ask({}, "http://user@evil.example/", "Host: a")).toEqual([400]);
    expect(await ask({}, "ftp://evil.example/", "Host: a")).toEqual([400]);
    expect(await ask({}, "javascript:alert(1)", "Host: a")).toEqual([400]);
  });

  test.each([
    ["shop.example", 200],
    ["SHOP.EXAMPLE", 200],
    ["shop.example:8080", 200],
    ["admin.example:8443", 200],
    ["admin.example", 400],
    ["admin.example:8444", 400],
    ["evil.example", 400],
    ["shop.example.evil.example", 400],
    ["evil.shop.example", 400],
    ["shop.example.", 200],
    ["shop.example.:8080", 200],
    ["admin.example.:8443", 200],
    ["shop.example:8080.evil.example", 400],
  ])("%s among trusted hosts: %i", async (sent, status) => {
    const [got] = await ask({ trustedHosts: ["shop.example", "admin.example:8443"] }, "/", `Host: ${sent}`);
    expect(got).toBe(status);
  });

  test("is the host that a proxy reports, but only if proxy and host are trusted", async () => {
    const forwarded = ["Host: inner", "X-Forwarded-Host: shop.example"];
    expect(await ask({}, "/", ...forwarded)).toEqual(of("inner"));
    expect(await ask({ trustProxy: "loopback" }, "/", ...forwarded)).toEqual(of("inner"));
    expect(await ask({ trustProxy: ["10.0.0.0/8"], trustedHosts: ["inner", "shop.example"] }, "/", ...forwarded)).toEqual(of("inner"));
    expect(await ask({ trustProxy: "loopback", trustedHosts: ["inner", "shop.example"] }, "/", ...forwarded)).toEqual(of("shop.example"));
    const evil = ["Host: inner", "X-Forwarded-Host: evil.example"];
    expect(await ask({ trustProxy: "loopback", trustedHosts: ["inner"] }, "/", ...evil)).toEqual(of("inner"));
  });
});

describe("trustedHosts", () => {
  const served = async (entry: string, url: string): Promise<boolean> => {
    const { app } = makeApp(() => text("here"), { trustedHosts: [entry] } as object);
    const { status } = await app.fetch(new Request(url));
    expect([200, 400]).toContain(status);
    return status === 200;
  };

  test.each([
    ["site.example", "http://site.example/", true],
    ["site.example", "https://site.example/", true],
    ["site.example", "http://site.example:8080/", true],
    ["site.example", "http://site.example./", true],
    ["site.example", "http://site.example.:8080/", true],
    ["site.example.", "http://site.example/", true],
    ["Site.Example", "http://site.example/", true],
    ["site.example:80", "http://site.example/", true],
    ["site.example:80", "https://site.example/", false],
    ["site.example:443", "https://site.example/", true],
    ["site.example:443", "http://site.example/", false],
    ["site.example:443", "http://site.example:443/", true],
    ["site.example:8080", "http://site.example:8080/", true],
    ["site.example:8080", "http://site.example.:8080/", true],
    ["site.example:08080", "http://site.example:8080/", true],
    ["site.example:8080", "http://site.example/", false],
    ["münchen.example", "http://münchen.example/", true],
    ["München.example", "http://xn--mnchen-3ya.example:8080/", true],
    ["xn--mnchen-3ya.example", "http://münchen.example/", true],
    ["münchen.example:8080", "http://münchen.example:8080/", true],
    ["münchen.example:8080", "http://münchen.example/", false],
    ["127.0.0.1", "http://127.0.0.1:8080/", true],
    ["[::1]", "http://[::1]:8080/", true],
    ["[0:0:0::1]", "http://[::1]/", true],
    ["[::1]:8080", "http://[::1]/", false],
    ["under_score.example", "http://under_score.example/", true],
    ["site.example", "http://a.site.example/", false],
    ["site.example", "http://site.example.evil.example/", false],
  ])("with %j: %s is served: %j", async (entry, url, expected) => {
    expect(await served(entry, url)).toBe(expected);
  });

  test.each([
    "https://site.example/",
    "http://site.example",
    "//site.example",
    "site.example/",
    "site.example/path",
    "site.example?a",
    "user@site.example",
    "*.site.example",
    "*",
    ".site.example",
    "site..example",
    "::1",
    "[::1",
    "site.example:",
    "site.example:port",
    "site.example:99999",
    "site.example:0x50",
    "site example",
    " site.example",
    "site.example, other.example",
    "ab\u00ad\ufffd.example",
    "256.256.256.256",
    "",
  ])("refuse %j at start, and say what to write", (entry) => {
    expect(() => makeApp(() => text(""), { trustedHosts: [entry] } as object)).toThrow(
      `Cannot trust the host ${JSON.stringify(entry)}: write only its name or address, such as "www.example.com" or "[::1]", with or without a port.`,
    );
  });

  test.each([[], "site.example", {}, null, 5].map((value) => [value]))("cannot be %j", (trustedHosts) => {
    expect(() => makeApp(() => text(""), { trustedHosts } as object)).toThrow("trustedHosts must be an array");
  });

  test.each([[undefined], [null], [5], [["site.example"]]])("cannot have the entry %j", (entry) => {
    expect(() => makeApp(() => text(""), { trustedHosts: [entry] } as object)).toThrow("Cannot trust the host");
  });
});
