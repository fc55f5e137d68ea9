import { App, html, RequestHandler, Rule, text, type Middleware, type MiddlewareList, type Response } from "@mini/core";
import { SessionMiddleware, SessionMixin, type Session, type SessionConfig } from "@mini/session";
import { expect } from "vitest";
import { SessionIds } from "../../packages/session/src/signing/signing.ts";
import type { Medium } from "./media.ts";
import { gate, secretKey } from "./session-app.ts";
import type { Step } from "./session-cases.ts";
import { perform, type Op } from "./session-ops.ts";
import { WatchedBackend } from "./watched-backend.ts";

type Jar = Map<string, string>;

/** What a request waits for, after it has loaded its session and before its operations. */
type Before = (handler: { readonly session: Promise<Session> }) => Promise<void>;

/** Operations that are not done by a handler, but by the client, the backend or the case itself. */
const outside = new Set(["copyCookie", "saveJar", "concurrent", "dropCache", "storeDelete", "sidChanged", "sidFormat"]);

/** The id in the cookie of a session; `undefined` for a cookie with another content. */
export function idIn(value: string | undefined): string | undefined {
  const payload = /^v1\.([\w-]+)\./.exec(value ?? "")?.[1];
  const id = Buffer.from(payload ?? "", "base64url").toString();
  return /^[\w-]{43}$/.test(id) ? id : undefined;
}

/** The settings of a session for the options of a step. */
function settings({ config = {} }: Step): Partial<SessionConfig> {
  const { path, domain, secure, httpOnly, maxAge, cookieName, sessionExpires, sessionMaxAge } = config as Record<string, unknown>;
  const cookie = Object.fromEntries(Object.entries({ path, domain, secure, httpOnly, maxAge }).filter(([, value]) => value !== undefined));
  const life = (sessionExpires ?? sessionMaxAge) as number | undefined;
  return {
    cookie,
    ...(cookieName !== undefined && { cookieName: cookieName as string }),
    ...(life !== undefined && { maxAge: life }),
  };
}

/** One application, whose configuration changes from step to step, and its backend. */
export class CaseRun {
  /** `undefined` when sessions are in their cookies. */
  readonly backend: WatchedBackend | undefined;
  /** The keys of the sessions that were created in it. */
  readonly #made = new Set<string>();
  /** The errors of handlers that the case does not expect. */
  readonly failures: unknown[] = [];
  #seconds = 0;

  constructor(medium: Medium) {
    const backend = medium.open(this.#now);
    if (backend === "securecookie") return;
    this.backend = new WatchedBackend(backend);
    this.backend.before = (name, key) => void (name === "create" && this.#made.add(key));
  }

  /** How often these methods of the backend were called. */
  calls(...names: readonly string[]): number {
    return this.backend?.calls.filter((name) => names.includes(name)).length ?? 0;
  }

  /** The number of sessions in the backend. */
  async sessions(): Promise<number> {
    const found = await Promise.all(Array.from(this.#made, (key) => this.backend!.read(key)));
    return found.filter((record) => record !== undefined).length;
  }

  readonly #now = () => (1_700_000_000 + this.#seconds) * 1000;

  /**
   * The responses to the requests of a step, and the results of what the step asks of the backend.
   *
   * @param isReversed - Whether overlapping requests are answered in reverse order.
   */
  async answers(step: Step, jar: Jar, isReversed: boolean): Promise<readonly Response[]> {
    this.#seconds = step.at ?? 0;
    for (const op of step.ops) {
      if (op.op === "copyCookie") jar.set(op.to, jar.get(op.from)!);
      if (op.op === "storeDelete") for (const key of this.#made) await this.backend!.take(key);
      if (op.op === "sidFormat") await this.#checkForms(op.invalid, step);
    }
    const overlapping = step.ops.find(({ op }) => op === "concurrent")?.requests;
    return overlapping === undefined ? [await this.#answer(step, jar)] : this.#overlap(step, overlapping, jar, isReversed);
  }

  /** Runs requests that have all loaded the session before the first one changes it. */
  async #overlap(step: Step, requests: readonly (readonly Op[])[], jar: Jar, isReversed: boolean): Promise<readonly Response[]> {
    const begun = await Promise.all(
      requests.map(async (ops) => {
        const loaded = gate();
        const told = gate();
        const answer = this.#answer({ ...step, ops }, jar, async (handler) => {
          await handler.session;
          loaded.open();
          await told.opened;
        });
        await Promise.race([loaded.opened, answer]);
        return { told, answer };
      }),
    );
    const responses: Response[] = [];
    for (const { told, answer } of isReversed ? begun.toReversed() : begun) {
      told.open();
      responses.push(await answer);
    }
    return responses;
  }

  /** Whether the backend has the session of an id. An id in another form is unknown, even with a valid signature. */
  async #checkForms(invalid: readonly string[], step: Step): Promise<void> {
    const ids = new SessionIds({ secretKeys: [secretKey], now: this.#now });
    const made = await this.#answer({ ...step, ops: [{ op: "set", key: "a", value: 1 } as Op] }, new Map());
    const cookie = /^session=([^;]+)/.exec(made.headers.getSetCookie().join())?.[1] ?? "";
    expect(idIn(cookie)).toHaveLength(43);
    const reads = this.calls("read");
    await this.#answer({ ...step, ops: [{ op: "get", key: "a", expect: 1 } as Op] }, new Map([["session", cookie]]));
    expect(this.calls("read")).toBe(reads + 1);
    const read = { ...step, ops: [{ op: "flags", expect: { isNew: true, modified: false } } as Op] };
    for (const id of invalid) {
      const response = await this.#answer(read, new Map([["session", ids.sign("session", { id, key: "" })]]));
      expect([response.status, response.headers.getSetCookie()], id).toEqual([200, []]);
    }
    expect(this.calls("read")).toBe(reads + 1);
  }

  /** Makes one request, with the operations in a handler and the cookies of a jar. */
  async #answer(step: Step, jar: Jar, before?: Before): Promise<Response> {
    const { failures } = this;
    const ops = step.ops.filter(({ op }) => op !== "shortCircuit" && !outside.has(op));
    const stops = step.ops.some(({ op }) => op === "shortCircuit");
    const rescue = step.ops.some(({ handledBy }) => handledBy === "middleware");
    const run = async (handler: { readonly session: Promise<Session> }) => {
      await before?.(handler);
      for (const op of ops) {
        const result = await perform(op, handler);
        if (result !== undefined) return result;
      }
      return text("done");
    };
    class Last implements Middleware {
      async beforeDispatch(handler: RequestHandler) {
        if (!stops) return undefined;
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
    const config = {
      session: { secretKey, deadline: 60_000, now: this.#now, backend: this.backend ?? ("securecookie" as const), ...settings(step) },
    };
    const app = new App({ rules: [new Rule("/", { handler: Handler })], config, logger: quiet });
    const cookie = [...jar]
      .map(([name, each]) => `${name}=${each}`)
      .concat(step.cookieHeader ?? [])
      .join("; ");
    return app.answer(new Request("https://example.org/", { headers: cookie === "" ? {} : { cookie } }));
  }
}
