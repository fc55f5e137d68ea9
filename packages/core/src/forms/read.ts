import type { Body } from "../bodies/body.ts";
import { readFormData, readUrlencoded } from "../bodies/form-data.ts";
import { HTTPError } from "../http/errors.ts";
import type { FormOf } from "./form.ts";
import { mostFields, plainName, valueOf } from "./names.ts";
import { type PartOptions, readFields, readParts } from "./parts.ts";
import { ReadForm } from "./read-form.ts";
import { outputOf, type SchemaOutput, type StandardSchema, validate } from "./schema.ts";

export { readFormData, readParts };

/** The output of a schema for the JSON of a body. @throws ValidationError */
export async function readJson<Schema extends StandardSchema>(schema: Schema, value: Promise<unknown>): Promise<SchemaOutput<Schema>> {
  return outputOf(await validate(schema, await value, "request.json()"));
}

/** The output of a schema for the arguments of a query. @throws ValidationError */
export async function readQuery<Schema extends StandardSchema>(schema: Schema, query: URLSearchParams): Promise<SchemaOutput<Schema>> {
  if (query.size > mostFields) throw new HTTPError(400, `The query is over the limit of ${mostFields} arguments.`);
  return outputOf(await validate(schema, valueOf(query), "request.query()"));
}

/** Options of `request.form()`. */
export interface FormReadOptions extends PartOptions {
  /** Names of fields whose text is never shown again. This always applies to fields with `password` in their name. Default none. */
  readonly secret?: readonly string[] | undefined;
}

/** A form that was sent, checked by its schema. */
export async function readForm<Schema extends StandardSchema>(
  schema: Schema,
  body: Body,
  { secret = [], ...limits }: FormReadOptions,
): Promise<FormOf<Schema>> {
  const fields =
    body.type === "multipart/form-data" ? await readFields(body, limits) : await readUrlencoded(body, { maxFields: limits.maxParts });
  const result = await validate(schema, valueOf(fields), "request.form()");
  const secrets = new Set(secret.map(plainName));
  const isSecret = (name: string) => secrets.has(name) || /password/i.test(name);
  return result.issues === undefined
    ? new ReadForm({ fields, isSecret, accepted: { data: result.value } })
    : new ReadForm({ fields, isSecret, issues: result.issues, wasRefused: true });
}
