import { randomUUID } from "node:crypto";
import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

/** How the files of each kind begin. What the browser says about a file is not trusted. */
const kinds = [
  ["png", /^\x89PNG\r\n/],
  ["jpg", /^\xff\xd8\xff/],
  ["gif", /^GIF8[79]a/],
  ["webp", /^RIFF[^]{4}WEBP/],
] as const;

/** The form of the names that {@link savePicture} makes. Such a name cannot be guessed. */
export const pictureName = /[\da-f-]{36}\.(?:png|jpg|gif|webp)/;

/** A picture in a form. Its output is the bytes and the file extension for their kind. */
export const Picture = z
  .file()
  .max(5_000_000, "Choose a picture of 5 MB or less.")
  .transform(async (file, context) => {
    const bytes = Buffer.from(await file.arrayBuffer());
    const [ending] = kinds.find(([, start]) => start.test(bytes.toString("latin1", 0, 16))) ?? [];
    if (ending !== undefined) return { bytes, ending };
    context.addIssue("Choose a PNG, JPEG, GIF or WebP picture.");
    return z.NEVER;
  });

/** Saves a picture and returns its name. The file gets this name when it is complete. */
export async function savePicture(folder: string, { bytes, ending }: z.output<typeof Picture>): Promise<string> {
  const name = `${randomUUID()}.${ending}`;
  const unfinished = join(folder, `${name}.part`);
  try {
    await writeFile(unfinished, bytes);
    await rename(unfinished, join(folder, name));
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  return name;
}
