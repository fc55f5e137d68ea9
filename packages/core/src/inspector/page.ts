import { randomBytes } from "node:crypto";
import { html, raw } from "../http/html.ts";
import { Response } from "../http/response.ts";
import { script } from "./script.ts";
import { style } from "./style.ts";

/** The page of the inspector. The page itself has no data: its script reads the events, and shows all values as text. */
export function inspectorPage(): Response {
  const nonce = randomBytes(16).toString("base64");
  const page = html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Inspector</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${raw(style)}</style>
<header>
  <h1>Inspector</h1>
  <p id="state" role="status">Connecting …</p>
  <nav aria-label="Views"><button type="button" id="show-requests" aria-pressed="true">Requests</button><button type="button" id="show-rules" aria-pressed="false">Rules</button></nav>
</header>
<main id="requests">
  <section class="list" aria-label="Requests">
    <div class="tools">
      <label>Filter <input id="filter" type="search" placeholder="path or status"></label>
      <button type="button" id="pause" aria-pressed="false">Pause</button>
      <button type="button" id="clear">Clear</button>
    </div>
    <ol id="entries"></ol>
    <p id="empty">No request yet. Open a page of your site in another tab.</p>
  </section>
  <article id="detail" tabindex="-1" aria-label="Selected request"><p class="quiet">Select a request. The arrow keys move through the list.</p></article>
</main>
<main id="rules" hidden><div class="scroll"><table><thead><tr><th>Methods<th>Path<th>Endpoint<th>Handler<th>Middleware</thead><tbody id="rows"></tbody></table></div></main>
<script nonce="${nonce}">${raw(script)}</script>
</html>
`;
  return new Response(page.markup, {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
    },
  });
}
