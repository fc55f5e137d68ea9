import { App, ConfigError, request, type TrustProxy } from "@mini/core";
import { runInRequest } from "@mini/core/testing";
import { describe, expect, test } from "vitest";

/** What a request says of its client when it comes from a peer over plain HTTP. */
function read(trustProxy: TrustProxy, ip: string, headers: Readonly<Record<string, string>>) {
  const web = Object.assign(new Request("http://localhost/", { headers }), { ip });
  return runInRequest(new App({ rules: [], trustProxy }), web, () => ({ ip: request.ip, protocol: request.secure ? "https" : "http" }));
}

describe("the client behind proxies", () => {
  const chain = { "x-forwarded-for": "6.6.6.6, 1.1.1.1, 10.0.0.2", "x-forwarded-proto": "https" };

  test.each([
    [false, "127.0.0.1", "127.0.0.1", "http"],
    ["loopback", "127.0.0.1", "10.0.0.2", "https"],
    ["loopback", "::1", "10.0.0.2", "https"],
    ["loopback", "::ffff:127.0.0.1", "10.0.0.2", "https"],
    ["loopback", "8.8.8.8", "8.8.8.8", "http"],
    [["10.0.0.0/8"], "10.0.0.1", "1.1.1.1", "https"],
    [["10.0.0.1"], "10.0.0.1", "10.0.0.2", "https"],
    [["10.0.0.1"], "10.0.0.3", "10.0.0.3", "http"],
    [["fd00::/8"], "fd12::1", "10.0.0.2", "https"],
    [true, "8.8.8.8", "6.6.6.6", "https"],
  ] as const)("with trustProxy %j and the peer %s is %s", (trust, peer, ip, protocol) => {
    expect(read(trust, peer, chain)).toMatchObject({ ip, protocol });
  });

  test.each(["garbage", "", "unknown", "_hidden", "1.1.1.1:port", "::1:80:x", "[::1", "[1.1.1.1]x", "<script>", "999.1.1.1", ", ,"])(
    "X-Forwarded-For %j is ignored",
    (value) => {
      expect(read("loopback", "127.0.0.1", { "x-forwarded-for": value }).ip).toBe("127.0.0.1");
    },
  );

  test.each([
    ["203.0.113.7:51234", "203.0.113.7"],
    ["[2001:db8::1]:443", "2001:db8::1"],
    ["[2001:db8::1]", "2001:db8::1"],
    ["2001:db8::1", "2001:db8::1"],
    ["::ffff:203.0.113.7", "203.0.113.7"],
    ["[::ffff:203.0.113.7]:80", "203.0.113.7"],
    ["203.0.113.7,", "203.0.113.7"],
    [",203.0.113.7 , ,", "203.0.113.7"],
    ["6.6.6.6, 203.0.113.7:5, 10.0.0.5:80", "203.0.113.7"],
    ["6.6.6.6, 203.0.113.7,, [::ffff:10.0.0.5]:80 ,", "203.0.113.7"],
    ["6.6.6.6, [fd00::1]:443", "6.6.6.6"],
  ])("X-Forwarded-For %j means %s", (value, ip) => {
    expect(read(["127.0.0.1", "10.0.0.0/8", "fd00::/8"], "127.0.0.1", { "x-forwarded-for": value }).ip).toBe(ip);
  });

  test.each(["https,", ",https", " https , ", "HTTPS"])("X-Forwarded-Proto %j is https", (value) => {
    expect(read("loopback", "127.0.0.1", { "x-forwarded-proto": value }).protocol).toBe("https");
  });

  test.each(["shop.example", "SHOP.example", "shop.example.", "shop.example:443", ",shop.example,"])(
    "X-Forwarded-Host %j is used",
    (value) => {
      const headers = { "x-forwarded-host": value, "x-forwarded-proto": "https" };
      const web = Object.assign(new Request("http://inner/", { headers }), { ip: "127.0.0.1" });
      const app = new App({ rules: [], trustProxy: "loopback", trustedHosts: ["shop.example:443", "inner"] });
      expect(runInRequest(app, web, () => request.url)).toBe("https://shop.example/");
    },
  );

  test.each(["shop.example/path", "user@shop.example", "shop example", "evil.example", ""])("X-Forwarded-Host %j is ignored", (value) => {
    const web = Object.assign(new Request("http://inner/", { headers: { "x-forwarded-host": value } }), { ip: "127.0.0.1" });
    const app = new App({ rules: [], trustProxy: "loopback", trustedHosts: ["shop.example", "inner"] });
    expect(runInRequest(app, web, () => request.url)).toBe("http://inner/");
  });

  test("the default port is left out of the host when a proxy reports the scheme", () => {
    const web = Object.assign(new Request("http://shop.example:443/", { headers: { "x-forwarded-proto": "https" } }), { ip: "127.0.0.1" });
    expect(runInRequest(new App({ rules: [], trustProxy: "loopback" }), web, () => request.url)).toBe("https://shop.example/");
  });

  test.each(["ftp", "javascript", "", "https,javascript"])("X-Forwarded-Proto %j is ignored", (value) => {
    expect(read("loopback", "127.0.0.1", { "x-forwarded-proto": value }).protocol).toBe("http");
  });

  test.each([["10.0.0.0/33"], ["::1/129"], ["example.org"], ["10.0.0.0/"], ["10.0.0.0/8/8"], [""]])(
    "%j is refused as a trusted proxy",
    (entry) => {
      expect(() => new App({ rules: [], trustProxy: [entry] })).toThrow(ConfigError);
    },
  );
});
