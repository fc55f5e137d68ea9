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

  /**
   * This is a method so that forms need not load this file. Packages without pages load forms too.
   *
   * @internal
   */
  toResponse(status: number): Response {
    return htmlResponse(this, status);
  }
}

const type = "text/html; charset=utf-8";

/** What the compiler says about a value that {@link html} cannot insert. */
type CannotInsert<What extends string> = `html cannot insert ${What}`;

/** The type itself, if {@link html} can insert its values; a sentence for any other type. */
type Insertable<Value> = unknown extends Value
  ? Value
  : Value extends string | number | bigint | boolean | null | undefined | Html | Error
    ? Value
    : Value extends symbol
      ? CannotInsert<"a symbol">
      : Value extends (...args: never) => unknown
        ? CannotInsert<"a function: call it">
        : Value extends PromiseLike<unknown>
          ? CannotInsert<"a promise: await it">
          : Value extends globalThis.Response
            ? CannotInsert<"a response: insert its markup">
            : Value extends readonly (infer Item)[]
              ? readonly Insertable<Item>[]
              : "toString" extends keyof Value
                ? Value
                : CannotInsert<"an object: insert its parts">;

function write(value: unknown, strings: TemplateStringsArray, at: number): string {
  if (typeof value === "string") return escapeHtml(value);
  if (value instanceof Html) return value.markup;
  if (value === undefined || value === null || value === false) return "";
  if (Array.isArray(value)) {
    let markup = "";
    for (const item of value) markup += write(item, strings, at);
    return markup;
  }
  const problem = problemOf(value);
  if (problem !== undefined) throw new TypeError(`html cannot insert ${problem} (after ${JSON.stringify(strings[at]!.slice(-40))}).`);
  return escapeHtml(String(value));
}

/** Why a value has no text; `undefined`: it has one. */
function problemOf(value: unknown): string | undefined {
  if (typeof value === "symbol") return "a symbol";
  if (typeof value === "function") return "a function: call it";
  if (typeof value !== "object" || value === null) return undefined;
  if ("then" in value && typeof value.then === "function") return "a promise: await it";
  if (value instanceof globalThis.Response) return "a response: insert its markup";
  const toString: unknown = Reflect.get(value, "toString");
  return typeof toString === "function" && toString !== Object.prototype.toString ? undefined : "an object: insert its parts";
}

function fromTemplate(strings: TemplateStringsArray, ...values: readonly unknown[]): Html {
  const template = templateOf(strings);
  const parts = template.nonces.length === 0 ? strings : withNonces(strings, template);
  let markup = parts[0]!;
  for (let i = 0; i < values.length; i++) markup += write(values[i], strings, i) + parts[i + 1]!;
  return new Html(markup);
}

function responseOf(markup: Html, init: ResponseInit = {}): Response {
  const headers = new Headers(init.headers);
  if (!headers.has("content-type")) headers.set("content-type", type);
  return new Response(markup.markup, { ...init, headers });
}

/** The type of {@link html}. */
interface HtmlTag {
  <const Values extends readonly unknown[]>(
    strings: TemplateStringsArray,
    ...values: Values & { readonly [At in keyof Values]: Insertable<Values[At]> }
  ): Html;
  /** A response with markup and your own status or headers. */
  readonly response: (markup: Html, init?: ResponseInit) => Response;
}

/**
 * Markup from a template. Every value is escaped, except {@link Html}, which is inserted as it is; arrays are joined; `undefined`,
 * `null` and `false` insert nothing. The value of an attribute is in quotes. A URL in `href` or `src` is escaped, but not checked:
 * build it with `urlFor`. `<script>` and `<style>` that are written in the template get the nonce of the request, if
 * `config.securityHeaders` has one.
 *
 * @throws TypeError for a value without a text, such as a promise or a plain object, and for the value of an attribute without quotes.
 */
export const html: HtmlTag = /* @__PURE__ */ Object.assign(fromTemplate, { response: responseOf });

/** The response for a handler that returned markup. */
export function htmlResponse(markup: Html, status = 200): Response {
  return fromParts({ body: markup.markup, status, statusText: "", headers: ["content-type", type] });
}

/** Markup that is inserted without escaping. Never use it for anything that a visitor wrote. */
export function raw(markup: string): Html {
  return new Html(markup);
}

