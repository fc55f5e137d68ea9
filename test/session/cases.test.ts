import { App, html, RequestHandler, Rule, text, type Middleware, type MiddlewareList } from "@mini/core";
import { SessionMiddleware, SessionMixin, type Session, type SessionConfig } from "@mini/session";
import { parseSetCookie } from "cookie";
import { describe, expect, test } from "vitest";
import { readFacts } from "../support/facts.ts";
import { perform, type Op } from "../support/session-ops.ts";

interface Step {
  readonly at?: number;
  readonly jar?: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly cookieHeader?: string;
  readonly middleware?: boolean;
  readonly ops: readonly Op[];
  readonly expect: {
    readonly status?: number;
    readonly cookies: Readonly<Record<string, string | readonly string[]>>;
    readonly attrs?: Readonly<Record<string, Readonly<Record<string, string | boolean | null>>>>;
  };
}

interface Case {
  readonly id: string;
  readonly backends: readonly string[];
  readonly steps: readonly Step[];
}

/** Cases that the design overrules, each with the reason. */
const overruled: Readonly<Record<string, string>> = {
  "S-126": "a missing key stops the start, and no request comes so far",
  "S-112": "a session ends after maxAge, whatever is written",
  "S-114": "a session ends after maxAge, 14 days when nothing is configured",
  "S-127": "a missing key stops the start, and no request comes so far",
};

/** Operations that there are not, or that only a store has. */
const foreign: Readonly<Record<string, string>> = {
  setFlash: "messages live in the session",
  getFlash: "messages live in the session",
  setMessage: "there is no MessagesMixin",
  messages: "there is no MessagesMixin",
  setFormError: "there is no MessagesMixin",
  secureCookieSet: "secure cookies are set as a whole",
  secureCookieGet: "secure cookies are set as a whole",
  createSecureCookie: "secure cookies are set as a whole",
  unsetCookie: "cookies are set or deleted",
  markModified: "what changed is found by looking",
  cookieArgs: "cookie options are one object",
  concurrent: "one cookie can not keep both changes",
  dropCache: "only a store has it",
  storeDelete: "only a store has it",
  storePresent: "only a store has it",
  sidChanged: "only a store has it",
  sidFormat: "only a store has it",
  regenerate: "only a store has it",
};

const { cases } = readFacts<{ readonly cases: readonly Case[] }>("sessions");
const own = cases.filter(
  ({ id, backends, steps }) =>
    !(id in overruled) &&
    backends.includes("cookie") &&
    !steps.some(
      ({ config, ops }) =>
        config?.["force"] !== undefined ||
        ops.some((op) => op.op in foreign || (op.op === "addFlash" && op.key !== undefined) || JSON.stringify(op).includes('"force"')),
    ),
);

/** The session's settings that a case's options stand for. */
function settings({ config = {} }: Step, now: () => number): SessionConfig {
  const { path, domain, secure, httpOnly, maxAge, cookieName, sessionExpires, sessionMaxAge } = config as Record<string, unknown>;
  const cookie = Object.fromEntries(Object.entries({ path, domain, secure, httpOnly, maxAge }).filter(([, value]) => value !== undefined));
  const life = (sessionExpires ?? sessionMaxAge) as number | undefined;
  return {
    secretKey: "a key that is long enough to be one",
    now,
    cookie,
    ...(cookieName !== undefined && { cookieName: cookieName as string }),
    ...(life !== undefined && { maxAge: life }),
  };
}

