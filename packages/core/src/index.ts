export { App } from "./app.ts";
export type { AppOptions, ErrorHandler } from "./app.ts";
export type { Application, Config } from "./application.ts";
export type { FormOptions } from "./body.ts";
export { beforeHead, deleteCookie, setCookie, setHeader, vary } from "./before-head.ts";
export type { Context } from "./context.ts";
export { cookieValues, parseCookies, serializeCookie } from "./cookie.ts";
export type { CookieOptions } from "./cookie.ts";
export { int, matching, number, oneOf, uuid } from "./converter.ts";
export type { Converter, NumberOptions } from "./converter.ts";
export type { CrossOriginOption } from "./cross-origin.ts";
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
} from "./errors.ts";
export type { HTTPErrorOptions } from "./errors.ts";
export { EndpointPrefix, Host, Submount } from "./factories.ts";
export { RequestHandler } from "./handler.ts";
export type { HandlerClass, HandlerResult, Middleware, MiddlewareClass, MiddlewareList } from "./handler.ts";
export { escapeHtml, html, Html, raw } from "./html.ts";
export type { JsonOptions } from "./json-body.ts";
export { local, setLocal, withoutRequest } from "./local.ts";
export type { Local } from "./local.ts";
export type { Logger } from "./logger.ts";
export type { PathParams, RuleArgs } from "./params.ts";
export type { TrustProxy } from "./proxy.ts";
export { redirect } from "./redirect.ts";
export type { RedirectOptions } from "./redirect.ts";
export { request } from "./request.ts";
export type { Request } from "./request.ts";
export { json, Response, text } from "./response.ts";
export type { UrlOptions } from "./endpoints.ts";
export type { RuleDescription } from "./router.ts";
export { Rule } from "./rule.ts";
export type { RedirectTarget, RuleOptions } from "./rule.ts";
export { SecurityHeaders } from "./security-headers.ts";
export { urlFor } from "./url-for.ts";
export type { Register } from "./url-for.ts";
