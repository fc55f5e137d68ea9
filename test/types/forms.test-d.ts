// Checked by the compiler alone: a line marked @ts-expect-error must be an error, every other line must not.
import { field, Form, type FormFields, type FormOf, problem, request } from "@mini/core";
import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";
import type { Equal, Expect } from "../support/types.ts";

const SignUp = z
  .object({
    name: z.string(),
    age: z.coerce.number(),
    born: z.coerce.date().optional(),
    picture: z.file().optional(),
    address: z.object({ city: z.string() }),
    items: z.array(z.object({ label: z.string() })),
    tags: z.array(z.string()).default([]),
  })
  .refine(({ name }) => name !== "");

const form = await request.form(SignUp);

// The data of a form is what the schema gives, and is there only if the form was accepted.
// @ts-expect-error the form may have been refused
void form.data;
if (form.ok) {
  void form.data.age.toFixed();
  // @ts-expect-error the schema gives no such key
  void form.data.nmae;
}

export type Data = Expect<Equal<Extract<typeof form, { ok: true }>["data"], z.output<typeof SignUp>>>;

// The names of fields are those of the schema's input.
const at = 3;
for (const _html of [
  field(form, "name"),
  field(form, "age"),
  field(form, "born"),
  field(form, "picture"),
  field(form, "address.city"),
  field(form, "items[0].label"),
  field(form, `items[${at}].label`),
  field(form, "tags[]", "a"),
  field(form, "tags[0]"),
  field(form, "name", false),
  problem(form, "name"),
  problem(form, "address"),
  problem(form, ""),
]);
form.value("name");
form.values("tags[]");
form.checked("tags[]", "a");
form.problems("items[0].label");
form.problems("");
form.problems();
form.refuse("name", "Somebody has this name already.");
// @ts-expect-error a typo
field(form, "nmae");
// @ts-expect-error a typo
problem(form, "nmae");
// @ts-expect-error a typo
form.value("nmae");
// @ts-expect-error a typo
form.values("tag[]");
// @ts-expect-error a typo
form.checked("nmae");
// @ts-expect-error a typo
form.problems("nmae");
// @ts-expect-error a typo
form.refuse("nmae", "No.");
// @ts-expect-error a typo in a nested object
field(form, "address.ctiy");
// @ts-expect-error a typo in an item
field(form, "items[0].lable");
// @ts-expect-error an array of objects is not one of texts
field(form, "items.label");
// @ts-expect-error "" stands for the whole form, which is no field
field(form, "");

// A form that was not sent has the same names, and the same type.
const unsent = Form.of(SignUp, { name: "Ada", tags: ["a"] });
field(unsent, "name");
// @ts-expect-error a typo
field(unsent, "nmae");
// @ts-expect-error a typo
Form.of(SignUp, { nmae: "Ada" });

// A function that makes a page names the schema, the output, or nothing.
const bySchema = (given: FormOf<typeof SignUp>) => field(given, "name");
const byOutput = (given: Form<z.output<typeof SignUp>>) => field(given, "name");
const byNames = (given: FormFields<"name">) => field(given, "name");
const plain = (given: Form) => field(given, "anything");
for (const page of [bySchema, byOutput, byNames, plain]) {
  page(form);
  page(unsent);
}
// @ts-expect-error a typo
export const wrongBySchema = (given: FormOf<typeof SignUp>) => field(given, "nmae");
// @ts-expect-error a typo
export const wrongByOutput = (given: Form<z.output<typeof SignUp>>) => field(given, "nmae");
// @ts-expect-error the form has no such field
((given: FormFields<"other">) => given)(form);

// The names are those that are sent, not those that the schema makes of them.
const Renamed = z.object({ sent: z.string() }).transform(({ sent }) => ({ made: sent }));
const renamed = await request.form(Renamed);
field(renamed, "sent");
// @ts-expect-error no field of the form
field(renamed, "made");

// The other libraries, and a union.
const byValibot = await request.form(v.object({ name: v.string(), tags: v.optional(v.array(v.string())) }));
field(byValibot, "name");
field(byValibot, "tags[]", "a");
// @ts-expect-error a typo
field(byValibot, "nmae");
const byArktype = await request.form(type({ name: "string", "news?": "'on'" }));
field(byArktype, "news", "on");
// @ts-expect-error a typo
field(byArktype, "nmae");
const either = Form.of(
  z.discriminatedUnion("kind", [z.object({ kind: z.literal("a"), one: z.string() }), z.object({ kind: z.literal("b"), two: z.string() })]),
);
field(either, "kind");
field(either, "one");
field(either, "two");
// @ts-expect-error neither has it
field(either, "three");

// Without a schema, or with keys of any name, any name is taken.
field(Form.of(), "anything");
field(Form.of(z.record(z.string(), z.string())), "anything");
