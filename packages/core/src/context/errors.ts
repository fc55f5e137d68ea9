import { HTTPError } from "../http/errors.ts";

/** A redirect to another site was refused. Answered with 400. */
export class UnsafeRedirectError extends HTTPError {
  override readonly code = "MINI_UNSAFE_REDIRECT";

  constructor() {
    super(400, "The redirect target is not on this site.");
  }

  override get name(): string {
    return "UnsafeRedirectError";
  }
}

/** `local` was used outside a request, or a name was read that was not set. */
export class LocalError extends Error {
  /** By name of `local`, the middleware class of a package that sets it. The message names it if no middleware of the application does. */
  static readonly providers: Map<string, string> = new Map<string, string>();
  readonly code = "MINI_LOCAL";

  override get name(): string {
    return "LocalError";
  }
}
