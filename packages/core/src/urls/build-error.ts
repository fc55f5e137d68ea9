/** A URL could not be built. The message names the endpoint and what to change. */
export class BuildError extends Error {
  readonly code = "MINI_BUILD";
  /** Name of the endpoint. */
  readonly endpoint: string;
  /** Required parameters that are missing; empty when no rule has the endpoint. */
  readonly missing: readonly string[];
  /** The endpoint with the most similar name, if any is similar. */
  readonly nearest: string | undefined;

  constructor(
    endpoint: string,
    {
      missing = [],
      nearest,
      problem,
    }: {
      readonly missing?: readonly string[] | undefined;
      readonly nearest?: string | undefined;
      readonly problem?: string | undefined;
    },
  ) {
    const what =
      problem ??
      (missing.length > 0
        ? `missing ${quoted(missing)}`
        : `no rule has that endpoint${nearest === undefined ? "" : `; did you mean "${nearest}"?`}`);
    super(`Cannot build a URL for "${endpoint}": ${what}`);
    this.endpoint = endpoint;
    this.missing = missing;
    this.nearest = nearest;
  }

  override get name(): string {
    return "BuildError";
  }
}

/** Names for a message. */
export const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(", ");
