import {
  App,
  beforeHead,
  html,
  HTTPError,
  local,
  RequestHandler,
  Response,
  Rule,
  setCookie,
  text,
  type AppOptions,
  type Converter,
  type MiddlewareList,
} from "@mini/core";
import { serve } from "@mini/core/serve";
import { describe, expect, test } from "vitest";
import { request as send } from "../support/ask.ts";

const secret = "the secret of 1234";
const fail = (): never => {
  throw new Error(secret);
};
const reject = () => Promise.reject(new Error(secret));

interface Site {
  readonly work?: () => unknown;
  readonly middleware?: MiddlewareList;
  readonly options?: object;
  readonly rule?: Rule;
}

const failing: Converter<string> = { parse: fail, format: String };

/** Every place where code of an application runs, each with an error. */
class Fine extends RequestHandler {
  get() {
    return text("fine");
  }
}

const sites: Readonly<Record<string, Site>> = {
  "a method": { work: fail },
  "a method, later": { work: reject },
  "a beforeDispatch": { middleware: [{ beforeDispatch: fail }] },
  "a beforeDispatch, later": { middleware: [{ beforeDispatch: reject }] },
  "an afterDispatch": { middleware: [{ afterDispatch: fail }] },
  "an afterDispatch, later": { middleware: [{ afterDispatch: reject }] },
  "an afterDispatch that gives nothing": { middleware: [{ afterDispatch: () => undefined as never }] },
  "a handleException": { work: fail, middleware: [{ handleException: fail }] },
  "a handleException, later": { work: fail, middleware: [{ handleException: reject }] },
  "a hook of the application": { options: { middleware: [{ beforeDispatch: fail }] } },
  "a function before the head": { work: () => (beforeHead(fail), text("fine")) },
  "a function before the head, later": { work: () => (beforeHead(reject), text("fine")) },
  "an error handler": { work: fail, options: { errorHandlers: { 500: fail } } },
  "an error handler, later": { work: fail, options: { errorHandlers: { 500: reject } } },
  "an error handler that gives nothing": { work: fail, options: { errorHandlers: { 500: () => undefined } } },
  "a field of the handler": {
    rule: new Rule("/", {
      handler: class extends RequestHandler {
        readonly field = fail();
        get() {
          return text("fine");
        }
      },
    }),
  },
  "the import of a handler": { rule: new Rule("/", { handler: reject }) },
  "the import of a handler, at once": { rule: new Rule("/", { handler: fail }) },
  "an import that has no handler": { rule: new Rule("/", { handler: () => Promise.resolve(undefined as never) }) },
  "a converter": { rule: new Rule("/:id", { where: { id: failing }, handler: Fine }) },
  "a template": { work: () => html`${{ toString: fail }}` },
  "a header": { work: () => new Response("", { headers: { "x-a": "1\r\n2" } }) },
  "a header that is set": {
    work: () => {
      const response = text("");
      response.headers.set("x-a", "1\r\n2");
      return response;
    },
  },
  "a status": { work: () => new Response("", { status: 99 }) },
  "a cookie": { work: () => (setCookie("a b", "1"), text("fine")) },
  "a name of local": { work: () => text(String((local as unknown as Record<string, unknown>)["unknown"])) },
  "a promise of nothing": { work: () => Promise.resolve() },
  "a response that was read": {
    work: async () => {
      const response = new globalThis.Response("x");
      await response.text();
      return response;
    },
  },
  "a value that cannot become text": { work: () => Promise.reject({ toString: fail }) },
  "an error whose stack throws": {
    work: () => Promise.reject(Object.defineProperty(new Error("x"), "stack", { get: fail })),
  },
  "an error that causes itself": {
    work: () => {
      const error = new Error("x");
      error.cause = error;
      throw error;
    },
  },
  "an HTTPError of a wrong status": { work: () => Promise.reject(new HTTPError(200)) },
  "the logger": { work: fail, options: { logger: { error: fail, warn: fail, info: fail, debug: fail } } },
  "too many calls": {
    work: function recurse(): unknown {
      return [recurse()];
    },
  },
};

function appOf({ work = () => text("fine"), middleware = [], options = {}, rule }: Site) {
  const logged: string[] = [];
  const note = (message: string) => void logged.push(message);
  class Handler extends RequestHandler {
    static override middleware = middleware;
    get() {
      return work() as never;
    }
  }
  const rules = [rule ?? new Rule("/", { handler: Handler })];
  const app = new App({ rules, logger: { error: note, warn: note, info: note, debug: note }, ...options } as AppOptions<readonly Rule[]>);
  return { app, logged };
}

describe("an error thrown in", () => {
  test.each(Object.keys(sites))("%s is a plain 500 with one entry in the log", async (name) => {
    const site = sites[name]!;
    const { app, logged } = appOf(site);
    const path = site.rule === undefined ? "/" : site.rule.path.replace(":id", "1");
    for (const accept of ["text/html", "application/json"]) {
      const headers = { accept, cookie: "session=the-cookie", authorization: "Bearer the-token" };
      const response = await app.fetch(new Request(`http://localhost${path}?token=the-query`, { headers }));
      const body = await response.text();
      expect(response.status).toBe(500);
      expect(response.headers.get("set-cookie")).toBeNull();
      expect(body).toContain("Internal Server Error");
      expect(body).not.toMatch(/secret|Error:|at |\.ts/);
    }
    const whole = logged.join("\n");
    expect(whole).not.toMatch(/the-cookie|the-token|the-query/);
    for (const entry of logged) expect(entry).toMatch(/^GET \/\S* 500 after \d+\.\d ms: /);
    // The error handler's own error is the second one of its request.
    const errors = name.startsWith("an error handler") || name.startsWith("a handleException") ? [2, 4] : [2];
    if (name !== "the logger") expect(errors).toContain(logged.length);
  });

  test("an error in a stream is logged once with the status that was sent, and ends the connection but not the server", async () => {
    const stream = () => {
      let pulls = 0;
      return new ReadableStream({
        pull(controller) {
          if (pulls++ > 0) fail();
          controller.enqueue(Buffer.from("begin"));
        },
      });
    };
    const { app, logged } = appOf({ work: () => new Response(stream()) });
    const server = await serve(app, { port: 0, silent: true, gracefulShutdown: false });
    try {
      await expect(send(server.url).then(({ body }) => body.text())).rejects.toThrow();
      expect(logged).toEqual([expect.stringMatching(/^GET \/ 200 after \d+\.\d ms: Error: the secret/)]);
      expect((await send(`${server.url}unknown`)).statusCode).toBe(404);
    } finally {
      await server.close();
    }
  });

  test("the log does not contain the request body", async () => {
    const { app, logged } = appOf({});
    class Echo extends RequestHandler {
      async post() {
        await this.request.json();
        return fail();
      }
    }
    const echo = new App({ rules: [new Rule("/", { handler: Echo })], logger: app.logger });
    const post = (body: string) =>
      echo.fetch(new Request("http://localhost/", { method: "POST", headers: { "content-type": "application/json" }, body }));
    expect((await post('{"password":"hunter2"}')).status).toBe(500);
    expect((await post('{"password":"hunter2"')).status).toBe(400);
    expect(await (await post('{"password":"hunter2" x')).text()).not.toContain("hunter2");
    expect(logged.join("\n")).not.toContain("hunter2");
  });
});
