import type { Context } from "../context/context.ts";
import type { Request } from "../context/request.ts";
import { HTTPError, type InputError, statusPhrase, ValidationError } from "../http/errors.ts";
import { listItems, mergeVary } from "../http/headers.ts";
import { escapeHtml } from "../http/html.ts";
import { Response } from "../http/response.ts";

/**
 * The response to an error for which an error handler has returned markup: the markup with the headers of the error. If the client
 * prefers JSON, problem+json is sent instead.
 */
export function customPage(context: Context, error: unknown, markup: Response): Response {
  context.vary("Accept");
  if (prefersJson(context.request)) return errorPage(context, error);
  for (const [name, value] of Object.entries(answerOf(error).headers)) markup.headers.set(name, value);
  return markup;
}

/** The message for an unexpected error, which does not describe it. */
const unexpected = "Something went wrong on the server.";

/** Status, message and headers of the response to an error. */
function answerOf(error: unknown): { status: number; message: string; headers: Readonly<Record<string, string>> } {
  if (error instanceof HTTPError) return { status: error.status, message: error.message, headers: error.headers };
  return { status: 500, message: unexpected, headers: {} };
}

/** A Content-Type of JSON, such as `application/json; charset=utf-8` or `application/merge-patch+json`. */
const jsonType = /^[^/;]+\/(?:[^;]+\+)?json\s*(?:;|$)/i;

/**
 * Whether the client prefers JSON to HTML. RFC 9110 §12.5.1, as far as the two types need it. A client that accepts both equally, such as
 * `fetch` and curl with their Accept of any type, gets JSON if it has sent JSON.
 */
export function prefersJson({ headers, method }: Request): boolean {
  const accept = headers.get("accept") ?? "";
  const quality = (wanted: readonly string[]) => {
    let best = 0;
    for (const item of listItems(accept)) {
      const [type = "", ...parameters] = item
        .toLowerCase()
        .split(";")
        .map((part) => part.trim());
      if (!wanted.includes(type)) continue;
      const q = parameters.find((parameter) => parameter.startsWith("q="));
      best = Math.max(best, q === undefined ? 1 : Number(q.slice(2)) || 0);
    }
    return best;
  };
  const json = quality(["application/problem+json", "application/json", "application/*"]);
  const page = quality(["text/html", "application/xhtml+xml", "text/*"]);
  // Not for GET and HEAD: caches keep their responses, and do not compare the type of what was sent.
  return json > page || (json === page && method !== "GET" && method !== "HEAD" && jsonType.test(headers.get("content-type") ?? ""));
}

const style =
  "body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}h1{font-size:1.5rem}pre{overflow:auto}";

/** SHA-256 of the style, in base64. */
const styleHash = "1H15fcZMajy6V7vF7m9i+XiSnM1337FRes3i2RBeLEE=";

/** Headers of a built-in page. It needs only its style. */
const pageHeaders = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": `default-src 'none'; style-src 'sha256-${styleHash}'; frame-ancestors 'none'`,
  "x-content-type-options": "nosniff",
  vary: "Accept",
};
const problemHeaders = { "content-type": "application/problem+json", "x-content-type-options": "nosniff", vary: "Accept" };

/**
 * The built-in page of an error: HTML, or problem+json (RFC 9457) if the client prefers it. It shows status and message of an
 * `HTTPError`; any other error is 500 without details.
 */
export function errorPage(context: Context, error: unknown): Response {
  const { status, message, headers } = answerOf(error);
  const title = statusPhrase(status);
  const errors = error instanceof ValidationError ? error.errors : undefined;
  if (prefersJson(context.request)) {
    return problemPage(status, { ...(message !== title && { detail: message }), ...(errors !== undefined && { errors }) }, headers);
  }
  // Without html`...`, so that a bundle of an application that has no pages does not have it either.
  const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${status} ${title}</title>
<style>${style}</style>
<h1>${status} ${title}</h1>
${message === title ? "" : `<p>${escapeHtml(message)}</p>\n`}${errors === undefined ? "" : `${listOf(errors)}\n`}</html>
`;
  return pageOf(page, status, headers, pageHeaders);
}

/** The response with a problem document. RFC 9457. */
export function problemPage(status: number, members: object, headers: Readonly<Record<string, string>> = {}): Response {
  return pageOf(JSON.stringify({ title: statusPhrase(status), status, ...members }), status, headers, problemHeaders);
}

/** The reasons, each after the name of its field. */
function listOf(errors: readonly InputError[]): string {
  const items = errors.map(
    ({ pointer, detail }) => `<li>${escapeHtml(pointer === "#" ? detail : `${fieldName(pointer)}: ${detail}`)}</li>`,
  );
  return `<ul>${items.join("")}</ul>`;
}

/** The keys of a JSON pointer in a fragment, separated by dots. */
function fieldName(pointer: string): string {
  const text = pointer.slice(2).replaceAll(/(?:%[\da-f]{2})+/gi, (bytes) => Buffer.from(bytes.replaceAll("%", ""), "hex").toString());
  return text.replaceAll("/", ".").replaceAll("~1", "/").replaceAll("~0", "~");
}

/** A built-in page with the headers of the error. If both have a header, that of the page is used; the values of `Vary` are joined. */
function pageOf(body: string, status: number, ofError: Readonly<Record<string, string>>, own: Readonly<Record<string, string>>): Response {
  const headers = new Headers(ofError);
  for (const [name, value] of Object.entries(own)) headers.set(name, name === "vary" ? mergeVary(headers.get(name), [value]) : value);
  return new Response(body, { status, headers });
}
