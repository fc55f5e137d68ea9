import { App, deleteCookie, html, json, request, RequestHandler, Response, Rule, setCookie, text, type HandlerResult } from "@mini/core";
import { serve } from "@mini/core/serve";
import { TestClient } from "@mini/core/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { makeApp } from "../support/one-handler.ts";

const url = "http://localhost/";

/** What an application answers through `fetch`. */
async function answerOf(answer: () => HandlerResult | Promise<HandlerResult>, init?: RequestInit): Promise<globalThis.Response> {
  return makeApp(answer).app.fetch(new Request(url, init));
}

describe("app.fetch()", () => {
  test.each<[string, () => HandlerResult | Promise<HandlerResult>]>([
    ["text", () => text("a")],
    ["a page", () => html`a`],
    ["JSON", () => json("a")],
    ["a response of the platform", () => new globalThis.Response("a")],
    ["a stream", () => new Response(new Blob(["a"]).stream())],
    ["a promise", async () => text("a")],
    ["an error", () => Promise.reject(new Error("no"))],
  ])("returns a response of the platform, and not of a subclass, for %s", async (_title, answer) => {
    const response = await answerOf(answer);
    expect(Object.getPrototypeOf(response)).toBe(globalThis.Response.prototype);
    expect(await new globalThis.Response(response.body, response).text()).toMatch(/a|Something went wrong/);
  });

  test("is bound to its application", async () => {
    const { fetch } = makeApp(() => text("a")).app;
    expect(await (await fetch(new Request(url))).text()).toBe("a");
  });

  test("sends each cookie in its own line, and the headers of the response", async () => {
    const response = await answerOf(() => {
      setCookie("a", "1", { expires: new Date(0) });
      deleteCookie("b");
      return new Response("c", { status: 201, statusText: "Made", headers: { "x-one": "1" } });
    });
    expect([response.status, response.statusText, response.headers.get("x-one")]).toEqual([201, "Made", "1"]);
    expect(response.headers.getSetCookie()).toEqual([
      "a=1; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax",
      "b=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax",
    ]);
  });

  test("answers HEAD without a body and with its length", async () => {
    const response = await answerOf(() => text("häh"), { method: "HEAD" });
    expect([response.body, response.headers.get("content-length"), response.headers.get("content-type")]).toEqual([
      null,
      "4",
      "text/plain;charset=UTF-8",
    ]);
  });

  test.each([204, 205, 304])("answers with status %s and no body", async (status) => {
    const response = await answerOf(() => new Response(null, { status }));
    expect([response.status, response.body]).toEqual([status, null]);
  });

  test("lets the platform frame the body, and does not add a content type", async () => {
    const response = await answerOf(() => {
      const given = text("abc");
      given.headers.set("content-length", "2");
      given.headers.set("transfer-encoding", "chunked");
      given.headers.delete("content-type");
      return given;
    });
    expect([...response.headers]).toEqual([]);
    expect(await response.text()).toBe("abc");
  });

  test("sends bytes in memory that other threads share", async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(2)).fill(97);
    expect(await (await answerOf(() => new Response(shared as never))).text()).toBe("aa");
    // A hook may read it too.
    expect(await new Response(shared as never).text()).toBe("aa");
    expect(await new Response(new DataView(shared.buffer) as never).clone().text()).toBe("aa");
  });

  test("a response that is kept can be answered any number of times", async () => {
    const kept = text("a");
    const { app } = makeApp(() => kept);
    const texts = [await app.fetch(new Request(url)), await app.fetch(new Request(url))].map((response) => response.text());
    expect(await Promise.all(texts)).toEqual(["a", "a"]);
  });

  test("a stream that fails late fails for its reader, and is logged once", async () => {
    const { app, logged } = makeApp(
      () =>
        new Response(
          new ReadableStream({
            start: (controller) => controller.enqueue("begun"),
            pull: () => Promise.reject(new Error("broken")),
          }),
        ),
    );
    const reader = (await app.fetch(new Request(url))).body!.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("begun");
    await expect(reader.read()).rejects.toThrow("broken");
    expect(logged).toEqual([expect.stringMatching(/^GET \/ 200 after .* Error: broken/)]);
  });

  test("a function around it can be served and tested", async () => {
    const { app } = makeApp(() => text("a"));
    const around = {
      maxBodySize: app.maxBodySize,
      logger: app.logger,
      fetch: async (asked: Request) => {
        const response = await app.fetch(asked);
        response.headers.set("x-around", "1");
        return response;
      },
    };
    const server = await serve(around, { port: 0, silent: true, gracefulShutdown: false });
    onTestFinished(() => server.close());
    for (const response of [await fetch(server.url), await new TestClient(around).get("/")]) {
      expect([response.headers.get("x-around"), await response.text()]).toEqual(["1", "a"]);
    }
  });
});

