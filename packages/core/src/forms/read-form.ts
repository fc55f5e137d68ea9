import type { Html } from "../http/html.ts";
import type { Response } from "../http/response.ts";
import { nameOf, plainName } from "./names.ts";
import { keysOf, type SchemaIssue } from "./schema.ts";

/** A form as a page shows it: the text that was sent, and its problems. `Name`: the names that its fields may have. */
export interface FormFields<Name extends string = string> {
  /** The text that was sent for a field; empty if there is none, for files, and for fields that are secret. */
  value(name: Name): string;
  /** The texts that were sent for a field. */
  values(name: Name): readonly string[];
  /**
   * Whether a checkbox or radio button with this value was chosen. Leave the value out if the input has none: browsers then send
   * `on`.
   */
  checked(name: Name, value?: string): boolean;
  /**
   * The problems of a field, in sentences. With the name `""`, those that are not about a single field; without a name, those of
   * the whole form.
   */
  problems(name?: Name | ""): readonly string[];
  /** The response with a page that shows the form: 422 for a form that was sent and refused, 200 otherwise. */
  response(page: Html): Response;
  /**
   * The same form, refused for one more reason, which the schema cannot know. The name `""` is for a problem that is not about a
   * single field.
   */
  refuse(name: Name | "", problem: string): FormFields<Name> & { readonly ok: false };
  /** The texts and problems, for another request to show: see `Form.from`. Secret fields, files and `data` are left out. */
  toJSON(): KeptForm;
}

/** A form as JSON. */
export interface KeptForm {
  readonly fields: readonly (readonly [name: string, text: string])[];
  readonly problems: readonly (readonly [name: string, problem: string])[];
}

/** The parts that a form is made of. */
export interface FormParts {
  readonly fields: Iterable<readonly [name: string, value: unknown]>;
  /** Whether the text of a field is never shown again. Default: no field. */
  readonly isSecret?: ((name: string) => boolean) | undefined;
  /** The output of the schema; `undefined`: the form was not sent, or was refused. */
  readonly accepted?: { readonly data: unknown } | undefined;
  /** The reasons why the schema has refused the form; `undefined` if it has not. */
  readonly issues?: readonly SchemaIssue[] | undefined;
  /** Problems that are known before the schema is called. */
  readonly problems?: KeptForm["problems"] | undefined;
  /** Whether this request has refused the form. Default: whether there are issues. */
  readonly wasRefused?: boolean | undefined;
}

/** A form that was read from a request, or filled in by the application. */
export class ReadForm implements FormFields {
  readonly ok: boolean;
  declare readonly data: never;
  readonly #wasRefused: boolean;
  readonly #texts = new Map<string, string[]>();
  readonly #problems: readonly (readonly [name: string, text: string])[];

  constructor({ fields, isSecret = () => false, accepted, issues = [], problems = [], wasRefused = issues.length > 0 }: FormParts) {
    this.ok = accepted !== undefined;
    this.#wasRefused = wasRefused;
    if (accepted !== undefined) Object.defineProperty(this, "data", { value: accepted.data, enumerable: true });
    const secrets: string[] = [];
    for (const [name, value] of fields) {
      if (typeof value !== "string") continue;
      const plain = plainName(name);
      const texts = this.#texts.get(plain);
      if (isSecret(plain)) secrets.push(value);
      else if (texts === undefined) this.#texts.set(plain, [value]);
      else texts.push(value);
    }
    this.#problems = [...problems, ...issues.map((issue) => [nameOf(keysOf(issue)), withoutSecrets(issue.message, secrets)] as const)];
  }

  value(name: string): string {
    return this.values(name)[0] ?? "";
  }

  values(name: string): readonly string[] {
    return this.#texts.get(plainName(name)) ?? [];
  }

  checked(name: string, value = "on"): boolean {
    return this.values(name).includes(value);
  }

  problems(name?: string): readonly string[] {
    if (name === undefined) return this.#problems.map(([, text]) => text);
    const plain = plainName(name);
    // One field can be a whole array. Then it has the problems of the items, which do not have their own fields.
    const isList = plain !== name || this.#texts.has(plain);
    return this.#problems
      .filter(([of]) => of === plain || (isList && of.startsWith(`${plain}[`) && /^\d+\]$/.test(of.slice(plain.length + 1))))
      .map(([, text]) => text);
  }

  response(page: Html): Response {
    return page.toResponse(this.#wasRefused ? 422 : 200);
  }

  refuse(name: string, problem: string): ReadForm & { readonly ok: false } {
    const { fields, problems } = this.toJSON();
    const refused = new ReadForm({ fields, problems: [...problems, [plainName(name), problem]], wasRefused: true });
    return refused as ReadForm & { readonly ok: false };
  }

  toJSON(): KeptForm {
    const fields = Array.from(this.#texts, ([name, texts]) => texts.map((text) => [name, text] as const)).flat();
    return { fields, problems: this.#problems };
  }
}

/** A secret of at least this many characters is removed even outside of quotes. A shorter one can be a part of ordinary words. */
const shortest = 4;

/** A sentence without the secrets that a schema has quoted in it. */
function withoutSecrets(sentence: string, secrets: readonly string[]): string {
  let safe = sentence;
  for (const secret of secrets) {
    if (secret === "") continue;
    safe = safe.replaceAll(JSON.stringify(secret), '"…"').replaceAll(`'${secret}'`, "'…'");
    if (secret.length >= shortest) safe = safe.replaceAll(secret, "…");
  }
  return safe;
}
