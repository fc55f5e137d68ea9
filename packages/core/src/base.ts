export { cookieValues, serializeCookie } from "./http/cookie.ts";
export type { CookieOptions } from "./http/cookie.ts";
export { ConfigError, HTTPError } from "./http/errors.ts";
export type { HTTPErrorOptions } from "./http/errors.ts";
export { mergeVary } from "./http/headers.ts";
export { LineLogger } from "./context/logger.ts";
export type { Logger } from "./context/logger.ts";
export { withoutRequest } from "./context/running-request.ts";
