/** Values of a single field. */
type Single = string | number | bigint | boolean | symbol | null | undefined | Date | Blob;

/** How deep the compiler checks the names; below that, it accepts any name. */
type Deepest = [1, 1, 1, 1, 1, 1];

/** The names of the fields for a value under a name. A schema with coercion may take `unknown`, which allows any name. */
type NamesOf<Value, Name extends string, Depth extends readonly unknown[]> = Depth["length"] extends Deepest["length"]
  ? `${Name}${string}`
  : unknown extends Value
    ? Name | `${Name}.${string}` | `${Name}[${string}`
    : Value extends Single
      ? Name
      : Value extends readonly (infer Item)[]
        ? Name | `${Name}[]` | NamesOf<Item, `${Name}[${number}]`, [...Depth, 1]>
        : Name | { [Key in keyof Value & string]-?: NamesOf<Value[Key], `${Name}.${Key}`, [...Depth, 1]> }[keyof Value & string];

/** The names of fields for a schema that takes this input; any text if the input has no known keys. */
export type FieldName<Input> = unknown extends Input
  ? string
  : Input extends Single | readonly unknown[]
    ? string
    : string extends keyof Input
      ? string
      : { [Key in keyof Input & string]-?: NamesOf<Input[Key], Key, []> }[keyof Input & string];
