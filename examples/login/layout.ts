import { html, local, request, urlFor } from "@mini/core";
import type { Html } from "@mini/core";
import type { FlashMessage } from "@mini/session";

const forMembers = [
  ["account", "Account"],
  ["sessions", "Sessions"],
  ["password", "Password"],
] as const;
const forGuests = [
  ["log-in", "Log in"],
  ["sign-up", "Sign up"],
] as const;

function navigation(isMember: boolean): Html {
  const links = (isMember ? forMembers : forGuests).map(([endpoint, label]) => {
    const href = urlFor(endpoint);
    return html`<li><a href="${href}"${href === request.path && html` aria-current="page"`}>${label}</a></li>`;
  });
  const logOut = html`<form method="post" action="${urlFor("log-out")}"><button class="plain">Log out</button></form>`;
  return html`<nav aria-label="Pages"><ul>${links}</ul>${isMember && logOut}</nav>`;
}

function notes(flashes: readonly FlashMessage[]): Html | false {
  const items = flashes.map(({ message, level }) => html`<p class="note ${level}">${message}</p>`);
  return items.length > 0 && html`<div role="status">${items}</div>`;
}

/** A whole page around `content`, with the flash messages of the session. */
export async function page(title: string, content: Html): Promise<Html> {
  const session = await local.sessionStore.getSession();
  const user = await local.currentUser();
  return html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>${title} · Login example</title>
  <link rel="icon" type="image/svg+xml" href="${urlFor("static", { path: ["icon.svg"] })}">
  <link rel="stylesheet" href="${urlFor("static", { path: ["style.css"] })}">
</head>
<body>
  <a class="skip" href="#content">Skip to the content</a>
  <header>
    <p class="brand"><a href="${urlFor("home")}">Login example</a></p>
    ${navigation(user !== undefined)}
  </header>
  <main id="content">
    ${notes(await session.getFlashes())}
    <h1>${title}</h1>
    ${content}
  </main>
  <footer><p>Users and sessions are kept in an LMDB file. The cookie holds a signed random id and nothing else.</p></footer>
</body>
</html>
`;
}
