/** Markup that was made by {@link html}, and is not escaped again. */
export class Html extends String {}

type Value = Html | string | number | false | undefined | readonly Html[];

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function markupOf(value: Value): string {
  if (value === undefined || value === false) return "";
  if (value instanceof Html) return value.toString();
  if (Array.isArray(value)) return value.map(markupOf).join("");
  return String(value).replaceAll(/[&<>"']/g, (character) => entities[character]!);
}

/** Markup with values, which are escaped. Put quotes around attributes: `<a title="${title}">`. */
export const html = (parts: TemplateStringsArray, ...values: readonly Value[]): Html =>
  new Html(String.raw({ raw: parts }, ...values.map(markupOf)));
