import { ConfigError } from "@mini/core";
import { describe, expect, test } from "vitest";
import { Proxies, type TrustProxy } from "../../packages/core/src/http/forwarded.ts";

const read = (trust: TrustProxy, peer: string | undefined, headers: Readonly<Record<string, string>>) =>
  new Proxies(trust).read(peer, (name) => headers[name] ?? null);

describe("the client behind proxies", () => {
  const chain = { "x-forwarded-for": "6.6.6.6, 1.1.1.1, 10.0.0.2", "x-forwarded-proto": "https" };

  test.each([
    [false, "127.0.0.1", "127.0.0.1", undefined],
    ["loopback", "127.0.0.1", "10.0.0.2", "https"],
    ["loopback", "::1", "10.0.0.2", "https"],
    ["loopback", "::ffff:127.0.0.1", "10.0.0.2", "https"],
    ["loopback", "8.8.8.8", "8.8.8.8", undefined],
    [["10.0.0.0/8"], "10.0.0.1", "1.1.1.1", "https"],
    [["10.0.0.1"], "10.0.0.1", "10.0.0.2", "https"],
    [["10.0.0.1"], "10.0.0.3", "10.0.0.3", undefined],
    [["fd00::/8"], "fd12::1", "10.0.0.2", "https"],
    [true, "8.8.8.8", "6.6.6.6", "https"],
  ] as const)("with trustProxy %j and the peer %s is %s", (trust, peer, ip, protocol) => {
    expect(read(trust, peer, chain)).toMatchObject({ ip, protocol });
  });

  test.each(["garbage", "", "1.1.1.1:80", "<script>", "999.1.1.1"])("X-Forwarded-For %j leaves the peer", (value) => {
    expect(read("loopback", "127.0.0.1", { "x-forwarded-for": value }).ip).toBe("127.0.0.1");
  });

  test.each(["ftp", "javascript", "", "https,javascript"])("X-Forwarded-Proto %j counts for nothing", (value) => {
    expect(read("loopback", "127.0.0.1", { "x-forwarded-proto": value }).protocol).toBeUndefined();
  });

  test.each([["10.0.0.0/33"], ["::1/129"], ["example.org"], ["10.0.0.0/"], ["10.0.0.0/8/8"], [""]])("%j is no proxy", (entry) => {
    expect(() => new Proxies([entry])).toThrow(ConfigError);
  });
});
