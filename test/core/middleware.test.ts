import { abort, App, html, local, RequestHandler, Rule, SecurityHeaders, Submount, text } from "@mini/core";
import type { Middleware, MiddlewareList, Response } from "@mini/core";
import { TestClient } from "@mini/core/testing";
import { describe, expect, test } from "vitest";

type Events = string[];

/** A middleware class that notes what is called, and does what the test says. */
function tracer(name: string, events: Events, does: Partial<Record<"before" | "after" | "error", (response?: Response) => unknown>> = {}) {
  return class Tracer implements Middleware {
    beforeDispatch() {
      events.push(`${name} before`);
      return does.before?.() as never;
    }
    afterDispatch(_handler: RequestHandler, response: Response) {
      events.push(`${name} after ${response.status}`);
      return (does.after?.(response) ?? response) as Response;
    }
    handleException(_handler: RequestHandler, error: unknown) {
      events.push(`${name} error ${(error as Error).message}`);
      return does.error?.() as never;
    }
  };
}

function client(own: MiddlewareList, app: MiddlewareList, work: () => unknown, events: Events, options: object = {}): TestClient {
  class Handler extends RequestHandler {
    static override middleware = own;
    get() {
      events.push("get");
      return work() as never;
    }
  }
  const logger = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };
  return new TestClient(new App({ rules: [new Rule("/", { handler: Handler })], middleware: app, logger, ...options }));
}

describe("a rule with appMiddleware: false", () => {
  test("runs the handler's own middleware and not the application's, also when the handler throws", async () => {
    const events: Events = [];
    const [app, own] = [tracer("app", events), tracer("own", events)];
    class Files extends RequestHandler {
      static override middleware = [own];
      get({ name }: { name: string }) {
        return name === "none" ? abort(404) : text(name);
      }
    }
    const rules = [...Submount("/files", [new Rule("/:name", { handler: Files, appMiddleware: false })])];
    const files = new TestClient(new App({ rules, middleware: [app] }));
    expect(await (await files.get("/files/a")).text()).toBe("a");
    expect((await files.get("/files/none")).status).toBe(404);
    expect(events).toEqual(["own before", "own after 200", "own before", "own error Not Found", "own after 404"]);
  });

  test("keeps the security headers of the application, with their nonce", async () => {
    class Files extends RequestHandler {
      get() {
        return text(local.cspNonce);
      }
    }
    const config = { securityHeaders: { "content-security-policy": "default-src 'nonce'" } };
    const app = new App({ rules: [new Rule("/", { handler: Files, appMiddleware: false })], middleware: [SecurityHeaders], config });
    const response = await app.fetch(new Request("http://localhost/"));
    expect(response.headers.get("content-security-policy")).toBe(`default-src 'nonce-${await response.text()}'`);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  });
});

describe("hooks", () => {
  test("run in order, the app's first, and in reverse after the handler", async () => {
    const events: Events = [];
    const [one, two, three] = ["1", "2", "3"].map((name) => tracer(name, events));
    await client([two!, three!], [one!], () => text("a"), events).get("/");
    expect(events).toEqual(["1 before", "2 before", "3 before", "get", "3 after 200", "2 after 200", "1 after 200"]);
  });

  test("may be asynchronous, and return another response", async () => {
    const events: Events = [];
    const slow = tracer("slow", events, { before: async () => Promise.resolve(), after: async () => text("other", { status: 201 }) });
    const response = await client([slow], [tracer("app", events)], () => html`a`, events).get("/");
    expect([response.status, await response.text()]).toEqual([201, "other"]);
    expect(events.at(-1)).toBe("app after 201");
  });

  test("a response from a before-hook is sent, and nothing after it is called", async () => {
    const events: Events = [];
    const stop = tracer("stop", events, { before: () => text("stopped", { status: 401 }) });
    const response = await client([stop, tracer("never", events)], [tracer("app", events)], () => text("a"), events).get("/");
    expect([response.status, await response.text()]).toEqual([401, "stopped"]);
    expect(events).toEqual(["app before", "stop before", "stop after 401", "app after 401"]);
  });

  test("run once for a class that is listed twice, and instances are used as they are", async () => {
    const events: Events = [];
    const One = tracer("one", events);
    const own = new (tracer("own", events))();
    await client([One, own], [One], () => text("a"), events).get("/");
    expect(events.filter((event) => event.endsWith("before"))).toEqual(["one before", "own before"]);
  });

  test("belong to one instance for each app, made with the app", async () => {
    const made: unknown[] = [];
    class Made implements Middleware {
      constructor(app: unknown) {
        made.push(app);
      }
    }
    const events: Events = [];
    const tests = client([Made], [Made], () => text("a"), events);
    await tests.get("/");
    await tests.get("/");
    expect(made).toHaveLength(1);
    expect(made[0]).toBeInstanceOf(App);
  });

  test("of the app run around 404, 405 and OPTIONS", async () => {
    const events: Events = [];
    const tests = client([tracer("own", events)], [tracer("app", events)], () => text("a"), events);
    await tests.get("/nope");
    await tests.request("/", { method: "DELETE" });
    await tests.request("/", { method: "OPTIONS" });
    expect(events).toEqual([
      "app before",
      "app error Not Found",
      "app after 404",
      "app before",
      "app error Method Not Allowed",
      "app after 405",
      "app before",
      "app after 204",
    ]);
  });
});

