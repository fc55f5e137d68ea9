import { html, type Html } from "../http/html.ts";
import type { FormFields } from "./read-form.ts";

/** Makes an id, which must not have blanks. */
const idOf = (name: string) => (name === "" ? "form" : name.replaceAll(/\s/g, "_"));
const problemId = (name: string) => `${idOf(name)}-problem`;

/**
 * The attributes of an input: `name`, `id`, the `value` that was sent, and for a field with a problem `aria-invalid` and
 * `aria-describedby`, which points to the element of {@link problem}. For a `<label>`, the id is the name.
 *
 * @param value - The value of a checkbox or radio button. It is `checked` if it was chosen, and its id is the name, a hyphen and the value.
 *   `false`: no value, for a `<textarea>` or `<select>`.
 */
export function field<Name extends string>(form: FormFields<Name>, name: NoInfer<Name>, value?: string | false): Html {
  const written: string = name;
  const isChoice = typeof value === "string";
  const id = isChoice ? `${idOf(name)}-${idOf(value)}` : idOf(name);
  const shown = value === false ? undefined : (value ?? form.values(name)[0]);
  const isInvalid = form.problems(name).length > 0;
  return html`name="${written}" id="${id}"${shown !== undefined && html` value="${shown}"`}${
    isChoice && form.checked(name, value) && html` checked`
  }${isInvalid && html` aria-invalid="true" aria-describedby="${problemId(name)}"`}`;
}

/**
 * The element with the problems of a field; with the name `""`, those that are not about a single field. Nothing if there are
 * none. Its class is `problem`.
 */
export function problem<Name extends string>(form: FormFields<Name>, name: NoInfer<Name> | ""): Html {
  const problems = form.problems(name);
  if (problems.length === 0) return html``;
  return html`<p class="problem" id="${problemId(name)}">${problems.map((text, at) => html`${at > 0 && html`<br>`}${text}`)}</p>`;
}
