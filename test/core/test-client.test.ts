import { App, json, redirect, request, RequestHandler, Response, Rule, text } from "@mini/core";
import { TestClient } from "@mini/core/testing";
import { describe, expect, test } from "vitest";

let work: () => unknown = () => text("");
class Handler extends RequestHandler {
  get() {
    return work() as Response;
  }
  post() {
    return work() as Response;
  }
  put() {
    return work() as Response;
  }
}
class Echo extends RequestHandler {
  async #say() {
    return json([request.method, await request.text(), request.headers.get("content-type"), request.headers.get("authorization")]);
  }
  get() {
    return this.#say();
  }
  post() {
    return this.#say();
  }
  put() {
    return this.#say();
  }
}
const logged: string[] = [];
const note = (line: string) => void logged.push(line);
const app = new App({
  rules: [new Rule("/", { handler: Handler }), new Rule("/echo", { handler: Echo })],
  logger: { error: note, warn: note, info: note, debug: note },
  maxBodySize: 1000,
});
const client = new TestClient(app, { followRedirects: true, headers: { authorization: "token" } });
const send = (method: string, options = {}) => client.request("/", { method, ...options });
const to = (status: number) => () => new Response(null, { status, headers: { location: "/echo" } });

describe("a test client that follows redirects", () => {
  test.each([300, 304, 305, 306])("does not follow the status %i", async (status) => {
    work = to(status);
    expect((await send("GET")).status).toBe(status);
  });

  test.each([
    [301, "POST", "GET"],
    [302, "POST", "GET"],
    [303, "POST", "GET"],
    [303, "PUT", "GET"],
    [301, "PUT", "PUT"],
    [302, "PUT", "PUT"],
    [307, "POST", "POST"],
    [308, "PUT", "PUT"],
  ])("follows %i after %s with %s, like fetch", async (status, method, next) => {
    work = to(status);
    const response = await send(method, { json: { a: 1 }, headers: { "content-type": "application/json" } });
    const rest = next === "GET" ? ["", null] : ['{"a":1}', "application/json"];
    expect(await response.json()).toEqual([next, ...rest, "token"]);
  });

  test("does not send authorization to another origin", async () => {
    work = () => redirect("http://other.example/echo", { external: true });
    expect(await (await send("GET")).json()).toEqual(["GET", "", null, null]);
  });

  test("follows 20 redirects in a row at most", async () => {
    let count = 0;
    work = () => {
      count++;
      return new Response(null, { status: 302, headers: { location: "/" } });
    };
    await expect(send("GET")).rejects.toThrow("Stopped after 20 redirects in a row, the last to /.");
    expect(count).toBe(21);
  });

  test("does not follow a redirect that would send a stream a second time", async () => {
    work = to(307);
    await expect(send("POST", { body: new Blob(["a"]).stream() })).rejects.toThrow("Cannot follow the redirect to /echo");
  });
});

describe("a test client disconnects as over a socket:", () => {
  const waiting = () => {
    const seen: unknown[] = [];
    work = () =>
      new Promise((resolve) => {
        request.signal.addEventListener("abort", () => {
          seen.push([request.path, (request.signal.reason as Error).name]);
          resolve(text("late"));
        });
      });
    return seen;
  };

  test("when its signal is aborted before the response", async () => {
    const seen = waiting();
    const stop = new AbortController();
    const asked = send("GET", { signal: stop.signal });
    stop.abort(new Error("enough"));
    await expect(asked).rejects.toThrow("enough");
    expect(seen).toEqual([["/", "AbortError"]]);
  });

  const streaming = () => {
    const seen: string[] = [];
    work = () => {
      request.signal.addEventListener("abort", () => seen.push(`aborted at ${request.path}`));
      return new Response(
        new ReadableStream({
          pull: (controller) => controller.enqueue("part"),
          cancel: () => void seen.push(`cancelled at ${request.path}`),
        }),
      );
    };
    return seen;
  };

  test("when the body of the response is cancelled", async () => {
    const seen = streaming();
    await (await send("GET")).body!.cancel();
    expect(seen.toSorted()).toEqual(["aborted at /", "cancelled at /"]);
  });

  test("when its signal is aborted while it reads", async () => {
    const seen = streaming();
    const stop = new AbortController();
    const reader = (await send("GET", { signal: stop.signal })).body!.getReader();
    await reader.read();
    stop.abort(new Error("enough"));
    await expect(reader.read()).rejects.toThrow("enough");
    expect(seen.toSorted()).toEqual(["aborted at /", "cancelled at /"]);
  });

  test("and its body fails for the handler, which is not an error in the log", async () => {
    work = async () => text(String((await request.web.blob()).size));
    const stop = new AbortController();
    const body = new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array([1])) });
    const asked = send("POST", { body, signal: stop.signal });
    stop.abort();
    await expect(asked).rejects.toThrow("aborted");
    expect(logged).toEqual([]);
  });
});

test("a body over the limit is 413 however it is read", async () => {
  work = async () => text(String((await request.web.blob()).size));
  expect((await send("POST", { body: "x".repeat(1001) })).status).toBe(413);
  expect(await (await send("POST", { body: "x".repeat(1000) })).text()).toBe("1000");
});

test("files are sent as a multipart form with the fields", async () => {
  work = async () =>
    json(
      await Promise.all(
        Array.from(await request.formData(), async ([name, value]) => [
          name,
          typeof value === "string" ? value : [value.name, await value.text()],
        ]),
      ),
    );
  const response = await client.post("/", { form: { a: "1" }, files: { f: new File(["content"], "x.txt") } });
  expect(await response.json()).toEqual([
    ["a", "1"],
    ["f", ["x.txt", "content"]],
  ]);
});

// If the stream of a form were cancelled, Node would reject a promise that nobody handles, and the test runner reports that.
test("files over the limit are 413, and what follows them is dropped", async () => {
  work = async () => text(String((await request.formData()).has("f")));
  const files = { f: new File([new Uint8Array(300_000)], "x.bin"), g: new File([new Uint8Array(300_000)], "y.bin") };
  expect((await client.post("/", { files })).status).toBe(413);
});
