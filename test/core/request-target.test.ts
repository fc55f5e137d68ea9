import fc from "fast-check";
import { expect, test } from "vitest";
import { Request } from "../../packages/core/src/context/request.ts";
import { target } from "../../packages/core/src/http/served-request.ts";

const settings = { proxies: undefined, trustedHosts: undefined, maxBodySize: 0, logger: console };

/** What a request says of its target, with and without what the server knows of it. */
function read(pathAndQuery: string) {
  const web = new globalThis.Request(`http://example.com${pathAndQuery}`);
  const slow = new Request(web, settings);
  Object.defineProperty(web, target, { value: { origin: { secure: false, host: "example.com" }, pathAndQuery } });
  const fast = new Request(web, settings);
  return [slow, fast].map(({ path, search, url, host, secure, args }) => ({ path, search, url, host, secure, args: [...args] }));
}

const piece = fc.constantFrom(
  ..."/ // . .. %2e %2E.%2e ; : @ ~ - _ a ab é % %41 %zz \\ # ? & = + ' \" < > ` { } | ^ [ ] * , ! $ ( ) \t ~tilde ..a a.. .a".split(" "),
);

test("a target is read the same from the head of a request as from its URL", () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const [slow, fast] = read(`/${pieces.join("")}`);
      expect(fast).toEqual(slow);
    }),
    { numRuns: 20_000 },
  );
});

test.each([
  ["/", "/", ""],
  ["/a/b?c=d/../e", "/a/b", "?c=d/../e"],
  ["/a/../b", "/b", ""],
  ["/a/%2e%2E/b?", "/b", "?"],
  ["/a.b/..c/", "/a.b/..c/", ""],
  ["/a?", "/a", "?"],
  ["/a\\b", "/a/b", ""],
  ["/a%2Fb", "/a%2Fb", ""],
])("%s has the path %s and the query %s", (pathAndQuery, path, search) => {
  for (const each of read(pathAndQuery)) expect({ path: each.path, search: each.search }).toEqual({ path, search });
});

test.each([
  // As Bun writes it, if `Host` is not a host.
  ["/admin/users?a=1", "a b", "_invalid_", "/admin/users"],
  // As Deno writes it.
  ["http://example.com/a/../b/%2e/c#d", "example.com", "example.com", "/b/c"],
  ["http://EXAMPLE.com:80/a", "EXAMPLE.com:80", "example.com", "/a"],
  ["https://example.com:443/a", null, "example.com", "/a"],
  ["http://example.com:65535/a", "", "example.com:65535", "/a"],
  ["http://[::1]:8000/a", "[::1]:8000", "[::1]:8000", "/a"],
  ["http://example.com/b?/a", "example.com/b?", "_invalid_", "/b"],
  ["http://user@example.com/a", null, "_invalid_", "/a"],
  ["http://a b/a", "a b", "_invalid_", "/"],
  ["http://example.com:99999/a", "example.com:99999", "_invalid_", "/"],
])("a URL that a platform writes as %j, with the Host %j, is read as %s and %s", (url, named, host, path) => {
  const web = new globalThis.Request("http://example.org", named === null ? {} : { headers: { host: named } });
  Object.defineProperty(web, "url", { value: url });
  const request = new Request(web, settings);
  expect([request.host, request.path]).toEqual([host, path]);
});
