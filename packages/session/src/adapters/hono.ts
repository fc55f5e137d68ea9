import { HTTPError } from "@mini/core/base";
import { CollectedHead } from "../engine/collected-head.ts";
import type { Sessions } from "../engine/sessions.ts";
import { sharedOf } from "../engine/shared-of.ts";
import { FetchRequest } from "../engine/visit.ts";
import type { SessionStore } from "../request/session-store.ts";
import type { Session } from "../request/session.ts";
import type { SessionConfig } from "../settings/config.ts";
import { FrameworkVisit } from "./framework-visit.ts";
import { SessionPromise } from "./session-promise.ts";

/** What an adapter adds to the variables of a request. */
export interface SessionVariables {
  /** The default session, loaded when it is awaited. */
  session: Promise<Session>;
  /** All sessions of the request. */
  sessionStore: SessionStore;
}

// oxlint-disable-next-line typescript/ban-ts-comment -- Applications may not have Hono, so no source imports it, and the compiler refuses this without an import. In declarations it does not.
// @ts-ignore
declare module "hono" {
  interface ContextVariableMap extends SessionVariables {}
}

/** The part of a `Context` of Hono that the adapter uses. */
export interface HonoContextLike {
  readonly req: { readonly raw: Request };
  readonly error: Error | undefined;
  /** Whether there is a response. */
  readonly finalized: boolean;
  get res(): Response;
  set res(response: Response | undefined);
  header(name: string, value: string, options: { readonly append: boolean }): void;
  get(name: "sessionStore"): unknown;
  set(name: "session", session: Promise<Session>): void;
  set(name: "sessionStore", store: SessionStore): void;
}

export interface FetchSessionsOptions {
  /**
   * Whether the client used https, for example from a header of a proxy. Default: whether the URL of the request begins with
   * `https:`.
   */
  readonly secure?: ((request: Request) => boolean) | undefined;
}

/**
 * A middleware of Hono: gives each request `c.var.session` and `c.var.sessionStore`. Changes are committed before the response leaves; when
 * that fails, the error handler of the application is called.
 *
 * @param config - Settings of sessions, or the `Sessions` that were made with them.
 * @throws ConfigError for wrong settings.
 * @example
 * ```ts
 * import { Hono } from "hono";
 * import { honoSessions } from "@mini/session/fetch";
 *
 * const app = new Hono();
 * app.use(honoSessions({ secretKey: process.env.SECRET_KEY! }));
 * app.get("/", async (c) => c.text(`Visit ${(await c.var.session).increment("visits")}`));
 * ```
 */
export function honoSessions(
  config: SessionConfig | Sessions,
  { secure }: FetchSessionsOptions = {},
): (c: HonoContextLike, next: () => Promise<void>) => Promise<void> {
  const shared = sharedOf(config);
  return async (c, next) => {
    const outer = c.get("sessionStore");
    if (outer instanceof FrameworkVisit && outer.isOf(config)) return next();
    const { raw } = c.req;
    const visit = new FrameworkVisit(config, shared, new FetchRequest(raw, secure && (() => secure(raw))), new HonoHead(c));
    c.set("session", new SessionPromise(() => visit.getSession()));
    c.set("sessionStore", visit);
    try {
      await next();
    } catch (error) {
      // Hono's error handler takes only errors, so this is another value. The server answers it, without our headers.
      visit.head.fail();
      if (visit.isUsed) await visit.close(new Response(null, { status: 500 }));
      throw error;
    }
    if (visit.isUsed) await commitAndAddHeaders(c, visit);
    else visit.head.closeUnused();
    return undefined;
  };
}

/** A head that adds to the prepared headers of Hono if possible, because a response that is made with them need not be copied. */
class HonoHead extends CollectedHead {
  readonly #context: HonoContextLike;

  constructor(context: HonoContextLike) {
    super(() => isUnexpected(context.error));
    this.#context = context;
  }

  override vary(name: string): void {
    super.vary(name);
    if (!this.#context.finalized) this.#context.header("vary", name, { append: true });
  }
}

/** Commits, and adds the cookies and headers to the response of Hono. @throws The error of the commit. */
async function commitAndAddHeaders(c: HonoContextLike, visit: FrameworkVisit): Promise<void> {
  const response = c.res;
  const failure = await visit.close(response);
  if (failure === undefined) {
    replace(c, response, visit.head.addTo(response));
    return;
  }
  // A stream may hold a file or a connection open.
  response.body?.cancel().catch(() => undefined);
  // Hono adds the headers of this response to the response of its error handler.
  replace(c, response, visit.head.addTo(new Response(null)));
  throw failure.error;
}

function replace(c: HonoContextLike, response: Response, by: Response): void {
  if (by === response) return;
  // Otherwise Hono sets the headers of the earlier response over those of the new one.
  c.res = undefined;
  c.res = by;
}

/** Whether an error is not an intended response. An error with a response is an `HTTPException` of Hono. */
function isUnexpected(error: Error | undefined): boolean {
  return error !== undefined && !(error instanceof HTTPError) && !("getResponse" in error);
}
