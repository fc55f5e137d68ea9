import { html } from "hono/html";

export type Theme = "light" | "dark";

type Markup = ReturnType<typeof html>;

/** A whole page around `content`. */
export function page({
  theme,
  messages,
  content,
}: {
  /** Left out, that of the system. */
  readonly theme: Theme | undefined;
  readonly messages: readonly string[];
  readonly content: Markup;
}): Markup {
  return html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Sessions in Hono</title>
  <link rel="icon" href="data:,">
  <style>
    :root { color-scheme: ${theme ?? "light dark"}; }
    body { margin: 0 auto; max-width: 40rem; padding: 1rem 1.25rem; font: 1.0625rem/1.6 system-ui, sans-serif; }
    header { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 0 1rem; }
    button, input { font: inherit; margin: 0.2rem 0; padding: 0.3rem 0.75rem; max-width: 100%; box-sizing: border-box; }
    [role="status"] { padding: 0.5rem 1rem; border: 1px solid; border-radius: 0.5rem; }
    p { overflow-wrap: anywhere; }
  </style>
</head>
<body>
  <header>
    <h1>Sessions in Hono</h1>
    <form method="post" action="/theme">
      <button name="theme" value="light">Light</button> <button name="theme" value="dark">Dark</button>
    </form>
  </header>
  <main>
    ${messages.map((message) => html`<p role="status">${message}</p>`)}
    ${content}
  </main>
</body>
</html>
`;
}
