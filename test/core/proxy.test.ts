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

  test.each(["garbage", "", "1.1.1.1:80", "<script>", "999.1.1.1"])("X-Forwarded-For %j is ignored", (value) => {
    expect(read("loopback", "127.0.0.1", { "x-forwarded-for": value }).ip).toBe("127.0.0.1");
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
