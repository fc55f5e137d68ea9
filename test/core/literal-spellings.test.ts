import { request as nodeRequest } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { App, int, json, request, RequestHandler, Rule } from "@mini/core";
import { serve } from "@mini/core/serve";

class Show extends RequestHandler {
  get(args: object) {
    return json([request.rule?.path, args]);
  }
}

const rules = [
  new Rule("/~home", { endpoint: "home", handler: Show }),
  new Rule("/it's\\(a\\)/:rest", { endpoint: "quoted", handler: Show }),
  new Rule("/a\\[b\\]|c^d", { endpoint: "brackets", handler: Show }),
  new Rule("/@:user", { endpoint: "user", handler: Show }),
  new Rule("/in/:first,:second", { endpoint: "pair", handler: Show }),
  new Rule("/list\\!{/:page}", { endpoint: "list", handler: Show, where: { page: int }, defaults: { page: 1 } }),
  new Rule("/folder;v=1/*path", { endpoint: "folder", handler: Show }),
  new Rule("/docs~/more/", { endpoint: "docs", handler: Show }),
  new Rule("/:one", { endpoint: "one", handler: Show }),
];
const app = new App({ rules });
let server: Awaited<ReturnType<typeof serve>>;
beforeAll(async () => void (server = await serve(app, { port: 0, silent: true, gracefulShutdown: false })));
afterAll(() => server.close());

/** Status, and the rule and arguments or the location; the path is sent as it is. */
async function ask(path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const sent = nodeRequest({ port: server.port, host: "127.0.0.1", path }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => void (body += text));
      response.on("end", () => resolve(response.statusCode === 200 ? JSON.parse(body) : [response.statusCode, response.headers.location]));
    });
    sent.on("error", reject).end();
  });
}

describe("a literal matches in both spellings", () => {
  test.each([
    ["/~home", ["/~home", {}]],
    ["/%7Ehome", ["/~home", {}]],
    ["/%7ehome", ["/~home", {}]],
    ["/it's(a)/x", ["/it's\\(a\\)/:rest", { rest: "x" }]],
    ["/it%27s%28a%29/x", ["/it's\\(a\\)/:rest", { rest: "x" }]],
    ["/a[b]|c^d", ["/a\\[b\\]|c^d", {}]],
    ["/a%5Bb%5D%7Cc%5Ed", ["/a\\[b\\]|c^d", {}]],
    ["/a%5bb]|c%5ed", ["/a\\[b\\]|c^d", {}]],
    ["/@ann", ["/@:user", { user: "ann" }]],
    ["/%40ann", ["/@:user", { user: "ann" }]],
    ["/folder%3Bv%3D1/a/b", ["/folder;v=1/*path", { path: ["a", "b"] }]],
  ])("%s", async (path, found) => {
    expect(await ask(path)).toEqual(found);
  });
});

describe("what is not a literal keeps its value", () => {
  test.each([
    ["/%7E~%5B[", ["/:one", { one: "~~[[" }]],
    ["/@a%40b", ["/@:user", { user: "a@b" }]],
    ["/it's(a)/%28%5B%7C", ["/it's\\(a\\)/:rest", { rest: "([|" }]],
    ["/a%2Fb", ["/:one", { one: "a/b" }]],
    ["/%257Ehome", ["/:one", { one: "%7Ehome" }]],
    ["/in/a,b", ["/in/:first,:second", { first: "a", second: "b" }]],
    ["/in/a%2Cb,c", ["/in/:first,:second", { first: "a,b", second: "c" }]],
    ["/in/a%2Cb", [404, undefined]],
    ["/~%68ome", ["/:one", { one: "~home" }]],
  ])("%s", async (path, found) => {
    expect(await ask(path)).toEqual(found);
  });
});

test("urlFor writes one spelling, and its URLs lead back to their rules", async () => {
  expect(app.urlFor("home")).toBe("/~home");
  expect(app.urlFor("quoted", { rest: "(~@[" })).toBe("/it's(a)/(~%40%5B");
  expect(app.urlFor("brackets")).toBe("/a%5Bb%5D%7Cc%5Ed");
  expect(app.urlFor("pair", { first: "a,b", second: "c" })).toBe("/in/a%2Cb,c");
  expect(await ask(app.urlFor("quoted", { rest: "(~@[" }))).toEqual(["/it's\\(a\\)/:rest", { rest: "(~@[" }]);
  expect(await ask(app.urlFor("brackets"))).toEqual(["/a\\[b\\]|c^d", {}]);
});

test("redirects to the canonical URL end, in either spelling", async () => {
  expect(await ask("/list!/1")).toEqual([308, "/list!"]);
  expect(await ask("/list%21/1")).toEqual([308, "/list!"]);
  expect(await ask("/list%21/2")).toEqual(["/list\\!{/:page}", { page: 2 }]);
  expect(await ask("/list%21")).toEqual(["/list\\!{/:page}", { page: 1 }]);
});

test("the final slash is added in the spelling that was sent", async () => {
  expect(await ask("/docs~/more")).toEqual([308, "/docs~/more/"]);
  expect(await ask("/docs%7E/more")).toEqual([308, "/docs%7E/more/"]);
  expect(await ask("/docs%7E/more/")).toEqual(["/docs~/more/", {}]);
});
