import type { Body } from "../bodies/body.ts";
import { readFormData, readUrlencoded } from "../bodies/form-data.ts";
import { HTTPError, ValidationError } from "../http/errors.ts";
import type { FormOf } from "./form.ts";
import { mostFields, plainName, valueOf } from "./names.ts";
import { type PartOptions, readFields, readParts } from "./parts.ts";
import { ReadForm } from "./read-form.ts";
import { isSchema, keysOf, type SchemaOutput, type SchemaResult, type StandardSchema } from "./schema.ts";

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

/**
 * The result of a schema for a value.
 *
 * @param caller - The function that got the schema, for the message.
 * @throws TypeError for anything but a schema.
 */
function validate<Schema extends StandardSchema>(
  schema: Schema,
  value: unknown,
  caller: string,
): SchemaResult<SchemaOutput<Schema>> | Promise<SchemaResult<SchemaOutput<Schema>>> {
  if (!isSchema(schema)) {
    throw new TypeError(`${caller} needs a schema that follows Standard Schema, such as one of zod, valibot or arktype.`);
  }
  return schema["~standard"].validate(value);
}

/** The most problems in a response, because each item of a long array can have one. */
const mostErrors = 100;

/**
 * The output of a schema.
 *
 * @throws ValidationError with the reasons, if the schema refuses the value.
 */
function outputOf<Output>(result: SchemaResult<Output>): Output {
  if (result.issues === undefined) return result.value;
  const errors = result.issues
    .slice(0, mostErrors)
    .map((issue) => ({ pointer: `#${keysOf(issue).map(escapeKey).join("")}`, detail: issue.message }));
  throw new ValidationError(errors);
}

/** A key in a JSON pointer in a fragment, RFC 6901 §6. */
const escapeKey = (key: PropertyKey) => `/${encodeURIComponent(String(key).toWellFormed().replaceAll("~", "~0").replaceAll("/", "~1"))}`;
