import { fromParts, Response } from "./response.ts";

const special = /[&<>"']/;
const specials = /[&<>"']/g;
const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text as HTML, safe between tags and inside quoted attributes: `& < > " '` become entities. */
export function escapeHtml(text: string): string {
  return special.test(text) ? text.replace(specials, (character) => entities[character]!) : text;
}

/** HTML markup, made by {@link html} or {@link raw}. A handler may return it. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }

  toString(): string {
    return this.markup;
  }
}

const type = "text/html; charset=utf-8";

function write(value: unknown): string {
  if (typeof value === "string") return escapeHtml(value);
  if (value instanceof Html) return value.markup;
  if (value === undefined || value === null || value === false) return "";
  if (Array.isArray(value)) {
    let markup = "";
    for (const item of value) markup += write(item);
    return markup;
  }
  return escapeHtml(String(value));
}

/**
 * Markup from a template. Every value is escaped, except {@link Html}, which is inserted as it is; arrays are joined; `undefined`,
 * `null` and `false` insert nothing. Attributes must be quoted. A URL in `href` or `src` is escaped, but not checked: build it
 * with `urlFor`.
 */
export function html(strings: TemplateStringsArray, ...values: readonly unknown[]): Html {
  let markup = strings[0]!;
  for (let i = 0; i < values.length; i++) markup += write(values[i]) + strings[i + 1]!;
  return new Html(markup);
}

/** A response with markup and a status or headers of your own. */
html.response = (markup: Html, init: ResponseInit = {}): Response => {
  const headers = new Headers(init.headers);
  if (!headers.has("content-type")) headers.set("content-type", type);
  return new Response(markup.markup, { ...init, headers });
};

/** The response for a handler that returned markup. */
export function htmlResponse(markup: Html, status = 200): Response {
  return fromParts({ body: markup.markup, status, statusText: "", headers: ["content-type", type] });
}

/** Markup that is inserted without escaping. Never use it for anything that a visitor wrote. */
export function raw(markup: string): Html {
  return new Html(markup);
}
