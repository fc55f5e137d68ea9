import type { App } from "../app/app.ts";
import { storage } from "../context/running-request.ts";

/** The part of an application that is needed to run code in the context of a request. */
type Contextual = Pick<App, "createContext" | "provideLocals">;

/**
 * Runs `work` in the context of a request, as if a handler had called it: `local`, `request` and `urlFor` work, even after an
 * `await`. No middleware runs, and nothing is sent; names of `local` that middleware of the application provides without a handler
 * are set.
 *
 * @param request - A standard request, or a URL for a GET; a path is relative to `http://localhost`.
 */
export function runInRequest<T>(app: Contextual, request: Request | string, work: () => T): T {
  const web = typeof request === "string" ? new Request(new URL(request, "http://localhost")) : request;
  const context = app.createContext(web);
  return storage.run(context, () => {
    app.provideLocals(context.request);
    return work();
  });
}
