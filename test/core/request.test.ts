import { App, request, RequestHandler, Rule, text } from "@mini/core";
import { describe, expect, test } from "vitest";
import { makeApp } from "../support/one-handler.ts";

const send = (work: () => unknown, init: RequestInit & { readonly duplex?: "half" } = {}, path = "/", options = {}) =>
  Promise.resolve(makeApp(work, options).app.fetch(new Request(`http://localhost:8080${path}`, init)));

describe("a request", () => {
  test("has method, url, path, host, args, headers, rule", async () => {
    const work = () =>
      text(
        JSON.stringify([
          request.method,
          request.url,
          request.path,
          request.host,
          request.args.getAll("a"),
          request.headers.get("X-A"),
          request.secure,
          request.rule?.path,
        ]),
      );
    const response = await send(work, { headers: { "x-a": "1" } }, "/?a=1&a=%20");
    expect(JSON.parse(await response.text())).toEqual([
      "GET",
      "http://localhost:8080/?a=1&a=%20",
      "/",
      "localhost:8080",
      ["1", " "],
      "1",
      false,
      "/",
    ]);
  });

  test("has cookies, the first of equal names, and hostile ones never throw", async () => {
    const cookie = 'a=1; a=2; b="q"; c=%zz; d; =e; __proto__=x; é=ü; f=a=b';
    const response = await send(() => text(JSON.stringify([...request.cookies])), {
      headers: { cookie: encodeURI(cookie).replaceAll("%20", " ").replaceAll("%25", "%").replaceAll("%22", '"') },
    });
    expect(response.status).toBe(200);
    const cookies = new Map(JSON.parse(await response.text()) as [string, string][]);
    expect([cookies.get("a"), cookies.get("c"), cookies.get("__proto__"), cookies.get("f")]).toEqual(["1", "%zz", "x", "a=b"]);
  });
});

describe("a body", () => {
  const json = { "content-type": "application/json" };
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const read = async () => text(JSON.stringify(await request.json()));

  test("is read as text, JSON and forms", async () => {
    expect(await (await send(async () => text(await request.text()), { method: "POST", body: "é" })).text()).toBe("é");
    expect(await (await send(read, { method: "POST", body: '{"a":[1]}', headers: json })).text()).toBe('{"a":[1]}');
    const fields = async () => text(JSON.stringify([...(await request.formData())]));
    expect(await (await send(fields, { method: "POST", body: "a=1&a=%C3%A9+x", headers: form })).text()).toBe('[["a","1"],["a","é x"]]');
    const multipart = new FormData();
    multipart.set("a", "1");
    expect(await (await send(fields, { method: "POST", body: multipart })).text()).toBe('[["a","1"]]');
  });

  test.each(["{", "", "{'a':1}", "[1,]", "\u0000"])("%j is not JSON: 400", async (body) => {
    expect((await send(read, { method: "POST", body, headers: json })).status).toBe(400);
  });

  test("of another content type is 415", async () => {
    expect((await send(read, { method: "POST", body: "{}", headers: { "content-type": "text/plain" } })).status).toBe(415);
    expect((await send(async () => text(String(await request.formData())), { method: "POST", body: "{}", headers: json })).status).toBe(
      415,
    );
  });

  test("over maxBodySize is 413, declared or streamed", async () => {
    const work = async () => text(String((await request.text()).length));
    const limit = { maxBodySize: 10 };
    expect((await send(work, { method: "POST", body: "x".repeat(11) }, "/", limit)).status).toBe(413);
    expect(await (await send(work, { method: "POST", body: "x".repeat(10) }, "/", limit)).text()).toBe("10");
    const stream = new Blob(["x".repeat(6), "x".repeat(6)]).stream();
    expect((await send(work, { method: "POST", body: stream, duplex: "half" }, "/", limit)).status).toBe(413);
  });

  test("that is read twice is an error, and does not wait forever", async () => {
    const work = async () => text((await request.text()) + (await request.text()));
    expect([200, 500]).toContain((await send(work, { method: "POST", body: "a" })).status);
  });
});

describe("behind a proxy", () => {
  class Who extends RequestHandler {
    get() {
      return text(JSON.stringify([request.secure, request.host, request.url]));
    }
  }
  const rules = [new Rule("/", { handler: Who })];
  const ask = async (options: object, headers: Record<string, string>) => {
    const response = await new App({ rules, ...options }).fetch(new Request("http://inner:8080/", { headers }));
    return response.status === 200 ? (JSON.parse(await response.text()) as unknown) : response.status;
  };

  test("forwarded headers are ignored by default", async () => {
    expect(await ask({}, { "x-forwarded-proto": "https", "x-forwarded-host": "evil.example" })).toEqual([
      false,
      "inner:8080",
      "http://inner:8080/",
    ]);
  });

  test("a trusted peer reports whether the request was https, and the host if that is in trustedHosts", async () => {
    expect(await ask({ trustProxy: true }, { "x-forwarded-proto": "https" })).toEqual([true, "inner:8080", "https://inner:8080/"]);
    expect(await ask({ trustProxy: true }, { "x-forwarded-host": "evil.example" })).toEqual([false, "inner:8080", "http://inner:8080/"]);
    const trusting = { trustProxy: true, trustedHosts: ["inner:8080", "shop.example"] };
    expect(await ask(trusting, { "x-forwarded-host": "shop.example" })).toEqual([false, "shop.example", "http://shop.example/"]);
    const anyPort = { trustProxy: true, trustedHosts: ["inner:8080", "shop.example"] };
    expect(await ask(anyPort, { "x-forwarded-host": "shop.example:8443" })).toEqual([
      false,
      "shop.example:8443",
      "http://shop.example:8443/",
    ]);
    expect(await ask(trusting, { "x-forwarded-host": "evil.example" })).toEqual([false, "inner:8080", "http://inner:8080/"]);
  });

  test("a host that is not trusted is 400", async () => {
    expect(await ask({ trustedHosts: ["other.example"] }, {})).toBe(400);
    expect(await ask({ trustedHosts: ["inner"] }, {})).toEqual([false, "inner:8080", "http://inner:8080/"]);
  });
});