describe("request.platform", () => {
  /** An application that answers with what it knows of its platform. */
  function showing(options: { readonly trustProxy?: boolean } = {}) {
    class Show extends RequestHandler {
      get() {
        const { ip, env } = request.platform;
        return json([ip ?? "none", request.ip ?? "none", env ?? "none"]);
      }
    }
    return new App({ rules: [new Rule("/", { handler: Show })], ...options });
  }
  const shown = async (platform?: object, context?: object): Promise<unknown> =>
    (await showing().fetch(new Request(url), platform, context)).json();

  test("has what fetch() was given", async () => {
    expect(await shown({ ip: "192.0.2.1", env: { name: "a" } })).toEqual(["192.0.2.1", "192.0.2.1", { name: "a" }]);
  });

  test("is empty without", async () => {
    expect(await shown()).toEqual(["none", "none", "none"]);
    expect(await shown({})).toEqual(["none", "none", "none"]);
    expect(await shown({ ip: 5 })).toEqual(["none", "none", "none"]);
  });

  test("has the address that Deno and the server of Bun report, and the env of workerd", async () => {
    expect(await shown({ remoteAddr: { transport: "tcp", hostname: "192.0.2.1", port: 5 } })).toEqual(["192.0.2.1", "192.0.2.1", "none"]);
    expect(await shown({ remoteAddr: { transport: "unix", path: "/run/a" } })).toEqual(["none", "none", "none"]);
    expect(await shown({ requestIP: () => ({ address: "192.0.2.1", port: 5, family: "IPv4" }) })).toEqual([
      "192.0.2.1",
      "192.0.2.1",
      "none",
    ]);
    expect(await shown({ requestIP: () => null })).toEqual(["none", "none", "none"]);
    expect(await shown({ ip: "192.0.2.1" }, { waitUntil: () => undefined })).toEqual(["none", "none", { ip: "192.0.2.1" }]);
  });

  test("the address is the one of the proxy, if one is trusted", async () => {
    const asked = new Request(url, { headers: { "x-forwarded-for": "198.51.100.7" } });
    const response = await showing({ trustProxy: true }).fetch(asked, { ip: "192.0.2.1" });
    expect(await response.json()).toEqual(["192.0.2.1", "198.51.100.7", "none"]);
  });

  test("has the address of a connection to serve()", async () => {
    const server = await serve(showing(), { port: 0, silent: true, gracefulShutdown: false });
    onTestFinished(() => server.close());
    expect(await (await fetch(server.url)).json()).toEqual(["127.0.0.1", "127.0.0.1", "none"]);
  });
});

describe("request.platform.waitUntil()", () => {
  test.each<[string, (waitUntil: (work: Promise<unknown>) => void) => readonly [object, object?]]>([
    ["of the caller", (waitUntil) => [{ waitUntil }]],
    ["of workerd", (waitUntil) => [{}, { waitUntil }]],
  ])("passes work to the function %s", async (_title, given) => {
    const handed: Promise<unknown>[] = [];
    const { app } = makeApp(() => {
      request.platform.waitUntil(Promise.resolve("done"));
      return text("a");
    });
    await app.fetch(new Request(url), ...given((work) => void handed.push(work)));
    expect(await Promise.all(handed)).toEqual(["done"]);
  });

  test.each<[string, object | undefined]>([
    ["without a platform", undefined],
    ["with one that waits", { waitUntil: () => undefined }],
  ])("logs work that fails, %s", async (_title, platform) => {
    const work = Promise.reject(new Error("broken"));
    const { app, logged } = makeApp(() => {
      request.platform.waitUntil(work);
      return text("a");
    });
    await app.fetch(new Request(url), platform);
    await work.catch(() => undefined);
    await Promise.resolve();
    expect(logged).toEqual([expect.stringContaining("Work after the response failed: Error: broken")]);
  });

  test("logs a platform that refuses to wait", async () => {
    const { app, logged } = makeApp(() => {
      request.platform.waitUntil(Promise.resolve());
      return text("a");
    });
    const waitUntil = () => {
      throw new Error("Illegal invocation");
    };
    const response = await app.fetch(new Request(url), { waitUntil });
    expect([response.status, logged]).toEqual([200, [expect.stringContaining("Illegal invocation")]]);
  });
});