describe("an error", () => {
  test("is passed to the handler's middleware and then the app's, in reverse, until one answers", async () => {
    const events: Events = [];
    const answers = tracer("app1", events, { error: () => text("handled") });
    const app = [tracer("app0", events), answers];
    const response = await client([tracer("own0", events), tracer("own1", events)], app, () => abort(403, "no"), events).get("/");
    expect([response.status, await response.text()]).toEqual([200, "handled"]);
    expect(events.slice(5)).toEqual([
      "own1 error no",
      "own0 error no",
      "app1 error no",
      "own1 after 200",
      "own0 after 200",
      "app1 after 200",
      "app0 after 200",
    ]);
  });

  test("is passed to middleware before errorHandlers", async () => {
    const events: Events = [];
    const answers = tracer("own", events, { error: () => text("middleware") });
    const response = await client([answers], [], () => abort(403), events, { errorHandlers: { 403: () => text("handlers") } }).get("/");
    expect(await response.text()).toBe("middleware");
  });

  test("thrown by handleException replaces the first error", async () => {
    const events: Events = [];
    const throws = tracer("own", events, { error: () => abort(409, "second") });
    const response = await client([throws], [tracer("app", events)], () => abort(403, "first"), events).get("/");
    expect(response.status).toBe(409);
    expect(events).toContain("app error second");
  });

  test("of a before-hook skips the handler, and after-hooks of the middleware before it still run", async () => {
    const events: Events = [];
    const throws = tracer("own", events, { before: () => abort(401, "who") });
    const response = await client([throws, tracer("never", events)], [tracer("app", events)], () => text("a"), events).get("/");
    expect(response.status).toBe(401);
    expect(events.filter((event) => event.startsWith("never") || event === "get")).toEqual([]);
    expect(events).toContain("app error who");
    expect(events).toContain("app after 401");
  });

  test("of an after-hook is answered", async () => {
    const events: Events = [];
    const throws = tracer("own", events, {
      after: () => {
        throw new Error("late");
      },
    });
    expect((await client([throws], [tracer("app", events)], () => text("a"), events).get("/")).status).toBe(500);
    expect(events).toContain("app error late");
  });

  test.each([["text"], [5], [{}]])("hooks that return %j are refused", async (value) => {
    const wrong = tracer("own", [], { before: () => value });
    expect((await client([wrong], [], () => text("a"), []).get("/")).status).toBe(500);
  });
});

describe("a lazy handler", () => {
  test("is loaded once, at the first request, and its middleware is made then", async () => {
    let loads = 0;
    const events: Events = [];
    class Lazy extends RequestHandler {
      static override middleware = [tracer("lazy", events)];
      get() {
        return text("lazy");
      }
    }
    const load = async () => (loads++, Lazy);
    const tests = new TestClient(new App({ rules: [new Rule("/", { handler: load })] }));
    expect(loads).toBe(0);
    const answers = await Promise.all([tests.get("/"), tests.get("/"), tests.get("/")]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect([loads, (await tests.request("/", { method: "DELETE" })).status, loads]).toEqual([1, 405, 1]);
  });

  const failures = {
    rejects: async () => Promise.reject<never>(new Error("no")),
    throws: (): never => {
      throw new Error("no");
    },
  };
  test.each(Object.entries(failures))("whose loader %s is a 500, and the next request tries again", async (_how, fail) => {
    let loads = 0;
    class Lazy extends RequestHandler {
      get() {
        return text("lazy");
      }
    }
    const load = () => (loads++ === 0 ? fail() : Promise.resolve(Lazy));
    const logger = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };
    const tests = new TestClient(new App({ rules: [new Rule("/", { handler: load })], logger }));
    expect([(await tests.get("/")).status, (await tests.get("/")).status]).toEqual([500, 200]);
  });
});
