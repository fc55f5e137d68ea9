import { App, html, local, request, RequestHandler, Rule, text, type Middleware, type MiddlewareList, type Response } from "@mini/core";
import { TestClient } from "@mini/core/testing";
import { SessionMiddleware, Sessions, type Session, type SessionBackend, type SessionConfig, type SessionStore } from "@mini/session";
import type { AdapterDoor } from "./adapter-doors.ts";
import { gate } from "./gate.ts";
import type { Medium } from "./media.ts";

export { gate };

export const secretKey = "a key that is long enough to be one";

/** Session data in tests: any key, any value. */
export type AnyData = Record<string, unknown>;
export type AnySession = Session<AnyData>;

/** The work of a handler in a test. It gets the store, and a function that returns the default session. */
export type Work = (store: SessionStore, session: () => Promise<AnySession>) => unknown;

/** A place where sessions are kept, and the program between a client and `Sessions`: an `App`, none, or an adapter in its framework. */
export type DoorMedium = Medium & { readonly withoutApp?: boolean; readonly adapter?: AdapterDoor };

export interface SessionApp {
  readonly app: App;
  readonly client: TestClient;
  /** The value of the header x-work with which a request that is not made by `run` does this work. */
  readonly number: (work: Work) => string;
  /** Runs work as the handler of a request, and returns the response: the one that the work returns, or else an empty one. */
  readonly run: (work: Work, options?: RunOptions) => Promise<Response>;
  /** Begins a request that loads the session and then waits until `finish` is called with its work. */
  readonly begin: (work: Work, options?: RunOptions) => Promise<{ readonly finish: () => Promise<Response> }>;
  /** The contents of the session for a new request. */
  readonly data: (options?: RunOptions) => Promise<AnyData>;
  /** Another browser, with its own cookies. */
  readonly browser: () => TestClient;
  /** Advances the clock of sessions and of the client's cookies by a number of seconds. */
  readonly pass: (seconds: number) => void;
  /** Waits for the work that responses do not wait for. */
  readonly settle: () => Promise<void>;
  readonly logged: readonly string[];
  readonly backend: SessionBackend | "securecookie";
}

interface RunOptions {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  /** Default: that of the application. */
  readonly client?: TestClient;
}

interface Options extends Partial<SessionConfig> {
  readonly middleware?: MiddlewareList;
  readonly appOptions?: Readonly<Record<string, unknown>>;
  readonly baseUrl?: string;
  /** Default: sessions are in their cookies. */
  readonly medium?: DoorMedium;
  /** What the error handler does before it answers. */
  readonly onError?: (store: SessionStore) => Promise<void>;
}

export function sessionApp({ middleware = [], appOptions = {}, baseUrl, medium, onError, ...config }: Options = {}): SessionApp {
  let clock = 1_700_000_000_000;
  const works: Work[] = [];
  const logged: string[] = [];
  const note = (message: string) => void logged.push(message);
  const backend = config.backend ?? medium?.open(() => clock) ?? "securecookie";
  class Handler extends RequestHandler {
    static override middleware: MiddlewareList = [...middleware, SessionMiddleware];
    async get() {
      const store = local.sessionStore;
      const work = works[Number(request.headers.get("x-work"))]!;
      return ((await work(store, () => store.getSession<AnyData>())) ?? html`done`) as never;
    }
    post() {
      return this.get();
    }
  }
  // Only tests of the deadline set one that a busy machine could exceed.
  const session = { secretKey, now: () => clock, deadline: 60_000, ...config, backend };
  const logger = { error: note, warn: note, info: note, debug: note };
  const rules = [new Rule("/", { handler: Handler }), new Rule("/other", { handler: Handler })];
  const workOf: WorkOf = (request) => works[Number(request.headers.get("x-work"))]!;
  const handleError = async (error: unknown, store: SessionStore) => {
    await onError?.(store);
    note(`500: ${String(error)}`);
  };
  const makeApp = () =>
    new App({ rules, config: { session }, logger, ...(onError && { errorHandlers: handlersOf(onError) }), ...appOptions });
  const { withoutApp: isWithoutApp, adapter } = medium ?? {};
  const sessions = () => new Sessions({ logger, ...session });
  const app =
    adapter !== undefined
      ? ({ fetch: adapter.make(sessions(), (request, store) => doWork(workOf(request), store), handleError) } as unknown as App)
      : isWithoutApp === true
        ? withoutApp(sessions(), workOf, handleError)
        : makeApp();
  const browser = () => new TestClient(app, { now: () => clock, ...(baseUrl === undefined ? {} : { baseUrl }) });
  const own = browser();
  const number = (work: Work) => String(works.push(work) - 1);
  const run = async (work: Work, { method = "GET", path = "/", headers = {}, client = own }: RunOptions = {}) => {
    return client.request(path, { method, headers: { ...headers, "x-work": number(work) } });
  };
  return {
    app,
    client: own,
    number,
    run,
    async begin(work, options) {
      const loaded = gate();
      const told = gate();
      const response = run(async (store, session) => {
        await session();
        loaded.open();
        await told.opened;
        return work(store, session);
      }, options);
      await Promise.race([loaded.opened, response]);
      return {
        finish() {
          told.open();
          return response;
        },
      };
    },
    async data(options) {
      let found: AnyData = {};
      await run(async (_store, session) => void (found = (await session()).toJSON()), options);
      return found;
    },
    browser,
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

function handlersOf(onError: (store: SessionStore) => Promise<void>) {
  return {
    async 500() {
      await onError(local.sessionStore);
      return text("Internal Server Error", { status: 500 });
    },
  };
}

type WorkOf = (request: Request) => Work;

/** Answers requests as the `App` does, with `Sessions` alone. */
function withoutApp(sessions: Sessions, workOf: WorkOf, onError: (error: unknown, store: SessionStore) => Promise<void>): App {
  const fetch = (request: Request) =>
    sessions.run(request, (visit) => doWork(workOf(request), visit), {
      async onError(error, visit) {
        await onError(error, visit);
        return new globalThis.Response("Internal Server Error", { status: 500 });
      },
    });
  return { fetch } as unknown as App;
}

async function doWork(work: Work, store: SessionStore): Promise<globalThis.Response> {
  const given: unknown = (await work(store, () => store.getSession<AnyData>())) ?? "done";
  return given instanceof globalThis.Response ? given : new globalThis.Response(String(given));
}

/** Answers every error of a handler with a page. */
export class Rescue implements Middleware {
  handleException() {
    return text("rescued");
  }
}

export const setCookies = (response: Response): readonly string[] => response.headers.getSetCookie();
