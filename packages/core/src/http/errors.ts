/** Status codes with a name of their own; what an `HTTPError` without a message says. RFC 9110 §15. */
const phrases: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  402: "Payment Required",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  411: "Length Required",
  412: "Precondition Failed",
  413: "Content Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  417: "Expectation Failed",
  418: "I'm a Teapot",
  421: "Misdirected Request",
  422: "Unprocessable Content",
  423: "Locked",
  424: "Failed Dependency",
  425: "Too Early",
  426: "Upgrade Required",
  428: "Precondition Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  451: "Unavailable For Legal Reasons",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
  507: "Insufficient Storage",
};

/** The name of an error status, `"Error"` for one that has none. */
export function statusPhrase(status: number): string {
  return phrases[status] ?? "Error";
}

/** What an {@link HTTPError} may carry beside status and message. */
export interface HTTPErrorOptions {
  /** Headers of the answer, such as `Allow` or `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** What led to it; logged, never sent. */
  readonly cause?: unknown;
}

/**
 * An answer to the client, thrown: status 400 to 599, a message the client may read.
 *
 * @throws RangeError for any other status.
 */
export class HTTPError extends Error {
  readonly code: string = "MINI_HTTP";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message?: string, { headers = {}, cause }: HTTPErrorOptions = {}) {
    if (!Number.isInteger(status) || status < 400 || status > 599) {
      throw new RangeError(`Cannot make an HTTPError with status ${status}: it must be a whole number from 400 to 599.`);
    }
    super(message ?? statusPhrase(status), cause === undefined ? undefined : { cause });
    this.status = status;
    this.headers = headers;
  }

  override get name(): string {
    return "HTTPError";
  }
}

/**
 * Ends the request with an error status: throws an {@link HTTPError}.
 *
 * @param message - Sent to the client; left out, the status's own phrase.
 */
export function abort(status: number, message?: string): never {
  throw new HTTPError(status, message);
}

/** A redirect to another site was refused; answered with 400. */
export class UnsafeRedirectError extends HTTPError {
  override readonly code = "MINI_UNSAFE_REDIRECT";

  constructor() {
    super(400, "The redirect target is not on this site.");
  }

  override get name(): string {
    return "UnsafeRedirectError";
  }
}

/** The rules given to an App are wrong; thrown at start, naming every rule and what to change. */
export class RuleError extends Error {
  readonly code: string = "MINI_RULE";
  /** One sentence for each rule that was refused. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(problems.length === 1 ? problems[0] : `${problems.length} things are wrong with the rules:\n- ${problems.join("\n- ")}`, options);
    this.problems = problems;
  }

  override get name(): string {
    return "RuleError";
  }
}

/** Two rules can never be told apart; thrown at start, naming both. */
export class DuplicateRuleError extends RuleError {
  override readonly code = "MINI_DUPLICATE_RULE";

  override get name(): string {
    return "DuplicateRuleError";
  }
}

/** A URL could not be built; the message names the endpoint and what to change. */
export class BuildError extends Error {
  readonly code = "MINI_BUILD";
  /** Name that was asked for. */
  readonly endpoint: string;
  /** Parameters the rule needs and did not get; empty when no rule has the name. */
  readonly missing: readonly string[];
  /** The endpoint spelled most like the one asked for, if any comes near. */
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
        ? `missing ${missing.map((name) => `"${name}"`).join(", ")}`
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

/** `local` was read outside a request, or for something that nothing has set. */
export class LocalError extends Error {
  readonly code = "MINI_LOCAL";

  override get name(): string {
    return "LocalError";
  }
}

/** A setting is missing or wrong; thrown at start, saying which and how to mend it. */
export class ConfigError extends Error {
  readonly code = "MINI_CONFIG";

  override get name(): string {
    return "ConfigError";
  }
}

/** The port to listen on is taken. */
export class PortInUseError extends Error {
  readonly code = "MINI_PORT_IN_USE";
  readonly port: number;

  constructor(port: number, hostname: string, options?: ErrorOptions) {
    super(`Cannot listen on ${hostname}:${port}: the port is in use. Stop what listens there, or choose another port.`, options);
    this.port = port;
  }

  override get name(): string {
    return "PortInUseError";
  }
}
