// Draws the diagrams of a page, in the colors of the theme that is shown. The library is loaded only where there is a diagram.
const blocks = [...document.querySelectorAll("pre > code.mermaid")];
if (blocks.length > 0) {
  const script = document.createElement("script");
  script.src = new URL("mermaid.min.js", document.querySelector('script[src*="assets/"]').src).href;
  script.addEventListener("load", () => void draw());
  document.head.append(script);
}

async function draw() {
  const theme = document.documentElement.dataset.theme;
  const isDark = theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  mermaid.initialize({ startOnLoad: false, theme: isDark ? "dark" : "neutral", securityLevel: "strict" });
  for (const [index, block] of blocks.entries()) {
    const { svg } = await mermaid.render(`diagram-${index}`, block.textContent);
    const figure = document.createElement("figure");
    figure.className = "diagram";
    figure.innerHTML = svg;
    block.parentElement.replaceWith(figure);
  }
}
