import type { App } from "../app/app.ts";
import { storage } from "../context/local.ts";

/** What is needed of an application to run something in a request's context. */
type Contextual = Pick<App, "createContext">;

/**
 * Runs `work` as if it were called by a handler: `local`, `request` and `urlFor` work inside, also after an
 * `await`. No middleware runs, and nothing is sent.
 *
 * @param request - A standard request, or a URL for a GET; a path stands for one on `http://localhost`.
 */
export function runInRequest<T>(app: Contextual, request: Request | string, work: () => T): T {
  const web = typeof request === "string" ? new Request(new URL(request, "http://localhost")) : request;
  return storage.run(app.createContext(web), work);
}