/** One request of a case: its operations in a handler, its cookies from and into a jar. */
async function answer(step: Step, jar: Map<string, string>) {
  const failures: unknown[] = [];
  const stop = step.ops.find(({ op }) => op === "shortCircuit");
  const rescue = step.ops.some(({ handledBy }) => handledBy === "middleware");
  const run = async (handler: { readonly session: Promise<Session> }) => {
    for (const op of step.ops) {
      if (op.op === "shortCircuit" || op.op === "copyCookie" || op.op === "saveJar") continue;
      const result = await perform(op, handler);
      if (result !== undefined) return result;
    }
    return text("done");
  };
  class Last implements Middleware {
    async beforeDispatch(handler: RequestHandler) {
      if (stop === undefined) return undefined;
      await run(handler as Handler);
      return text("stopped");
    }
    handleException(_handler: unknown, error: unknown) {
      if (!(error instanceof Error && error.message === "thrown by the case")) failures.push(error);
      return rescue ? html.response(html`rescued`) : undefined;
    }
  }
  class Handler extends SessionMixin(RequestHandler) {
    static override middleware: MiddlewareList = [...(step.middleware === false ? [] : [SessionMiddleware]), Last];
    get() {
      return run(this) as never;
    }
  }
  const quiet = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };
  const config = { session: settings(step, () => (1_700_000_000 + (step.at ?? 0)) * 1000) };
  const app = new App({ rules: [new Rule("/", { handler: Handler })], config, logger: quiet });
  for (const op of step.ops) if (op.op === "copyCookie") jar.set(op.to, jar.get(op.from)!);
  const cookie = [...jar]
    .map(([name, each]) => `${name}=${each}`)
    .concat(step.cookieHeader ?? [])
    .join("; ");
  const response = await app.fetch(new Request("https://example.org/", { headers: cookie === "" ? {} : { cookie } }));
  return { response, failures };
}

const isDeletion = (line: string) => /;\s*Max-Age=0/i.test(line);

describe("the facts of sessions", () => {
  test("are 70 or more", () => {
    expect(own.length).toBeGreaterThanOrEqual(70);
  });

  test.each(own.map((each) => [each.id, each] as const))("%s", async (_id, { steps }) => {
    const shared = new Map<string, string>();
    const jars = new Map<string, Map<string, string>>();
    const saved = new Map<string, Map<string, string>>();
    for (const [i, step] of steps.entries()) {
      const named = step.jar === undefined ? shared : (jars.get(step.jar) ?? new Map<string, string>());
      if (step.jar !== undefined) jars.set(step.jar, named);
      const jar = step.jar !== undefined && saved.has(step.jar) ? new Map(saved.get(step.jar)) : named;
      const { response, failures } = await answer(step, jar);
      expect(failures, `step ${i + 1}`).toEqual([]);
      expect(response.status).toBe(step.expect.status ?? 200);
      const lines = new Map(response.headers.getSetCookie().map((line) => [line.slice(0, line.indexOf("=")), line]));
      const outcome = (name: string) => (lines.has(name) ? (isDeletion(lines.get(name)!) ? "delete" : "set") : "none");
      for (const name of new Set([...lines.keys(), ...Object.keys(step.expect.cookies)])) {
        expect([step.expect.cookies[name] ?? "none"].flat(), `step ${i + 1}: cookie ${name}`).toContain(outcome(name));
      }
      for (const [name, wanted] of Object.entries(step.expect.attrs ?? {})) checkAttributes(lines.get(name)!, wanted);
      for (const [name, line] of lines) {
        if (isDeletion(line)) jar.delete(name);
        else jar.set(name, parseSetCookie(line, { decode: (raw) => raw }).value!);
      }
      for (const op of step.ops) if (op.op === "saveJar") saved.set(op.as ?? op.name, new Map(jar));
    }
  });
});

function checkAttributes(line: string, wanted: Readonly<Record<string, string | boolean | null>>): void {
  const attributes = new Map(
    line
      .split("; ")
      .slice(1)
      .map((part) => [part.split("=")[0]!.toLowerCase(), part.split("=")[1] ?? true]),
  );
  for (const [name, target] of Object.entries(wanted)) {
    // An age says the same as a date.
    const key = name === "Expires" && target !== null && !attributes.has("expires") ? "max-age" : name.toLowerCase();
    const got = attributes.get(key);
    if (target === "present") expect(got, `${name} of ${line}`).toBeDefined();
    else expect(got ?? null, `${name} of ${line}`).toBe(target);
  }
}
