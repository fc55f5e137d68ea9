import { HTTPError } from "../http/errors.ts";

export const partTooLarge = (name: string, limit: number) =>
  new HTTPError(413, `The part ${JSON.stringify(name)} is over the limit of ${limit} bytes.`);
export const tooMany = (what: "fields" | "parts", limit: number) => new HTTPError(413, `The form is over the limit of ${limit} ${what}.`);
