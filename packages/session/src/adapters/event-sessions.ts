import { HTTPError } from "@mini/core/base";
import type { OutgoingHeaders } from "../engine/collected-head.ts";
import type { Sessions } from "../engine/sessions.ts";
import { sharedOf } from "../engine/shared-of.ts";
import { FetchRequest } from "../engine/visit.ts";
import type { SessionConfig } from "../settings/config.ts";
import { FrameworkVisit } from "./framework-visit.ts";
import type { FetchSessionsOptions, SessionVariables } from "./hono.ts";
import { SessionPromise } from "./session-promise.ts";

// oxlint-disable-next-line typescript/ban-ts-comment -- Applications may not have h3, so no source imports it, and the compiler refuses this without an import. In declarations it does not.
// @ts-ignore
declare module "h3" {
  interface H3EventContext extends SessionVariables {}
}

/** What the adapter needs of an `H3Event`. */
export interface H3EventLike {
  readonly req: Request;
  readonly res: { readonly status?: number | undefined; readonly headers: Headers; readonly errHeaders: Headers };
  readonly context: object;
}

/**
 * A middleware of h3 2: gives each event `event.context.session` and `event.context.sessionStore`. Changes are committed before the response
 * leaves. If that fails, h3 answers the error with its `onError`.
 *
 * @param config - Settings of sessions, or the `Sessions` that were made with them.
 * @throws ConfigError for wrong settings.
 * @example
 * ```ts
 * import { H3 } from "h3";
 * import { h3Sessions } from "@mini/session/fetch";
 *
 * const app = new H3();
 * app.use(h3Sessions({ secretKey: process.env.SECRET_KEY! }));
 * app.get("/", async (event) => `Visit ${(await event.context.session).increment("visits")}`);
 * ```
 */
export function h3Sessions(
  config: SessionConfig | Sessions,
  { secure }: FetchSessionsOptions = {},
): (event: H3EventLike, next: () => unknown) => Promise<unknown> {
  const shared = sharedOf(config);
  return async (event, next) => {
    const context = event.context as Partial<SessionVariables>;
    if (context.sessionStore instanceof FrameworkVisit && context.sessionStore.isOf(config)) return next();
    const visit = new FrameworkVisit(config, shared, new FetchRequest(event.req, secure && (() => secure(event.req))));
    context.session = new SessionPromise(() => visit.getSession());
    context.sessionStore = visit;
    let value: unknown;
    try {
      value = await next();
    } catch (error) {
      if (isUnexpected(error)) visit.head.fail();
      await commitAndAddHeaders(event, visit, { status: 500, headers: new Headers() });
      throw error;
    }
    await commitAndAddHeaders(event, visit, value);
    return value;
  };
}

/** A value that may be returned to h3. A response has its own status and headers. */
interface ResponseLike {
  readonly status?: number | undefined;
  readonly headers?: Headers | undefined;
  readonly body?: unknown;
}

/** Commits, and adds to the headers that h3 puts into the response. @throws The error of the commit. */
async function commitAndAddHeaders({ res }: H3EventLike, visit: FrameworkVisit, value: unknown): Promise<void> {
  if (!visit.isUsed) return visit.head.closeUnused();
  const answer: ResponseLike = typeof value === "object" && value !== null ? value : {};
  const own = answer.headers instanceof Headers ? answer.headers : undefined;
  const status = (own && answer.status) ?? res.status ?? 200;
  const failure = await visit.close({ status, headers: { get: (name) => res.headers.get(name) ?? own?.get(name) ?? null } });
  if (failure === undefined) visit.head.writeTo(both(res.headers, own));
  // h3 uses these for errors, and for responses with an error status.
  visit.head.writeTo(both(res.errHeaders, own));
  if (failure === undefined) return;
  // A stream may hold a file or a connection open.
  if (answer.body instanceof ReadableStream) answer.body.cancel().catch(() => undefined);
  throw failure.error;
}

/** Headers of the event, which h3 sets over those of the response. Reading finds both. */
function both(prepared: Headers, own: Headers | undefined): OutgoingHeaders {
  return {
    get: (name) => [prepared.get(name), own?.get(name)].filter((value) => value).join(", ") || null,
    set: (name, value) => prepared.set(name, value),
    append: (name, value) => prepared.append(name, value),
  };
}

/** Whether an error is not an intended response, such as an `HTTPError`. */
function isUnexpected(error: unknown): boolean {
  if (error instanceof HTTPError || !(error instanceof Error)) return !(error instanceof HTTPError);
  return error.name !== "HTTPError" || (error as { readonly unhandled?: unknown }).unhandled === true;
}
