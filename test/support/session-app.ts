import { App, html, local, RequestHandler, Rule, text, type Middleware, type MiddlewareList, type Response } from "@mini/core";
import { TestClient } from "@mini/core/testing";
import { SessionMiddleware, type Session, type SessionBackend, type SessionConfig, type SessionStore } from "@mini/session";
import type { Medium } from "./media.ts";

export const secretKey = "a key that is long enough to be one";

/** Session data in tests: any key, any value. */
export type AnyData = Record<string, unknown>;
export type AnySession = Session<AnyData>;

/** What a handler does in a test: with the store, and the default session when it asks for it. */
export type Work = (store: SessionStore, session: () => Promise<AnySession>) => unknown;

export interface SessionApp {
  readonly app: App;
  readonly client: TestClient;
  /** Runs work as a request's handler and gives the response; what the work returns is the answer, if it is one. */
  readonly run: (
    work: Work,
    options?: { readonly method?: string; readonly path?: string; readonly headers?: Record<string, string> },
  ) => Promise<Response>;
  /** Moves the clock of sessions and of the client's cookies by seconds. */
  readonly pass: (seconds: number) => void;
  /** Waits for what no answer waits for. */
  readonly settle: () => Promise<void>;
  readonly logged: readonly string[];
  readonly backend: SessionBackend | "securecookie";
}

interface Options extends Partial<SessionConfig> {
  readonly middleware?: MiddlewareList;
  readonly appOptions?: Readonly<Record<string, unknown>>;
  readonly baseUrl?: string;
  /** Left out, sessions are in their cookies. */
  readonly medium?: Medium;
}

export function sessionApp({ middleware = [], appOptions = {}, baseUrl, medium, ...config }: Options = {}): SessionApp {
  let clock = 1_700_000_000_000;
  let next: Work = () => undefined;
  const logged: string[] = [];
  const note = (message: string) => void logged.push(message);
  const backend = config.backend ?? medium?.open(() => clock) ?? "securecookie";
  class Handler extends RequestHandler {
    static override middleware: MiddlewareList = [...middleware, SessionMiddleware];
    async get() {
      const store = local.sessionStore;
      return ((await next(store, () => store.getSession<AnyData>())) ?? html`done`) as never;
    }
    post() {
      return this.get();
    }
  }
  const app = new App({
    rules: [new Rule("/", { handler: Handler }), new Rule("/other", { handler: Handler })],
    config: { session: { secretKey, now: () => clock, ...config, backend } },
    logger: { error: note, warn: note, info: note, debug: note },
    ...appOptions,
  });
  const client = new TestClient(app, { now: () => clock, ...(baseUrl === undefined ? {} : { baseUrl }) });
  return {
    app,
    client,
    run(work, { method = "GET", path = "/", headers = {} } = {}) {
      next = work;
      return client.request(path, { method, headers });
    },
    pass(seconds) {
      clock += seconds * 1000;
    },
    async settle() {
      await new Promise(setImmediate);
      if (backend !== "securecookie") await backend.close?.();
    },
    logged,
    backend,
  };
}

/** Answers every error of a handler with a page. */
export class Rescue implements Middleware {
  handleException() {
    return text("rescued");
  }
}

export const setCookies = (response: Response): readonly string[] => response.headers.getSetCookie();
