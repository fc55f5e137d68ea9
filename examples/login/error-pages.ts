import { html, HTTPError, request, urlFor } from "@mini/core";
import type { Html } from "@mini/core";
import { page } from "./layout.ts";

function notFound(): Promise<Html> {
  return page("Not found", html`<p>There is no such page. <a href="${urlFor("home")}">Go to the first one</a>.</p>`);
}

function pleaseWait(error: unknown): Promise<Html> {
  return page(
    "Please wait",
    html`<p class="note error" role="alert">${error instanceof HTTPError && error.message}</p>
      <p><a class="button" href="${request.url}">Back to the form</a></p>`,
  );
}

/** The error pages by status. The framework has a page for every other status. */
export const errorHandlers = { 404: notFound, 429: pleaseWait };
