import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** The links and pictures of a static site that lead nowhere, a sentence each. Links to other sites are not followed. */
export function checkLinks(site) {
  const pages = readdirSync(site, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".html"))
    .map((entry) => join(entry.parentPath, entry.name));
  const texts = new Map(pages.map((file) => [file, readFileSync(file, "utf8")]));
  const ids = new Map();
  const idsOf = (file) => {
    if (!ids.has(file)) ids.set(file, new Set(Array.from((texts.get(file) ?? "").matchAll(/\bid="([^"]*)"/g), ([, id]) => decode(id))));
    return ids.get(file);
  };
  const problems = [];
  for (const [file, text] of texts) {
    for (const [, link] of text.matchAll(/\b(?:href|src)="([^"]*)"/g)) {
      if (/^(?:[a-z]+:|\/\/)/i.test(link)) continue;
      const [path, anchor] = decode(link).split("#");
      const named = path.split("?")[0] === "" ? file : join(dirname(file), decodeURIComponent(path.split("?")[0]));
      const target = existsSync(named) && statSync(named).isDirectory() ? join(named, "index.html") : named;
      const problem = !existsSync(target)
        ? "there is no such file"
        : anchor !== undefined && anchor !== "" && texts.has(target) && !idsOf(target).has(decodeURIComponent(anchor))
          ? "the page has no such heading"
          : undefined;
      if (problem !== undefined) problems.push(`${relative(site, file)} links to ${link}: ${problem}.`);
    }
  }
  return problems;
}

function decode(text) {
  return text.replaceAll("&amp;", "&").replaceAll("&quot;", '"').replaceAll("&#39;", "'");
}
