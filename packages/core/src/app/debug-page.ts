import { randomBytes } from "node:crypto";
import type { Context } from "../context/context.ts";
import { oneLine, stackParts } from "../context/error-text.ts";
import { html, raw, type Html } from "../http/html.ts";
import { Response } from "../http/response.ts";
import { inspectorPath } from "../inspector/path.ts";
import { shownCall } from "../inspector/source-lines.ts";
import type { RuleDescription } from "../routing/describe-rules.ts";
import { bySimilarity } from "../urls/similar-names.ts";
import { prefersJson, problemPage } from "./built-in-pages.ts";

/** The most rules on the page of an unknown path. */
const mostRules = 10;
/** The most errors on a page, causes included. Causes can be circular. */
const mostErrors = 20;

const style =
  "body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}h1{font-size:1.5rem}h1,summary{overflow-wrap:anywhere}" +
  "table{border-spacing:1rem 0;margin-left:-1rem;text-align:left}pre{overflow:auto;background:#8882;padding:.5rem;margin:.25rem 0 1rem}" +
  "mark{display:block}@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}mark{background:#550;color:#fff}}";

const uncached = { "cache-control": "no-store" };

/** The page of an unknown path with `debug`: shows the rules with the most similar paths. For clients that prefer JSON, a problem document. */
export function debugNotFound(context: Context, rules: readonly RuleDescription[]): Response {
  const { path } = context.request;
  const similar = bySimilarity(path, rules, (rule) => rule.path, mostRules);
  if (prefersJson(context.request)) {
    const shown = similar.map(({ methods, host = "", path: pattern }) => `${methods?.join(" ") ?? "any"} ${host}${pattern}`);
    return problemPage(404, { detail: `No rule matches the path ${path}. "rules" has the most similar rules.`, rules: shown }, uncached);
  }
  const rows = similar.map(
    ({ methods, host = "", path: pattern, endpoint = "", handler }) =>
      html`<tr><td>${methods?.join(" ") ?? "any"}<td><code>${host}${pattern}</code><td>${endpoint}<td>${handler}\n`,
  );
  const content = html`<h1>404 Not Found</h1>
<p>No rule matches the path <code>${path}</code>. The most similar rules:</p>
<table><tr><th>Methods<th>Path<th>Endpoint<th>Handler
${rows}</table>`;
  return debugResponse("404 Not Found", content, 404);
}

/**
 * The page of an unexpected error with `debug`: the error, its causes, their calls, and the source of those that are in the project. A part
 * of the message may come from another site, so the page has no scripts, and no frames that the message made up. Clients that prefer JSON get
 * a problem document with the same errors and calls, without source.
 */
export function debugPage(context: Context, error: unknown): Response {
  const { method, url } = context.request;
  const errors = withCauses(error);
  const title = describe(error).head;
  if (prefersJson(context.request)) {
    const trace = errors.flatMap(({ what, error: each }) => {
      const { head, frames } = describe(each);
      return [`${what}${head}`, ...frames.map((frame) => oneLine(frame.trim()))];
    });
    return problemPage(500, { detail: title, trace }, uncached);
  }
  const content = html`<p>${method} ${url}</p>
${errors.map(({ what, error: each }) => errorSection(what, each))}
${requestSection(context)}`;
  return debugResponse(title, content, 500);
}

interface ShownError {
  /** Its relation to the error before it, such as a cause. */
  readonly what: string;
  readonly error: unknown;
}

function withCauses(error: unknown): readonly ShownError[] {
  const all: ShownError[] = [{ what: "", error }];
  for (let i = 0; i < all.length && all.length < mostErrors; i++) {
    const { error: each } = all[i]!;
    if (!(each instanceof Error)) continue;
    if ("cause" in each) all.push({ what: "Caused by ", error: each.cause });
    const inner: unknown = "errors" in each ? each.errors : undefined;
    if (Array.isArray(inner)) inner.forEach((one: unknown, n) => all.push({ what: `Error ${n + 1} of ${inner.length}: `, error: one }));
  }
  return all.slice(0, mostErrors);
}

function describe(error: unknown): { readonly head: string; readonly frames: readonly string[] } {
  try {
    return error instanceof Error ? stackParts(error) : { head: String(error), frames: [] };
  } catch {
    return { head: "a value that cannot be converted to text", frames: [] };
  }
}

function errorSection(what: string, error: unknown): Html {
  const { head, frames } = describe(error);
  return html`<h1>${what}${head}</h1>
${frames.map(frameSection)}`;
}

function frameSection(frame: string, index: number): Html {
  const { text, lines } = shownCall(frame);
  if (lines === undefined) return html`<p><code>${text}</code></p>\n`;
  const source = lines.map(({ number, text: line, isCall }) => {
    const numbered = `${String(number).padStart(5)}  ${line}`;
    return isCall ? html`<mark>${numbered}</mark>` : html`${numbered}\n`;
  });
  return html`<details${index === 0 ? raw(" open") : ""}><summary><code>${text}</code></summary><pre>${source}</pre></details>\n`;
}

/** The rule and the handler, what the request did until then, and where to see more. */
function requestSection({ request: { rule }, handler, recording }: Context): Html {
  const facts = [
    ["Rule", rule?.path],
    ["Endpoint", rule?.endpoint],
    ["Handler", handler?.constructor.name],
    ...(recording?.spans() ?? []).map(({ label, details }) => [label, details.map(([name, value]) => `${name}: ${value}`).join(", ")]),
  ];
  const rows = facts.filter(([, value]) => value !== undefined && value !== "").map(([name, value]) => html`<tr><th>${name}<td>${value}\n`);
  return html`<table>${rows}</table>
<p><a href="${inspectorPath}">The inspector</a> shows this request and those before it, on this machine.</p>`;
}

function debugResponse(title: string, content: Html, status: number): Response {
  const nonce = randomBytes(16).toString("base64");
  const page = html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style nonce="${nonce}">${raw(style)}</style>
${content}
</html>
`;
  return new Response(page.markup, {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": `default-src 'none'; style-src 'nonce-${nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      "x-content-type-options": "nosniff",
      vary: "Accept",
      ...uncached,
    },
  });
}
