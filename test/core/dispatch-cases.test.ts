import { App, redirect, request, RequestHandler, Rule, text } from "@mini/core";
import { describe, expect, test } from "vitest";
import { readFacts } from "../support/facts.ts";

interface Case {
  readonly id: string;
  readonly group: string;
  readonly rules?: readonly { readonly path: string }[];
  readonly handler?: Readonly<Record<string, string>>;
  readonly request?: { readonly method: string; readonly path?: string };
  readonly call?: string;
  readonly input?: string;
  readonly currentOrigin?: string;
  readonly expect: {
    readonly status?: number;
    readonly body?: string;
    readonly allow?: readonly string[];
    readonly location?: string;
    readonly throws?: string;
    readonly safeTarget?: boolean;
  };
}

/** Cases that the design overrules, each with the reason. */
const overruled: Readonly<Record<string, string>> = {
  "D-006": "an unknown method is 501, and TRACE is one",
  "D-013": "the platform's Request refuses CONNECT",
  "D-015": "an unknown method is 501, and TRACE is one",
  "D-016": "an unknown method is 501, and TRACE is one",
  "D-017": "an unknown method is 501, and TRACE is one",
  "D-093": "line breaks in a target are dropped, as browsers do; nothing of them is sent",
};

const { cases } = readFacts<{ readonly cases: readonly Case[] }>("dispatch");
const own = cases.filter(({ id }) => !(id in overruled));
const quiet = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };

/** Answers a GET of the path with what the work gives. */
async function answer(path: string, work: () => unknown): Promise<Response> {
  class Handler extends RequestHandler {
    get() {
      return work() as never;
    }
  }
  const app = new App({ rules: [new Rule("/", { handler: Handler }), new Rule("/*any", { handler: Handler })], logger: quiet });
  return app.fetch(new Request(`http://localhost:8080${path}`));
}

describe("the facts of methods", () => {
  const behaviour = 'text "Method: " + request.method';
  const methods = own.filter(
    ({ group, handler = {} }) => group === "methods" && Object.values(handler).every((each) => each === behaviour),
  );

  test("are 7 or more", () => {
    expect(methods.length).toBeGreaterThanOrEqual(7);
  });

  test.each(methods.map((each) => [each.id, each] as const))(
    "%s",
    async (_id, { handler = {}, rules = [{ path: "/" }], request: sent, expect: target }) => {
      class Handler extends RequestHandler {}
      for (const name of Object.keys(handler)) Object.assign(Handler.prototype, { [name]: () => text(`Method: ${request.method}`) });
      const app = new App({ rules: rules.map(({ path }) => new Rule(path, { handler: Handler })), logger: quiet });
      const response = await app.fetch(new Request(`http://localhost${sent!.path ?? "/"}`, { method: sent!.method }));
      expect(response.status).toBe(target.status ?? 200);
      const body = await response.text();
      expect(body).toBe(sent!.method === "HEAD" ? "" : (target.body ?? body));
    },
  );
});

describe("the facts of redirects", () => {
  const call = /^redirect\("([^"\\]*)"(?:, (\d+))?\)$/;
  const calls = own.filter(({ group, call: said = "", rules }) => group === "redirect" && rules === undefined && call.test(said));

  test("are 12 or more", () => {
    expect(calls.length).toBeGreaterThanOrEqual(12);
  });

  test.each(calls.map((each) => [each.id, each] as const))("%s", async (_id, { call: said, request: sent, expect: target }) => {
    const [, to, code] = call.exec(said!)!;
    const response = await answer(sent?.path ?? "/", () => redirect(to!, { status: Number(code ?? 302) as 302, external: true }));
    if (target.throws !== undefined) {
      expect(response.status).toBe(500);
      return;
    }
    expect(response.status).toBe(target.status);
    const here = new URL(`http://localhost:8080${sent?.path ?? "/"}`);
    const location = new URL(response.headers.get("location")!, here).href.replace("localhost:8080", "localhost");
    expect(location).toBe(target.location ?? location);
  });
});

describe("the facts of open redirects", () => {
  const inputs = own.filter(({ group, input }) => group === "open-redirect" && input !== undefined);

  test("are 15 or more", () => {
    expect(inputs.length).toBeGreaterThanOrEqual(15);
  });

  test.each(inputs.map((each) => [each.id, each] as const))("%s", async (_id, { input, expect: target }) => {
    const response = await answer("/", () => redirect(input!));
    expect(response.status).toBe(target.safeTarget === true ? 302 : 400);
    const location = response.headers.get("location");
    expect(location === null ? null : new URL(location, "http://localhost:8080").origin).toBe(
      target.safeTarget === true ? "http://localhost:8080" : null,
    );
  });
});
