import { request, urlFor } from "@mini/core";
import { z } from "zod";
import { longestName, nameOf } from "./users.ts";

export const shortestPassword = 10;
export const longestPassword = 200;

const nameRule = `A name has 1 to ${longestName} letters, digits, dots, hyphens or underscores.`;
const newName = z
  .string(nameRule)
  .overwrite(nameOf)
  .regex(/^[\p{L}\p{N}._-]+$/u, { error: nameRule, abort: true })
  .max(longestName, nameRule);

const tooShort = `A password has at least ${shortestPassword} characters.`;
const newPassword = z
  .string(tooShort)
  .min(shortestPassword, tooShort)
  .max(longestPassword, `A password has at most ${longestPassword} characters.`);

export const SignUp = z.object({ name: newName, password: newPassword });
export const PasswordChange = z.object({ current: z.string().default(""), password: newPassword });
/** Accepts any text, because the form of a name or a password does not show whether it is correct. */
export const LogIn = z.object({ name: z.string().default(""), password: z.string().default(""), next: z.string().default("") });

/** Where to continue after logging in. It is the account page if the link to the log-in page named another site. */
export function nextUrl(next: string): string {
  if (next === "" || !URL.canParse(next, request.url)) return urlFor("account");
  const url = new URL(next, request.url);
  return url.origin === new URL(request.url).origin ? url.href : urlFor("account");
}