/** What is known about the text of a template, whatever its values are. */
interface HtmlTemplate {
  /** Where a nonce belongs: the number of the string, and the place in it, in order. */
  readonly nonces: readonly (readonly [string: number, at: number])[];
}

const templates = new WeakMap<TemplateStringsArray, HtmlTemplate>();

/** Reads a template once. @throws TypeError for a value that is the value of an attribute without quotes. */
function templateOf(strings: TemplateStringsArray): HtmlTemplate {
  let template = templates.get(strings);
  if (template === undefined) templates.set(strings, (template = readTemplate(strings)));
  return template;
}

let nonceOf: (() => string | undefined) | undefined;

/** Sets the function that returns the nonce of the running request, for all applications. */
export function useNonces(from: () => string | undefined): void {
  nonceOf = from;
}

/** The strings of a template with the nonce of the running request in them. */
function withNonces(strings: readonly string[], { nonces }: HtmlTemplate): readonly string[] {
  const nonce = nonceOf?.();
  if (nonce === undefined) return strings;
  const parts = [...strings];
  // From the last to the first, so that the earlier places do not move.
  for (const [which, at] of nonces.toReversed()) parts[which] = `${parts[which]!.slice(0, at)} nonce="${nonce}"${parts[which]!.slice(at)}`;
  return parts;
}

/** Where in HTML a character is: in text, a comment, a tag, after the `=` of an attribute, or in its value. */
type State = "text" | "comment" | "tag" | "equals" | "bare" | '"' | "'";

const tagStart = /^<(\/?)([a-z][^\s/>]*)/i;

function readTemplate(strings: TemplateStringsArray): HtmlTemplate {
  const nonces: [number, number][] = [];
  let state: State = "text";
  /** The element whose text is not markup, until its end tag: a script, a style, a textarea or a title. */
  let rawElement = "";
  let tag = "";
  let attribute = "";
  /** The place for the nonce of the tag, if the tag does not have a nonce. */
  let pending: [number, number] | undefined;

  strings.forEach((text, which) => {
    for (let i = 0; i < text.length; i++) {
      const character = text[i]!;
      switch (state) {
        case "text": {
          if (character !== "<") break;
          if (rawElement === "" && text.startsWith("<!--", i)) {
            state = "comment";
            i += 3;
            break;
          }
          const [whole = "", slash = "", name = ""] = tagStart.exec(text.slice(i, i + 80)) ?? [];
          const lower = name.toLowerCase();
          if (name === "" || (rawElement !== "" && !(slash === "/" && lower === rawElement))) break;
          i += whole.length - 1;
          [state, tag, attribute] = ["tag", slash + lower, ""];
          pending = tag === "script" || tag === "style" ? [which, i + 1] : undefined;
          break;
        }
        case "comment":
          if (text.startsWith("-->", i)) [state, i] = ["text", i + 2];
          break;
        case "tag":
          if (character === ">") endTag();
          else if (character === "=") state = "equals";
          else if (/[\s/]/.test(character)) attribute = /[^\s=]/.test(text[i + 1] ?? "") ? "" : attribute;
          else attribute += character.toLowerCase();
          if (attribute === "nonce" && !/[^\s=/>]/.test(text[i + 1] ?? "")) pending = undefined;
          break;
        case "equals":
          if (character === ">") endTag();
          else if (character === '"' || character === "'") state = character;
          else if (!/\s/.test(character)) state = "bare";
          break;
        case "bare":
          if (character === ">") endTag();
          else if (/\s/.test(character)) [state, attribute] = ["tag", ""];
          break;
        case '"':
        case "'":
          if (character === state) [state, attribute] = ["tag", ""];
      }
    }
    if (which < strings.length - 1 && (state === "equals" || state === "bare")) {
      throw new TypeError(
        `html cannot insert the value of an attribute without quotes (after ${JSON.stringify(text.slice(-40))}): write ${attribute || "name"}="\${...}".`,
      );
    }
  });
  return { nonces };

  function endTag(): void {
    state = "text";
    if (pending !== undefined) nonces.push(pending);
    pending = undefined;
    rawElement = ["script", "style", "textarea", "title"].includes(tag) ? tag : "";
  }
}
