import { isDeepStrictEqual } from "node:util";
import { guarded } from "../http/guarded.ts";
import { HTTPError } from "../http/errors.ts";
import { fieldsOf, nameOf, valueOf } from "../forms/names.ts";
import { keysOf, type StandardSchema } from "../forms/schema.ts";
import { format, UnbuildableUrl, type UrlArgs } from "./url-args.ts";

type Fields = readonly (readonly [name: string, text: string])[];

/**
 * A query that a schema reads back, with its question mark; empty if there is none. If the schema has the same output without an
 * argument, the argument is a default and is not written.
 *
 * @throws UnbuildableUrl for a query that the schema refuses. An asynchronous schema is not called.
 */
export function schemaQuery(schema: StandardSchema, args: UrlArgs, isUsed: (name: string) => boolean): string {
  const fields = fieldsIn(args, isUsed);
  const output = read(schema, [...fields.values()].flat());
  if (output !== undefined) {
    for (const [name, own] of new Map(fields)) {
      fields.delete(name);
      if (!isDefault(schema, name, output, [...fields.values()].flat())) fields.set(name, own);
    }
  }
  return written(args, fields);
}

/** A query to which more arguments will be added, so that its schema may refuse it for now. Then all arguments are written. */
export function partOfQuery(schema: StandardSchema, args: UrlArgs, isUsed: (name: string) => boolean): string {
  try {
    return schemaQuery(schema, args, isUsed);
  } catch (error) {
    if (error instanceof UnbuildableUrl) return written(args, fieldsIn(args, isUsed));
    throw error;
  }
}

function fieldsIn(args: UrlArgs, isUsed: (name: string) => boolean): Map<string, Fields> {
  const names = Object.keys(args).filter((name) => !isUsed(name));
  return new Map(names.map((name) => [name, fieldsOf({ [name]: args[name] }, textOf)]));
}

function written(args: UrlArgs, fields: ReadonlyMap<string, Fields>): string {
  const query = new URLSearchParams(Object.keys(args).flatMap((name) => (fields.get(name) ?? []).map(([key, text]) => [key, text])));
  return query.size === 0 ? "" : `?${query}`;
}

/** The text of a value; `null` and `undefined` are omitted. */
const textOf = (value: unknown, name: string) => (value === null || value === undefined ? undefined : format(name, value));

interface Output {
  readonly value: unknown;
}

/** The result of the schema; `undefined` if it is asynchronous. */
function read(schema: StandardSchema, fields: Fields): Output | undefined {
  const result = attempt(schema, fields);
  if (result === undefined || result.issues === undefined) return result;
  const [issue] = result.issues;
  throw new UnbuildableUrl(
    `the schema of its query refuses "${issue === undefined ? "" : nameOf(keysOf(issue))}": ${issue?.message ?? "no reason"}`,
  );
}

function isDefault(schema: StandardSchema, name: string, output: Output, others: Fields): boolean {
  const result = attempt(schema, others);
  if (result === undefined || result.issues !== undefined) return false;
  const { value } = result;
  return typeof value === "object" && value !== null && Object.hasOwn(value, name) && isDeepStrictEqual(value, output.value);
}

function attempt(schema: StandardSchema, fields: Fields) {
  try {
    const result = schema["~standard"].validate(valueOf(fields));
    if (!(result instanceof Promise)) return result;
    void guarded(result);
    return undefined;
  } catch (error) {
    if (error instanceof HTTPError) throw new UnbuildableUrl(`its query cannot be read back: ${error.message}`);
    throw error;
  }
}
