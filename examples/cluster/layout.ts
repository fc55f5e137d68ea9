import { html, local, urlFor } from "@mini/core";
import type { Html } from "@mini/core";

/** A whole page around `content`. */
export function page(title: string, content: Html): Html {
  return html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>${title} · Cluster example</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="${urlFor("style")}">
</head>
<body>
  <header>
    <p class="brand"><a href="${urlFor("home")}">Cluster example</a></p>
    <p class="place">Sessions in ${local.fleet.place}</p>
  </header>
  <main>
    <h1>${title}</h1>
    ${content}
  </main>
  <footer><p><code>kill -HUP ${process.ppid}</code> replaces the processes one after the other. No request fails, and the clicks stay.</p></footer>
</body>
</html>
`;
}
