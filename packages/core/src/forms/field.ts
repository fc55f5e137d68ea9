import { html, type Html } from "../http/html.ts";
import type { FormFields } from "./form.ts";

/** An id has no blanks. */
const idOf = (name: string) => (name === "" ? "form" : name.replaceAll(/\s/g, "_"));
const problemId = (name: string) => `${idOf(name)}-problem`;

/**
 * The attributes of an input: `name`, `id`, the `value` that was sent, and for a field with a problem `aria-invalid` and
 * `aria-describedby`, which points to the element of {@link problem}. For a `<label>`, the id is the name.
 *
 * @param value - The value of a checkbox or radio button; it is `checked` if it was chosen, and its id is the name, a hyphen and the value.
 */
export function field(form: FormFields, name: string, value?: string): Html {
  const id = value === undefined ? idOf(name) : `${idOf(name)}-${idOf(value)}`;
  const shown = value ?? form.values(name)[0];
  const isInvalid = form.problems(name).length > 0;
  return html`name="${name}" id="${id}"${shown !== undefined && html` value="${shown}"`}${
    value !== undefined && form.checked(name, value) && html` checked`
  }${isInvalid && html` aria-invalid="true" aria-describedby="${problemId(name)}"`}`;
}

/** The element with the problems of a field, or with `""` those about no single field; nothing if there are none. Its class is `problem`. */
export function problem(form: FormFields, name: string): Html {
  const problems = form.problems(name);
  if (problems.length === 0) return html``;
  return html`<p class="problem" id="${problemId(name)}">${problems.map((text, at) => html`${at > 0 && html`<br>`}${text}`)}</p>`;
}
