import { html, request, urlFor } from "@mini/core";
import type { Html } from "@mini/core";
import { page } from "./layout.ts";

function notFound(): Html {
  return page(
    "Page not found",
    html`<p class="result">There is no page at ${request.path}</p>
      <p><a class="button" href="${urlFor("home")}">Go to the first page</a></p>`,
  );
}

/** The pages of errors, by status. The framework has a plain page for every other status. */
export const errorHandlers = { 404: notFound };
