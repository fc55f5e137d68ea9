/** Names of status codes, which are the messages of an `HTTPError` without one. RFC 9110 §15. */
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

/** The name of an error status; `"Error"` for one without a name. */
export function statusPhrase(status: number): string {
  return phrases[status] ?? "Error";
}

/** What an {@link HTTPError} may have besides status and message. */
export interface HTTPErrorOptions {
  /** Headers of the response, such as `Allow` or `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** What caused the error. It is logged, never sent. */
  readonly cause?: unknown;
}

/**
 * An error that is answered with a status from 400 to 599, and a message that the client may read.
 *
 * @throws RangeError for any other status.
 */
export class HTTPError extends Error {
  readonly code: string = "MINI_HTTP";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message?: string, options: HTTPErrorOptions = {}) {
    if (!Number.isInteger(status) || status < 400 || status > 599) {
      throw new RangeError(`Cannot make an HTTPError with status ${status}: it must be a whole number from 400 to 599.`);
    }
    super(message ?? statusPhrase(status), options);
    this.status = status;
    this.headers = options.headers ?? {};
  }

  override get name(): string {
    return "HTTPError";
  }
}

/** One reason why the input of a request was refused. RFC 9457 §3. */
export interface InputError {
  /** Where in the input it is: a JSON pointer in a fragment, such as `#/items/0/name`. RFC 6901 §6. */
  readonly pointer: string;
  /** A sentence for people. */
  readonly detail: string;
}

/** The input of a request was refused, for reasons that the client may read. Answered with 422. */
export class ValidationError extends HTTPError {
  override readonly code = "MINI_VALIDATION";
  readonly errors: readonly InputError[];

  constructor(errors: readonly InputError[]) {
    super(422, "Some of the input was refused.");
    this.errors = errors;
  }

  override get name(): string {
    return "ValidationError";
  }
}

/**
 * Ends the request with an error status: throws an {@link HTTPError}.
 *
 * @param message - Sent to the client. Default: the name of the status.
 * @param options - `headers` of the response, and a `cause`, which is logged and never sent.
 */
export function abort(status: number, message?: string, options?: HTTPErrorOptions): never {
  throw new HTTPError(status, message, options);
}

/** A setting is missing or wrong. Thrown at start; the message names the setting and how to correct it. */
export class ConfigError extends Error {
  readonly code = "MINI_CONFIG";

  override get name(): string {
    return "ConfigError";
  }
}
