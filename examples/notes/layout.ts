import { type Html, html, local, request, urlFor } from "@mini/core";
import type { FlashMessage } from "@mini/session";

function link(endpoint: "board" | "new-note" | "devices" | "log-in" | "sign-up", label: string): Html {
  const href = urlFor(endpoint);
  return html`<li><a href="${href}"${href === request.path && html` aria-current="page"`}>${label}</a></li>`;
}

const forMembers = (name: string) => html`<ul>${link("board", "Board")}${link("new-note", "New note")}${link("devices", "Devices")}</ul>
    <form method="post" action="${urlFor("log-out")}"><button class="plain">Log out ${name}</button></form>`;

const messages = (flashes: readonly FlashMessage[]) =>
  flashes.length > 0 &&
  html`<div role="status">${flashes.map(({ message, level }) => html`<p class="message ${level}">${message}</p>`)}</div>`;

/** A whole page, with the flash messages of the session. */
export async function page(title: string, content: Html): Promise<Html> {
  const session = await local.sessionStore.getSession();
  return html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>${title} · Notes</title>
  <link rel="icon" type="image/svg+xml" href="${urlFor("static", { path: ["icon.svg"] })}">
  <link rel="stylesheet" href="${urlFor("static", { path: ["style.css"] })}">
</head>
<body>
  <a class="skip" href="#content">Skip to the content</a>
  <header>
    <p class="brand"><a href="${urlFor("board")}">Notes</a></p>
    <nav aria-label="Pages">${local.user === undefined ? html`<ul>${link("log-in", "Log in")}${link("sign-up", "Sign up")}</ul>` : forMembers(local.user.name)}</nav>
  </header>
  <main id="content">
    ${messages(await session.getFlashes())}
    <h1>${title}</h1>
    ${content}
  </main>
</body>
</html>
`;
}

const format = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });

/** A time that people and programs can read. */
export const time = (moment: number): Html => html`<time datetime="${new Date(moment).toISOString()}">${format.format(moment)} UTC</time>`;
