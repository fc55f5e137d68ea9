/** The style sheet of every page, in light and in dark. */
export const styles = `
:root {
  color-scheme: light dark;
  --ground: #f8f8fc;
  --sheet: #ffffff;
  --ink: #1f1f2b;
  --quiet: #5d5d73;
  --line: #cdcddd;
  --accent: #4338ca;
  --accent-ink: #ffffff;
}

@media (prefers-color-scheme: dark) {
  :root {
    --ground: #16161d;
    --sheet: #1f1f29;
    --ink: #e7e7f0;
    --quiet: #a3a3b8;
    --line: #43435a;
    --accent: #a5b4fc;
    --accent-ink: #1e1b4b;
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
.place { margin: 0; color: var(--quiet); }

main { flex: 1; padding: 1.5rem 0 2.5rem; }
h1 { margin: 0 0 1.25rem; font-size: clamp(1.75rem, 5vw, 2.25rem); line-height: 1.2; letter-spacing: -0.015em; }
h2 { margin: 2rem 0 0.75rem; font-size: 1.125rem; line-height: 1.3; }
p { text-wrap: pretty; }

.card {
  margin: 1.5rem 0;
  padding: 1.25rem 1.5rem;
  border: 1px solid var(--line);
  border-radius: 0.75rem;
  background: var(--sheet);
}
.counter { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 1rem; }
.counter p { margin: 0; color: var(--quiet); overflow-wrap: anywhere; }
.counter b { margin-right: 0.25rem; color: var(--ink); font-size: 2.5rem; line-height: 1; font-variant-numeric: tabular-nums; }

button { padding: 0.4rem 1rem; border: 1px solid; border-radius: 0.5rem; font: inherit; cursor: pointer; }
.primary { border-color: var(--accent); background: var(--accent); color: var(--accent-ink); }
.primary:hover { background: var(--ink); border-color: var(--ink); color: var(--ground); }

table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.375rem 1.25rem 0.375rem 0; border-bottom: 1px solid var(--line); text-align: left; font-weight: 400; white-space: nowrap; }
thead th { color: var(--quiet); }
tbody th { font-weight: 600; }
th + th, th + td, td + td { width: 1%; }
td.bar, thead td { width: 100%; min-width: 2rem; padding-right: 0; }
.bar svg { display: block; width: 100%; height: 0.625rem; fill: var(--accent); }
.badge { margin-left: 0.375rem; padding: 0 0.5rem; border: 1px solid currentcolor; border-radius: 1rem; color: var(--accent); font-size: 0.875rem; font-weight: 500; }

@media (max-width: 24rem) {
  th, td { padding-right: 0.75rem; }
  td.bar, thead td { display: none; }
}

footer { padding: 1rem 0 1.5rem; border-top: 1px solid var(--line); color: var(--quiet); font-size: 0.9375rem; }
footer p { margin: 0; }
`;
