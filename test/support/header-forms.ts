import { beforeHead, deleteCookie, html, HTTPError, json, Response, setCookie, setHeader, text, vary, type Middleware } from "@mini/core";

/** A way in which a handler uses a text, which may reach the head of its response. */
export type Form = (payload: string) => unknown;

let hook: ((response: Response) => void) | undefined;

/** Middleware that the handler of a form needs. */
export class FormHook implements Middleware {
  afterDispatch(_handler: unknown, response: Response) {
    const run = hook;
    hook = undefined;
    run?.(response);
    return response;
  }
}

/** Runs the form in a hook of the response that the handler has made. */
const inHook = (form: (payload: string, response: Response) => void): Form => {
  return (payload) => {
    hook = (response) => form(payload, response);
    return text("");
  };
};

const change = (response: { readonly headers: Headers }, done: (headers: Headers) => void) => {
  done(response.headers);
  return response;
};

/** The ways in which an application sets the value of a header. */
export const valueForms: Readonly<Record<string, Form>> = {
  "a Response's headers, as an object": (value) => new Response("", { headers: { "x-a": value } }),
  "a Response's headers, as a list": (value) => new Response("", { headers: [["x-a", value]] }),
  "a Response's headers, as Headers": (value) => new Response("", { headers: new Headers({ "x-a": value }) }),
  "a second header of the name": (value) => new Response("", { headers: { "x-a": "1", "X-A": value } }),
  "a Response's status text": (value) => new Response("", { statusText: value }),
  "a Response with a stream": (value) => new Response(new Blob(["a"]).stream(), { headers: { "x-a": value } }),
  "headers.set of a Response": (value) => change(text(""), (headers) => headers.set("x-a", value)),
  "headers.append of a Response": (value) => change(text("", { headers: { "x-a": "1" } }), (headers) => headers.append("x-a", value)),
  "headers.append of Set-Cookie": (value) => change(text(""), (headers) => headers.append("set-cookie", `a=${value}`)),
  "headers.set in a hook": inHook((value, response) => response.headers.set("x-a", value)),
  "headers.set in a beforeHead function": (value) => {
    beforeHead((response) => response.headers.set("x-a", value));
    return text("");
  },
  "setHeader in a beforeHead function": (value) => {
    beforeHead(() => setHeader("x-a", value));
    return text("");
  },
  "a global Response's headers, as an object": (value) => new globalThis.Response("", { headers: { "x-a": value } }),
  "a global Response's headers, as a list": (value) => new globalThis.Response("", { headers: [["x-a", value]] }),
  "a global Response's status text": (value) => new globalThis.Response("", { statusText: value }),
  "headers.set of a global Response": (value) => change(new globalThis.Response(""), (headers) => headers.set("x-a", value)),
  "text()": (value) => text("", { headers: { "x-a": value } }),
  "json()": (value) => json({}, { headers: { "x-a": value } }),
  "json() with a status text": (value) => json({}, { statusText: value }),
  "Response.json()": (value) => Response.json({}, { headers: { "content-type": value } }),
  "html.response()": (value) => html.response(html``, { headers: { "x-a": value } }),
  "html.response() with a content type": (value) => html.response(html``, { headers: { "content-type": value } }),
  "setHeader()": (value) => (setHeader("x-a", value), text("")),
  "setCookie() with a domain": (value) => (setCookie("a", "b", { domain: value }), text("")),
  "setCookie() with a path": (value) => (setCookie("a", "b", { path: `/${value}` }), text("")),
  "setCookie() with sameSite": (value) => (setCookie("a", "b", { sameSite: value as "lax" }), text("")),
  "deleteCookie() with a domain": (value) => (deleteCookie("a", { domain: value }), text("")),
  "deleteCookie() with a path": (value) => (deleteCookie("a", { path: `/${value}` }), text("")),
  "an HTTPError's headers": (value) => {
    throw new HTTPError(403, "No.", { headers: { "x-a": value } });
  },
  "the headers of an HTTPError with a page of its own": (value) => {
    throw new HTTPError(418, "No.", { headers: { "x-a": value } });
  },
  "the headers of an HTTPError of a beforeHead function": (value) => {
    beforeHead(() => {
      throw new HTTPError(403, "No.", { headers: { "x-a": value } });
    });
    return text("");
  },
};

/** The ways in which an application sets the name of a header or cookie. */
export const nameForms: Readonly<Record<string, Form>> = {
  "a Response's headers, as an object": (name) => new Response("", { headers: { [name]: "1" } }),
  "a Response's headers, as a list": (name) => new Response("", { headers: [[name, "1"]] }),
  "headers.set of a Response": (name) => change(text(""), (headers) => headers.set(name, "1")),
  "headers.append of a Response": (name) => change(text(""), (headers) => headers.append(name, "1")),
  "headers.append in a hook": inHook((name, response) => response.headers.append(name, "1")),
  "a global Response's headers": (name) => new globalThis.Response("", { headers: [[name, "1"]] }),
  "json()": (name) => json({}, { headers: { [name]: "1" } }),
  "html.response()": (name) => html.response(html``, { headers: { [name]: "1" } }),
  "setHeader()": (name) => (setHeader(name, "1"), text("")),
  "vary()": (name) => (vary(name), text("")),
  "an HTTPError's headers": (name) => {
    throw new HTTPError(403, "No.", { headers: { [name]: "1" } });
  },
  "setCookie()": (name) => (setCookie(name, "b"), text("")),
  "deleteCookie()": (name) => (deleteCookie(name), text("")),
};
