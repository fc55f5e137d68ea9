import { HTTPError } from "../http/errors.ts";
import { type Form, ReadForm } from "./form.ts";
import { mostFields, plainName, valueOf } from "./names.ts";
import { outputOf, type SchemaOutput, type StandardSchema, validate } from "./schema.ts";

/** The output of a schema for the JSON of a body. @throws ValidationError */
export async function readJson<Schema extends StandardSchema>(schema: Schema, value: Promise<unknown>): Promise<SchemaOutput<Schema>> {
  return outputOf(await validate(schema, await value, "request.json()"));
}

/** The output of a schema for the arguments of a query. @throws ValidationError */
export async function readQuery<Schema extends StandardSchema>(schema: Schema, query: URLSearchParams): Promise<SchemaOutput<Schema>> {
  if (query.size > mostFields) throw new HTTPError(400, `The query is over the limit of ${mostFields} arguments.`);
  return outputOf(await validate(schema, valueOf(query), "request.query()"));
}

/** Which fields of a form are never shown again. */
export interface SecretOption {
  /** Names of fields whose text is never shown again. Those with `password` in their name never are. Default none. */
  readonly secret?: readonly string[] | undefined;
}

/** A form that was sent, judged by its schema. */
export async function readForm<Schema extends StandardSchema>(
  schema: Schema,
  form: Promise<FormData>,
  { secret = [] }: SecretOption,
): Promise<Form<SchemaOutput<Schema>>> {
  const fields = [...(await form)].filter(([, value]) => typeof value === "string" || value.name !== "" || value.size > 0);
  const result = await validate(schema, valueOf(fields), "request.form()");
  const secrets = new Set(secret.map(plainName));
  const isSecret = (name: string) => secrets.has(name) || /password/i.test(name);
  return result.issues === undefined
    ? new ReadForm({ fields, isSecret, accepted: { data: result.value } })
    : new ReadForm({ fields, isSecret, issues: result.issues });
}
