import { html, request, urlFor } from "@mini/core";
import type { Html } from "@mini/core";
import { longestName, nameOf } from "./users.ts";

/** Text fields of the request's form by name; one that is missing, or a file, is empty. */
export async function readFields<Name extends string>(...names: readonly Name[]): Promise<Record<Name, string>> {
  const form = await request.formData();
  const entries = names.map((name) => {
    const value = form.get(name);
    return [name, typeof value === "string" ? value : ""];
  });
  return Object.fromEntries(entries) as Record<Name, string>;
}

export const shortestPassword = 10;
export const longestPassword = 200;

/** What is wrong with a name, as a sentence. */
export function nameProblem(name: string): string | undefined {
  if (/^[\p{L}\p{N}._-]+$/u.test(nameOf(name)) && nameOf(name).length <= longestName) return undefined;
  return `A name has 1 to ${longestName} letters, digits, dots, hyphens or underscores.`;
}

/** What is wrong with a new password, as a sentence. */
export function passwordProblem(password: string): string | undefined {
  if (password.length < shortestPassword) return `A password has at least ${shortestPassword} characters.`;
  return password.length > longestPassword ? `A password has at most ${longestPassword} characters.` : undefined;
}

/** A note above a form that says why it is shown again. */
export const problemNote = (problem: string | undefined): Html | undefined =>
  problem === undefined ? undefined : html`<p class="note error" id="problem" role="alert">${problem}</p>`;

/** Attributes that connect a field with the note above the form. */
export const markWrong = (isWrong: boolean): Html | false => isWrong && html` aria-invalid="true" aria-describedby="problem"`;

/** Where to continue after signing in. It is the account page if the link to the sign-in page named another site. */
export function nextUrl(next: string): string {
  if (next === "" || !URL.canParse(next, request.url)) return urlFor("account");
  const url = new URL(next, request.url);
  return url.origin === new URL(request.url).origin ? url.href : urlFor("account");
}
