// How all servers check the forms, and what they answer.
import { z } from "zod";
import { sumOf } from "./sent.mjs";

export const Order = z.object({
  name: z.string().min(1).max(100),
  email: z.email(),
  street: z.string().min(1).max(100),
  zip: z.string().regex(/^\d{5}$/),
  city: z.string().min(1).max(100),
  country: z.enum(["de", "fr", "gb"]),
  amount: z.coerce.number().int().min(1).max(99),
  gift: z.literal("on").optional(),
  topics: z.array(z.string().max(100)).max(10),
  note: z.string().max(1000),
});

export const answerOrder = ({ name, city, amount, topics, note }) => ({ name, city, amount, topics, note: note.length });

/** A file is of the class of the web where a server gives that, else an object with `name`, `type`, `size` and `bytes`. */
export const Picture = z.object({
  title: z.string().min(1).max(100),
  album: z.coerce.number().int(),
  public: z.literal("on").optional(),
  photo: z.custom((file) => typeof file === "object" && file.type === "image/jpeg" && file.size <= 1_000_000),
});

/** @param bytes - Of the photo, which every server reads whole. */
export function answerPicture({ title, album, photo: { name, type } }, bytes) {
  return { title, album, photo: { name, type, size: bytes.length, sum: sumOf(bytes) } };
}

/** The bytes of a file of the web. */
export const bytesOf = async (file) => new Uint8Array(await file.arrayBuffer());

/** The output of a schema. @throws Error for what it refuses, which no client sends. */
export function checked(schema, value) {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  throw error;
}
