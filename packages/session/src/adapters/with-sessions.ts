import { type RunOptions, Sessions } from "../engine/sessions.ts";
import type { Visit } from "../engine/visit.ts";
import type { SessionConfig } from "../settings/config.ts";

/**
 * A function that answers requests, for Workers, Bun, Deno and the routes of other frameworks. Errors are treated as `sessions.run` does.
 *
 * @param handler - Called with the request, its sessions, and what else the server passes.
 * @throws ConfigError for wrong settings.
 * @example
 * ```ts
 * import { withSessions } from "@mini/session/fetch";
 *
 * export default {
 *   fetch: withSessions({ secretKey: process.env.SECRET_KEY! }, async (_request, visit) => {
 *     const session = await visit.getSession();
 *     return new Response(`Visit ${session.increment("visits")}`);
 *   }),
 * };
 * ```
 */
export function withSessions<More extends readonly unknown[]>(
  config: SessionConfig | Sessions,
  handler: (request: Request, visit: Visit, ...more: More) => Response | Promise<Response>,
  options?: RunOptions,
): (request: Request, ...more: More) => Promise<Response> {
  const sessions = config instanceof Sessions ? config : new Sessions(config);
  return (request, ...more) => sessions.run(request, (visit) => handler(request, visit, ...more), options);
}
