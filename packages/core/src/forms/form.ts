import type { FieldName } from "./field-names.ts";
import { fieldsOf } from "./names.ts";
import { type FormFields, type KeptForm, ReadForm } from "./read-form.ts";
import type { SchemaInput, SchemaOutput, StandardSchema } from "./schema.ts";

/**
 * A form. If it was accepted, `data` is the output of its schema. `Name` are the names that its fields may have; {@link FormOf} takes them from
 * the schema.
 */
export type Form<Data = unknown, Name extends string = FieldName<Data>> = FormFields<Name> &
  ({ readonly ok: true; readonly data: Data } | { readonly ok: false });

/** The form of a schema: `FormOf<typeof SignUp>`. */
export type FormOf<Schema extends StandardSchema> = Form<SchemaOutput<Schema>, FieldName<SchemaInput<Schema>>>;

/** The texts that fields have before the form is sent. */
type Initial<Input> = { readonly [Name in keyof Input]?: unknown };

interface Forms {
  /**
   * A form that was not sent yet, so that one function can make the page before and after it is sent.
   *
   * @param schema - Says which names `initial` may have.
   * @param initial - The values with which fields are filled in, as the object that the schema takes. `true` checks a checkbox.
   * @throws TypeError for a value that is not text, a number or a boolean, such as a `Date`.
   */
  of<Schema extends StandardSchema>(schema?: Schema, initial?: Initial<SchemaInput<Schema>>): FormOf<Schema>;

  /** A form that another request has read, with the texts and problems of its `toJSON()`, and without data. */
  from(kept: KeptForm): FormFields & { readonly ok: false };
}

export const Form: Forms = {
  of(_schema, initial = {}) {
    return new ReadForm({ fields: fieldsOf(initial, initialText) });
  },
  from({ fields, problems }) {
    return new ReadForm({ fields, problems }) as ReadForm & { readonly ok: false };
  },
};

function initialText(value: unknown, name: string): string | undefined {
  if (value === undefined || value === null || value === false) return undefined;
  if (value === true) return "on";
  if (typeof value === "string" || typeof value === "number" || typeof value === "bigint") return String(value);
  throw new TypeError(`Cannot fill in the field ${JSON.stringify(name)}: give text, a number or a boolean, or an object or array of them.`);
}
