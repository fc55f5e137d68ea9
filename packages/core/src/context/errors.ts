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
  /** Names of `local`, and the middleware classes of packages that set them: for the message, if an application lists none of them. */
  static readonly providers: Map<string, string> = new Map<string, string>();
  readonly code = "MINI_LOCAL";

  override get name(): string {
    return "LocalError";
  }
}
