export type { FormOptions } from "./http/body.ts";
export { cookieValues, parseCookies, serializeCookie } from "./http/cookie.ts";
export type { CookieOptions } from "./http/cookie.ts";
export { abort, ConfigError, HTTPError, ValidationError } from "./http/errors.ts";
export type { HTTPErrorOptions, InputError } from "./http/errors.ts";
export type { TrustProxy } from "./http/forwarded.ts";
export { escapeHtml, html, Html, raw } from "./http/html.ts";
export type { JsonOptions } from "./http/json-body.ts";
export { json, Response, text } from "./http/response.ts";
export { field, problem } from "./forms/field.ts";
export { Form } from "./forms/form.ts";
export type { FormFields } from "./forms/form.ts";
export type { Part, PartOptions } from "./forms/parts.ts";
export type { FormReadOptions } from "./forms/read.ts";
export type { StandardSchema } from "./forms/schema.ts";
export { int, matching, number, oneOf, uuid } from "./rules/converter.ts";
export type { Converter, NumberOptions } from "./rules/converter.ts";
export { DuplicateRuleError, RuleError } from "./rules/errors.ts";
export { EndpointPrefix, Host, Submount } from "./rules/rule-factories.ts";
export type { PathParams, RuleArgs } from "./rules/rule-types.ts";
export { Rule } from "./rules/rule.ts";
export type { RedirectTarget, RuleOptions } from "./rules/rule.ts";
export { BuildError } from "./urls/build-error.ts";
export type { UrlOptions } from "./urls/endpoint-urls.ts";
export type { RuleDescription } from "./routing/describe-rules.ts";
export { accepts, acceptsEncodings, acceptsLanguages } from "./context/accepts.ts";
export type { Application, Config } from "./context/application.ts";
export type { Context } from "./context/context.ts";
export { LocalError, UnsafeRedirectError } from "./context/errors.ts";
export type { Logger } from "./context/logger.ts";
export { redirect, seeOther } from "./context/redirect.ts";
export type { RedirectOptions } from "./context/redirect.ts";
export type { Request } from "./context/request.ts";
export {
  beforeHead,
  deleteCookie,
  local,
  request,
  setCookie,
  setHeader,
  setLocal,
  vary,
  withoutRequest,
} from "./context/running-request.ts";
export type { Local } from "./context/running-request.ts";
export { urlFor } from "./context/url-for.ts";
export type { Register } from "./context/url-for.ts";
export { App } from "./app/app.ts";
export type { AppOptions } from "./app/app.ts";
export type { CrossOriginOption } from "./app/cross-origin.ts";
export type { ErrorHandler } from "./app/error-pages.ts";
export { RequestHandler } from "./app/handler.ts";
export type { HandlerClass, HandlerResult, Middleware, MiddlewareClass, MiddlewareList } from "./app/handler.ts";
export { SecurityHeaders } from "./app/security-headers.ts";
export { PortInUseError } from "./server/port-in-use-error.ts";
