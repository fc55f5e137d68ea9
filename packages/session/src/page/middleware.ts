import { beforeHead, ConfigError, deleteCookie, local, LocalError, setCookie, setHeader, setLocal, vary } from "@mini/core";
import type { Application, Middleware, Request, RequestHandler } from "@mini/core";
import { Form } from "@mini/core/base";
import { isSessions, sharedOf } from "../engine/shared-of.ts";
import type { Sessions } from "../engine/sessions.ts";
import { SessionCommittedError, unsentHead, type Head } from "../request/head.ts";
import { RequestSessions } from "../request/request.ts";
import type { SessionStore } from "../request/session-store.ts";
import type { SharedSessions } from "../request/shared-sessions.ts";
import type { SessionConfig } from "../settings/config.ts";
import { secretKeyRemedy } from "../settings/checks.ts";

declare module "@mini/core" {
  interface Local {
    /** Set by `SessionMiddleware`. Reading it in a request without this middleware throws a `LocalError`. */
    readonly sessionStore: SessionStore;
  }

  interface Config {
    /** Settings of `@mini/session`, or the `Sessions` that were made with them. */
    readonly session?: SessionConfig | Sessions;
  }
}

/** The newest instance of the middleware of each application. */
const instances = new WeakMap<object, SessionMiddleware>();

/** Sets `local.sessionStore` of a request, if no list of middleware has set it. */
export function provideStore(handler: RequestHandler): void {
  if ("sessionStore" in local) return;
  (instances.get(handler.app) ?? new SessionMiddleware(handler.app)).beforeDispatch(handler);
}

/** The part of an application that the middleware reads. */
type SessionApplication = Pick<Application, "config" | "logger"> & Partial<Pick<Application, "basePath">>;

/** Sets `local.sessionStore` of each request. Changes are committed before the head of the response is sent. */
export class SessionMiddleware implements Middleware {
  static readonly provides = ["sessionStore"] as const;
  static {
    LocalError.providers.set("sessionStore", "SessionMiddleware");
  }
  readonly #shared: SharedSessions;

  /** @throws ConfigError when `config.session` is missing or wrong. */
  constructor(app: SessionApplication) {
    const { session } = app.config;
    this.#shared = sharedOf(isSessions(session) ? session : settingsFor(app, session), Form);
    instances.set(app, this);
  }

  beforeDispatch({ request }: RequestHandler): void {
    setLocal("sessionStore", new RequestSessions(this.#shared, request, head));
  }

  /** Without a response nothing is committed, except by `session.commit()`. */
  provideLocals(request: Request): void {
    setLocal("sessionStore", new RequestSessions(this.#shared, request, unsentHead));
  }
}

/** The settings, with the logger of the application, and its `basePath` as the path of cookies. */
function settingsFor({ logger, basePath = "" }: SessionApplication, config: SessionConfig | undefined): SessionConfig {
  if (config === undefined) throw new ConfigError(`The App has no config.session, and its secretKey is missing. ${secretKeyRemedy}`);
  // Cookies with the prefix __Host- are for the whole host.
  if (basePath === "" || config.cookie?.path !== undefined || config.cookie?.prefix === "host") return { logger, ...config };
  return { logger, ...config, cookie: { ...config.cookie, path: basePath } };
}

/** The head of the running request's response. All requests share this object. */
const head: Head = {
  get hasFailed() {
    return "error" in local;
  },
  beforeHead(work) {
    try {
      beforeHead(work);
    } catch (error) {
      // Within a request, beforeHead() fails only when the head is being written.
      if (error instanceof LocalError) throw error;
      throw new SessionCommittedError("use a session or secure cookie for the first time", { cause: error });
    }
  },
  vary,
  setCookie,
  deleteCookie,
  setHeader,
};
