/** The style sheet of every page, in light and in dark. */
export const styles = `
:root {
  color-scheme: light dark;
  --ground: #f7faf9;
  --sheet: #ffffff;
  --ink: #1d2423;
  --quiet: #58645f;
  --line: #c8d2cf;
  --accent: #115e59;
  --accent-ink: #ffffff;
  --info: #1d4ed8;
  --success: #166534;
  --warning: #854d0e;
  --error: #b91c1c;
}

@media (prefers-color-scheme: dark) {
  :root {
    --ground: #151a19;
    --sheet: #1e2524;
    --ink: #e4ebe9;
    --quiet: #9daca8;
    --line: #3f4a47;
    --accent: #5eead4;
    --accent-ink: #06302c;
    --info: #93c5fd;
    --success: #86efac;
    --warning: #fde047;
    --error: #fca5a5;
  }
}

* { box-sizing: border-box; }

body {
  margin: 0 auto;
  max-width: 44rem;
  min-height: 100vh;
  padding: 0 1.25rem;
  display: flex;
  flex-direction: column;
  background: var(--ground);
  color: var(--ink);
  font: 1.0625rem/1.6 system-ui, sans-serif;
}

a { color: var(--accent); text-underline-offset: 0.2em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }

.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: 0.5rem; padding: 0.25rem 0.75rem; background: var(--sheet); }

header {
  display: flex;
  flex-wrap: wrap;
  align-items: baseline;
  justify-content: space-between;
  gap: 0.25rem 1.5rem;
  padding: 1.5rem 0 1rem;
  border-bottom: 1px solid var(--line);
}

.brand { margin: 0; font-weight: 650; }
.brand a { color: inherit; text-decoration: none; }

nav { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; }
nav form { margin: 0; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin: 0; padding: 0; list-style: none; }
nav a { display: inline-block; padding: 0.25rem 0; color: var(--quiet); text-decoration: none; }
nav a:hover { color: var(--ink); }
nav a[aria-current] { color: var(--ink); box-shadow: 0 2px var(--accent); }

main { flex: 1; padding: 1.5rem 0 2.5rem; }
h1 { margin: 0 0 1.25rem; font-size: clamp(1.75rem, 5vw, 2.25rem); line-height: 1.2; letter-spacing: -0.015em; overflow-wrap: anywhere; }
h2 { margin: 2rem 0 0.75rem; font-size: 1.125rem; line-height: 1.3; }
p { text-wrap: pretty; }

.card {
  margin: 0 0 1rem;
  padding: 1.25rem 1.5rem;
  border: 1px solid var(--line);
  border-radius: 0.75rem;
  background: var(--sheet);
  overflow-wrap: anywhere;
}
.cards { margin: 1.5rem 0 0; padding: 0; list-style: none; }
.card h2 { margin: 0 0 0.5rem; display: flex; flex-wrap: wrap; align-items: center; gap: 0.25rem 0.75rem; }
.card form { margin: 1rem 0 0; }
.badge { padding: 0 0.625rem; border: 1px solid currentcolor; border-radius: 1rem; color: var(--accent); font-size: 0.875rem; font-weight: 500; }

dl { margin: 0; }
dl div { display: flex; flex-wrap: wrap; gap: 0 1rem; padding: 0.125rem 0; }
dt { flex: 0 0 7.5rem; color: var(--quiet); }
dd { flex: 1 1 14rem; margin: 0; }

.note {
  --level: var(--info);
  margin: 0 0 1.25rem;
  padding: 0.625rem 1rem;
  border: 1px solid var(--level);
  border-radius: 0.75rem;
  background: color-mix(in srgb, var(--level) 10%, var(--sheet));
  overflow-wrap: anywhere;
}
.note.success { --level: var(--success); }
.note.warning { --level: var(--warning); }
.note.error { --level: var(--error); }

form { margin: 1rem 0; }
.row { display: flex; flex-wrap: wrap; align-items: end; gap: 0.625rem; }
.field { display: block; max-width: 24rem; margin: 0 0 1.25rem; font-weight: 500; }
.field small { display: block; color: var(--quiet); font-size: 0.9375rem; font-weight: 400; line-height: 1.4; }

button, .button, input { font: inherit; border-radius: 0.5rem; }
button, .button {
  display: inline-block;
  max-width: 100%;
  padding: 0.4rem 1rem;
  border: 1px solid var(--quiet);
  background: var(--sheet);
  color: var(--ink);
  text-decoration: none;
  overflow-wrap: anywhere;
  cursor: pointer;
}
button:hover, .button:hover { border-color: var(--accent); color: var(--accent); }
.primary { border-color: var(--accent); background: var(--accent); color: var(--accent-ink); }
.primary:hover { background: var(--ink); border-color: var(--ink); color: var(--ground); }
.plain { padding: 0.25rem 0; border: 0; background: none; color: var(--quiet); }
.plain:hover { color: var(--ink); }

input {
  display: block;
  width: 100%;
  margin: 0.25rem 0 0;
  padding: 0.4rem 0.75rem;
  border: 1px solid var(--quiet);
  background: var(--sheet);
  color: var(--ink);
  font-weight: 400;
}
input[readonly] { border-style: dashed; background: none; }
input[aria-invalid] { border-color: var(--error); box-shadow: 0 0 0 1px var(--error); }

.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

footer { padding: 1rem 0 1.5rem; border-top: 1px solid var(--line); color: var(--quiet); font-size: 0.9375rem; }
footer p { margin: 0; }
`;
