import { App, Host, int, number, oneOf, RequestHandler, Rule, Submount, text } from "@mini/core";
import fc from "fast-check";
import { expect, test } from "vitest";

class Handler extends RequestHandler {
  get() {
    return text("got");
  }
  post() {
    return text("posted");
  }
}

const failures: string[] = [];
const app = new App({
  rules: [
    ...Host(
      ":tenant.example.org",
      Submount("/t", [
        new Rule("/:id", { endpoint: "t", handler: Handler, where: { id: int } }),
        new Rule("/p{/:page}", { endpoint: "p", handler: Handler, where: { page: int }, defaults: { page: 1 } }),
      ]),
    ),
    new Rule("/a{/:b}{/:c}-x", { handler: Handler }),
    new Rule("/old/*rest", { redirectTo: "/new/*rest" }),
    new Rule("/fn/*rest", { redirectTo: ({ rest }) => rest.join("/") }),
    new Rule("/list", { endpoint: "list", handler: Handler, defaults: { page: 1 } }),
    new Rule("/list/:page", { endpoint: "list", handler: Handler, where: { page: number } }),
    new Rule("/branch/", { handler: Handler }),
    new Rule("/*any/:z", { endpoint: "z", handler: Handler, methods: ["POST"] }),
    new Rule("/v:x.:y", { handler: Handler, where: { y: oneOf("a", "b") } }),
  ],
  logger: { error: (message) => void failures.push(message), warn: () => undefined, info: () => undefined, debug: () => undefined },
});

const pieces = "a t p 1 01 old fn list branch v1.a %2F % %zz // \\ evil.example .. . é -x a-x 1e3 %C3%A9 ? \t http: @ %0d%0a".split(" ");
const hosts = ["acme.example.org", "example.org", "a.b.example.org", "localhost:8080"];

test("10,000 hostile paths give no 500, no redirect loop and no redirect to another site", async () => {
  const seen = new Set<number>();
  const tried = fc.tuple(
    fc.array(fc.constantFrom(...pieces), { maxLength: 6 }),
    fc.constantFrom(...hosts),
    fc.constantFrom("GET", "POST", "PUT", "OPTIONS"),
  );
  await fc.assert(
    fc.asyncProperty(tried, async ([parts, host, method]) => {
      let url = `http://${host}/${parts.join("/")}`;
      for (let hops = 0; ; hops++) {
        expect(hops, url).toBeLessThan(6);
        const response = await app.fetch(new Request(url, { method }));
        seen.add(response.status);
        expect(response.status, url).not.toBe(500);
        const location = response.headers.get("location");
        if (location === null) return;
        expect(location).toMatch(/^\/(?![/\\])[\x21-\x7e]*$/);
        url = new URL(location, url).href;
        expect(new URL(url).host).toBe(host);
      }
    }),
    { seed: 9, numRuns: 10_000 },
  );
  expect(failures).toEqual([]);
  expect([...seen].sort((one, other) => one - other)).toEqual([200, 204, 308, 400, 404, 405]);
});
