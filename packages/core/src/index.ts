export { App } from "./app/app.ts";
export type { AppOptions } from "./app/app.ts";
export type { Application, Config } from "./context/application.ts";
export type { FormOptions } from "./http/body.ts";
export { beforeHead, deleteCookie, setCookie, setHeader, vary } from "./context/head-functions.ts";
export type { Context } from "./context/context.ts";
export { cookieValues, parseCookies, serializeCookie } from "./http/cookie.ts";
export type { CookieOptions } from "./http/cookie.ts";
export { int, matching, number, oneOf, uuid } from "./rules/converter.ts";
export type { Converter, NumberOptions } from "./rules/converter.ts";
export type { CrossOriginOption } from "./app/cross-origin.ts";
export {
  abort,
  BuildError,
  ConfigError,
  DuplicateRuleError,
  HTTPError,
  LocalError,
  PortInUseError,
  RuleError,
  UnsafeRedirectError,
} from "./http/errors.ts";
export type { HTTPErrorOptions } from "./http/errors.ts";
export { EndpointPrefix, Host, Submount } from "./rules/rule-factories.ts";
export type { ErrorHandler } from "./app/error-pages.ts";
export { RequestHandler } from "./app/handler.ts";
export type { HandlerClass, HandlerResult, Middleware, MiddlewareClass, MiddlewareList } from "./app/handler.ts";
export { escapeHtml, html, Html, raw } from "./http/html.ts";
export type { JsonOptions } from "./http/json-body.ts";
export { local, setLocal, withoutRequest } from "./context/local.ts";
export type { Local } from "./context/local.ts";
export type { Logger } from "./context/logger.ts";
export type { PathParams, RuleArgs } from "./rules/rule-types.ts";
export type { TrustProxy } from "./http/forwarded.ts";
export { redirect } from "./context/redirect.ts";
export type { RedirectOptions } from "./context/redirect.ts";
export { request } from "./context/request.ts";
export type { Request } from "./context/request.ts";
export { json, Response, text } from "./http/response.ts";
export type { UrlOptions } from "./urls/endpoint-urls.ts";
export type { RuleDescription } from "./routing/router.ts";
export { Rule } from "./rules/rule.ts";
export type { RedirectTarget, RuleOptions } from "./rules/rule.ts";
export { SecurityHeaders } from "./app/security-headers.ts";
export { urlFor } from "./context/url-for.ts";
export type { Register } from "./context/url-for.ts";
