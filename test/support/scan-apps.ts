/**
 * Scans every response of every application, and reports those that break a rule. Tests make applications in many ways (`App`, `TestClient`,
 * `serve`, examples), and all of them go through these methods of `App` and `SessionStore`. So the methods are wrapped here, once in a
 * process, and tests need not do anything.
 */
import type { SessionConfig, SessionCookieOptions, SessionOptions } from "@mini/session";
import { App } from "../../packages/core/src/app/app.ts";
import { Context } from "../../packages/core/src/context/context.ts";
import { partsOf, Response } from "../../packages/core/src/http/response.ts";
import { scan, type KnownCookie } from "./response-scan.ts";

/** How a request has used its sessions. */
interface Use {
  accessed: boolean;
  /** Whether a session was committed before the end. */
  committed: boolean;
  /** Names of the sessions that may be committed at its end. */
  readonly sessions: Set<unknown>;
  /** By the name of a session or cookie: whether it was set without HttpOnly or Secure. */
  readonly keys: Map<string, KnownCookie>;
}

const contexts = new WeakMap<globalThis.Request, Context>();
const uses = new WeakMap<object, Use>();

function useOf(owner: object): Use {
  let use = uses.get(owner);
  if (use === undefined) uses.set(owner, (use = { accessed: false, committed: false, sessions: new Set(), keys: new Map() }));
  return use;
}

type Method = (this: object, ...args: unknown[]) => unknown;

/** Wraps a method of a class. */
function wrap(prototype: object, name: string, around: (method: Method) => Method): void {
  const methods = prototype as Record<string, Method>;
  methods[name] = around(methods[name]!);
}

function note(store: object, key: unknown, { httpOnly, secure }: SessionCookieOptions = {}): void {
  const { keys } = useOf(store);
  const name = typeof key === "string" ? key : "";
  const known = keys.get(name);
  keys.set(name, {
    isReadable: known?.isReadable === true || httpOnly === false,
    isInsecure: known?.isInsecure === true || secure === false,
  });
}

/** Notes every use of a session store. */
function watchStore(prototype: object): void {
  for (const name of ["getSession", "deleteSession", "listSessions", "revoke", "revokeOthers", "revokeAll", "getSecureCookie"]) {
    wrap(
      prototype,
      name,
      (method) =>
        function (...args) {
          useOf(this).accessed = true;
          if (/Session$|Cookie$/.test(name)) note(this, args[0], (args[1] as SessionOptions | undefined)?.cookie);
          const result = method.apply(this, args);
          if (name !== "getSession") return result;
          useOf(this).sessions.add(args[0]);
          (result as Promise<object>).then((session) => watchSession(this, session), ignore);
          return result;
        },
    );
  }
  wrap(
    prototype,
    "updateSessionOptions",
    (method) =>
      function (...args) {
        note(this, args[0], (args[1] as SessionOptions).cookie);
        return method.apply(this, args);
      },
  );
  wrap(
    prototype,
    "setSecureCookie",
    (method) =>
      function (...args) {
        note(this, args[0], args[2] as SessionCookieOptions | undefined);
        method.apply(this, args);
        useOf(this).accessed = true;
      },
  );
}

/** Notes what is saved although the request fails: a commit before its end, and messages of its error handler. */
function watchSession(store: object, session: object): void {
  if (Object.hasOwn(session, "commit")) return;
  const { commit, flash } = session as { commit: () => Promise<void>; flash: (message: unknown, level?: string) => void };
  const committing = () => {
    useOf(store).committed = true;
    return commit.call(session);
  };
  const flashing = (message: unknown, level?: string) => {
    if ((store as { readonly hasFailed: boolean }).hasFailed) useOf(store).committed = true;
    flash.call(session, message, level);
  };
  Object.defineProperties(session, { commit: { value: committing }, flash: { value: flashing } });
}

function ignore(): void {}

const stores = new WeakSet<object>();

wrap(
  Context.prototype,
  "set",
  (set) =>
    function (name, value) {
      if (name === "sessionStore") {
        const prototype = Object.getPrototypeOf(value) as object;
        if (!stores.has(prototype)) watchStore(prototype);
        stores.add(prototype);
      }
      return set.call(this, name, value);
    },
);

wrap(
  App.prototype,
  "createContext",
  (create) =>
    function (request, platform) {
      const context = create.call(this, request, platform) as Context;
      contexts.set(request as globalThis.Request, context);
      return context;
    },
);

wrap(
  App.prototype,
  "answer",
  (answers) =>
    function (request, platform) {
      const answer = answers.call(this, request, platform) as Response | Promise<Response>;
      const look = (response: Response) => lookAt(this as App, request as globalThis.Request, response);
      // This promise is not returned, so that the caller does not wait longer.
      if (answer instanceof Response) look(answer);
      else answer.then(look, ignore);
      return answer;
    },
);

/** The settings of an application's sessions. */
function configOf({ config: { session } }: App): SessionConfig | undefined {
  if (session === undefined || !("shared" in session)) return session;
  const { cookieName, cookie, prefix } = session.shared.settings;
  return { secretKey: "", cookieName, cookie: { ...cookie, ...(prefix !== "" && { prefix: prefix === "__Host-" ? "host" : "secure" }) } };
}

function lookAt(app: App, asked: globalThis.Request, response: Response): void {
  const context = contexts.get(asked)!;
  const { request, error } = context;
  const { status, headers, body } = partsOf(response);
  const store = context.get("sessionStore") as object | undefined;
  const use = store && useOf(store);
  const { cookieName = "session", cookie = {} } = configOf(app) ?? {};
  const prefix = { host: "__Host-", secure: "__Secure-", none: "" }[cookie.prefix ?? "none"];
  scan(`${request.method} ${request.path}`, {
    status,
    headers,
    text: status < 400 || body instanceof ReadableStream ? undefined : String(body),
    secure: request.secure,
    debug: app.debug,
    accessed: use?.accessed === true,
    known(name) {
      const key = name.slice(prefix.length);
      const known = key === cookieName ? (use?.keys.get(key) ?? use?.keys.get("") ?? nothing) : use?.keys.get(key);
      if (use === undefined || known === undefined || !name.startsWith(prefix)) return undefined;
      return {
        isReadable: known.isReadable || cookie.httpOnly === false,
        isInsecure: known.isInsecure || cookie.secure === false,
      };
    },
    failed: error !== undefined || (status === 503 && headers.includes("retry-after")),
    kept: use !== undefined && (use.committed || use.sessions.size > 1),
  });
}

const nothing: KnownCookie = { isReadable: false, isInsecure: false };
