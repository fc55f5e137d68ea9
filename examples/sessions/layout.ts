import { html, request, urlFor } from "@mini/core";
import type { Html } from "@mini/core";

const places = [
  ["home", "Session"],
  ["sessions/cart", "Cart"],
  ["sessions/flash", "Flash"],
] as const;

function navigation(): Html {
  const links = places.map(([endpoint, label]) => {
    const href = urlFor(endpoint);
    return html`<li><a href="${href}"${href === request.path && html` aria-current="page"`}>${label}</a></li>`;
  });
  return html`<nav aria-label="Pages"><ul>${links}</ul></nav>`;
}

/** A whole page around `content`. */
export function page(title: string, content: Html): Html {
  return html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>${title} · Sessions tutorial</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="${urlFor("style")}">
</head>
<body>
  <a class="skip" href="#content">Skip to the content</a>
  <header>
    <p class="brand"><a href="${urlFor("home")}">Sessions tutorial</a></p>
    ${navigation()}
  </header>
  <main id="content">
    <h1>${title}</h1>
    ${content}
  </main>
  <footer>
    <p>The cart and the session change by GET here, so reloading a page can change them again. That is only for the tutorial:
    use <code>post</code> methods and forms, as the flash page does.</p>
  </footer>
</body>
</html>
`;
}
