import { HTTPError } from "../http/errors.ts";
import type { Body } from "./body.ts";
import { tooMany } from "./form-errors.ts";
import { Multipart, textOf } from "./multipart.ts";

export interface FormOptions {
  /** The most fields of a form, files included. Default 1000. */
  readonly maxFields?: number | undefined;
}

/** The fields of a urlencoded form. @throws HTTPError 413 for more fields than the limit, 415 for another content type. */
export async function readUrlencoded(
  body: Body,
  { maxFields = 1000 }: FormOptions,
): Promise<readonly (readonly [name: string, value: string])[]> {
  if (body.type !== "application/x-www-form-urlencoded") {
    throw new HTTPError(415, "The body must be a form: application/x-www-form-urlencoded or multipart/form-data.");
  }
  const text = await body.text();
  let fields = 1;
  for (let index = text.indexOf("&"); index !== -1; index = text.indexOf("&", index + 1)) {
    if (++fields > maxFields) throw tooMany("fields", maxFields);
  }
  return [...new URLSearchParams(text)];
}

/** The fields and files of a form, urlencoded or multipart. @throws like {@link readUrlencoded} */
export async function readFormData(body: Body, options: FormOptions = {}): Promise<FormData> {
  const form = new FormData();
  if (body.type !== "multipart/form-data") {
    for (const [name, value] of await readUrlencoded(body, options)) form.append(name, value);
    return form;
  }
  const { maxFields = 1000 } = options;
  const parts = await new Multipart(body.multipart()).readAll((_head, count) => {
    if (count > maxFields) throw tooMany("fields", maxFields);
    return Infinity;
  });
  for (const { head, pieces } of parts) {
    if (head.filename === undefined) form.append(head.name, textOf(pieces));
    else form.append(head.name, new File(pieces, head.filename, { type: head.type }));
  }
  return form;
}
