import { html, HTTPError, request, urlFor } from "@mini/core";
import type { Html } from "@mini/core";
import { readFields } from "./forms.ts";
import { signInPage } from "./handlers/sign-in.ts";
import { page } from "./layout.ts";

const messageOf = (error: unknown) => (error instanceof HTTPError ? error.message : "");

/** 403 is used only for signing in here. The form is shown again, with everything that was entered except the password. */
async function forbidden(error: unknown): Promise<Html> {
  const { name, next } = await readFields("name", "next");
  return signInPage({ name, next, problem: messageOf(error) });
}

function notFound(): Promise<Html> {
  return page("Not found", html`<p>There is no such page. <a href="${urlFor("home")}">Go to the first one</a>.</p>`);
}

function pleaseWait(error: unknown): Promise<Html> {
  return page(
    "Please wait",
    html`<p class="note error" role="alert">${messageOf(error)}</p>
      <p><a class="button" href="${request.url}">Back to the form</a></p>`,
  );
}

/** The error pages by status. The framework has a page for every other status. */
export const errorHandlers = { 403: forbidden, 404: notFound, 429: pleaseWait };
