import { abort, App, redirect, RequestHandler, Response, Rule, text, type Middleware, type MiddlewareList } from "@mini/core";
import { TestClient } from "@mini/core/testing";
import { describe, expect, test } from "vitest";
import { readFacts } from "../support/facts.ts";

type Hook = "preDispatch" | "postDispatch" | "handleException";

interface MiddlewareFacts {
  readonly name: string;
  readonly hooks: Readonly<Partial<Record<Hook, string>>>;
}

interface Case {
  readonly id: string;
  readonly handlerMiddleware?: readonly MiddlewareFacts[];
  readonly appMiddleware?: readonly MiddlewareFacts[];
  readonly inherited?: boolean;
  readonly handler: { readonly get: string };
  readonly errorHandlers?: Readonly<Record<string, string>>;
  readonly request: { readonly method: string; readonly path: string };
  readonly expect: { readonly calls?: readonly string[]; readonly status?: number; readonly body?: string };
}

/** Cases that the design overrules, or that are no lists of hooks, each with the reason. */
const left: Readonly<Record<string, string>> = {
  "M-004": "after-hooks run only for those whose before-hook was called",
  "M-005": "after-hooks run only for those whose before-hook was called",
  "M-006": "after-hooks run over an error's response too",
  "M-007": "after-hooks run over an error's response too",
  "M-011": "after-hooks run over an error's response too",
  "M-012": "after-hooks run over an error's response too",
  "M-016": "after-hooks run over an error's response too",
  "M-018": "a handler that gives back nothing is a TypeError",
  "M-019": "a text is no answer of a handler",
  "M-027": "after-hooks run over an error's response too",
  "M-029": "the app's hooks run around 404 and 405",
  "M-030": "the app's hooks run around 404 and 405",
  "M-037": "what it does is said in words; a handler has what its class declares",
  "M-054": "what it does is said in words; after-hooks are tested with middleware",
  "M-062": "what it does is said in words; asynchronous hooks are tested with middleware",
  "M-035": "arguments of a rule are tested with the router",
  "M-043": "instances are tested with middleware",
  "M-044": "middleware is a class or an instance, not a name",
  "M-046": "instances are tested with middleware",
  "M-047": "nothing is kept by name",
  "M-048": "an app is not wrapped",
  "M-049": "an app is not wrapped",
  "M-060": "messages live in the session",
  "M-061": "sessions are tested with their package",
  "M-063": "sessions are tested with their package",
};

class ValueError extends Error {}
class KeyError extends Error {}

/** Names of errors in the traces of the facts. */
function nameOf(error: unknown): string {
  if (error instanceof ValueError) return "ValueError";
  if (error instanceof KeyError) return "KeyError";
  const { status } = error as { readonly status?: number };
  return status === 404 ? "NotFound" : status === 405 ? "MethodNotAllowed" : (error as Error).name;
}

function perform(behaviour: string | undefined, label: string, response?: Response): Response | undefined | Promise<Response> {
  const words = /^return "([^"]*)"$/.exec(behaviour ?? "");
  if (words !== null) return text(words[1]!);
  switch (behaviour) {
    case undefined:
    case "none":
      return undefined;
    case "pass":
      return response;
    case "return":
      return text(label);
    case "throw":
      throw new KeyError();
    case "throw ValueError":
      throw new ValueError();
    case "abort404":
      return abort(404);
    case "append":
      return response!.text().then((body) => new Response(`${body}+${label}`, { status: response!.status }));
    case "replace":
      return text(`${label}-replaced`);
    default:
      throw new Error(`no such behaviour: ${behaviour}`);
  }
}

/** A middleware class that has the hooks of the facts, and no others. */
function make({ name, hooks }: MiddlewareFacts, calls: string[]): new () => Middleware {
  class Made {}
  const prototype = Made.prototype as Middleware;
  if (hooks.preDispatch !== undefined) {
    prototype.beforeDispatch = () => {
      calls.push(`${name}.pre`);
      return perform(hooks.preDispatch, `${name}-pre`);
    };
  }
  if (hooks.postDispatch !== undefined) {
    prototype.afterDispatch = (_handler, response) => {
      calls.push(`${name}.post`);
      return perform(hooks.postDispatch, name, response) as Response;
    };
  }
  if (hooks.handleException !== undefined) {
    prototype.handleException = (_handler, error) => {
      calls.push(`${name}.exc(${nameOf(error)})`);
      return perform(hooks.handleException, `${name}-exc(${nameOf(error)})`);
    };
  }
  return Made;
}

function answer(behaviour: string): unknown {
  if (behaviour === "none") return undefined;
  if (behaviour === "string") return "str";
  if (behaviour === "redirect") return redirect("/other");
  if (behaviour === "throw") throw new ValueError();
  return perform(behaviour, "ok");
}

const { cases } = readFacts<{ readonly cases: readonly Case[] }>("middleware");
const own = cases.filter(({ id }) => !(id in left));

describe("the facts of middleware", () => {
  test("are 25 or more", () => {
    expect(own.length).toBeGreaterThanOrEqual(25);
  });

  test.each(own.map((each) => [each.id, each] as const))(
    "%s",
    async (_id, { handler, handlerMiddleware = [], appMiddleware = [], inherited, errorHandlers = {}, request, expect: target }) => {
      const calls: string[] = [];
      const list: MiddlewareList = handlerMiddleware.map((each) => make(each, calls));
      class Base extends RequestHandler {
        static override middleware: MiddlewareList = list;
      }
      class Handler extends Base {
        static override middleware = inherited === true ? Base.middleware : list;
      }
      if (handler.get !== "missing") {
        Object.assign(Handler.prototype, {
          get() {
            calls.push("handler.get");
            return answer(handler.get);
          },
        });
      }
      const quiet = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };
      const app = new App({
        rules: [
          new Rule("/", { handler: Handler }),
          new Rule("/test-exception", { handler: Handler }),
          new Rule("/branch/", { handler: Handler }),
        ],
        middleware: appMiddleware.map((each) => make(each, calls)),
        errorHandlers: Object.fromEntries(
          Object.entries(errorHandlers).map(([status, behaviour]) => [status, () => perform(behaviour, "") as Response]),
        ),
        logger: quiet,
      });
      const response = await new TestClient(app).request(request.path, { method: request.method });
      expect(target.calls ?? calls).toEqual(calls);
      expect(response.status).toBe(target.status ?? response.status);
      if (target.body !== undefined) expect(await response.text()).toBe(target.body);
    },
  );
});
