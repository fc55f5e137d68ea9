// Makes the guides and the API reference into one static site with search, in .ci/docs/site. Run by `npm run docs`.
//
//   node .ci/docs/build.mjs [folder]     folder: where to write the site; left out, .ci/docs/site
//
// The order of the guides is that of the table "Documentation" in the README, so that there is one list of them.
import { copyFileSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Application, Converter, PageEvent, RendererEvent } from "typedoc";
import { checkLinks } from "./links.mjs";

const root = resolve(fileURLToPath(new URL("../..", import.meta.url)));
const out = resolve(process.argv[2] ?? join(root, ".ci/docs/site"));
const here = join(root, ".ci/docs");

/** The guides in the order of the README: the path of each, and the row of the table that it is in. */
function guides() {
  const table = /^## Documentation\n([^]*)/m.exec(readFileSync(join(root, "README.md"), "utf8"))[1];
  const rows = table.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| ---") && line !== "| | |");
  return rows.flatMap((row) => {
    const [, head, links] = row.split("|");
    const group = head.trim().replace(/^\[(.*)\]\(.*\)$/, "$1");
    const paths = Array.from(`${head} ${links}`.matchAll(/\]\(([^)#]+\.md)\)/g), ([, path]) => path);
    return paths.flatMap((path) => [path, ...pagesBelow(path)]).map((each) => ({ group, path: each }));
  });
}

/** The pages in the folder that is named as a page, in the order in which that links to them. */
function pagesBelow(path) {
  const folder = `${basename(path, ".md")}/`;
  const links = readFileSync(join(root, path), "utf8").matchAll(/\]\(([\w-]+\/[\w-]+\.md)[^)]*\)/g);
  const below = [...new Set(Array.from(links, ([, link]) => link))].filter((link) => link.startsWith(folder));
  return below.map((link) => join(dirname(path), link));
}

/** The entries of the packages: every line of `exports` is a module of the reference. */
function entries() {
  return ["core", "session"].flatMap((name) => {
    const { exports } = JSON.parse(readFileSync(join(root, `packages/${name}/package.json`), "utf8"));
    return Object.entries(exports)
      .filter(([, target]) => typeof target === "object")
      .map(([subpath, { types }]) => ({
        name: `@mini/${name}${subpath.slice(1)}`,
        path: join(root, `packages/${name}`, types.replace("./dist/", "./src/").replace(".d.ts", ".ts")),
      }));
  });
}

const pages = guides();
const modules = entries();

const app = await Application.bootstrap({
  name: "@mini",
  entryPoints: modules.map(({ path }) => path),
  tsconfig: join(here, "tsconfig.json"),
  readme: join(root, "README.md"),
  projectDocuments: pages.map(({ path }) => join(root, path)),
  out,
  cleanOutputDir: true,
  favicon: join(here, "favicon.svg"),
  customCss: join(here, "site.css"),
  customJs: join(here, "diagrams.js"),
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  disableSources: true,
  hideGenerator: true,
  searchInDocuments: true,
  searchInComments: true,
  navigation: { includeCategories: true, includeGroups: true, includeFolders: false },
  groupOrder: [...new Set(pages.map(({ group }) => group)), "Modules", "*"],
  sort: ["source-order"],
  sortEntryPoints: false,
  router: "kind-dir",
  githubPages: false,
  highlightLanguages: ["ts", "tsx", "js", "json", "html", "css", "bash", "sh", "sql", "ini", "nginx", "docker", "http", "text"],
  ignoredHighlightLanguages: ["mermaid"],
  treatValidationWarningsAsErrors: true,
  validation: { notExported: false, invalidLink: true, invalidPath: true, rewrittenLink: true, notDocumented: false },
});

// Folders of the repository are linked to, and are not on the site: see below.
const warn = app.logger.warn.bind(app.logger);
app.logger.warn = (text, ...rest) => /is not a file and will not be copied/.test(text) || warn(text, ...rest);

// The documents come in the order of the option.
let count = 0;
app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context, document) => {
  const { path, group } = pages[count++];
  const title = /^# (.+)$/m.exec(readFileSync(join(root, path), "utf8"))?.[1];
  if (title === undefined) throw new Error(`Cannot name the page ${path}: it has no heading of the first level.`);
  document.name = title;
  document.frontmatter.group = group;
});

// The modules are in the order of the entry points.
app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
  const found = project.children ?? [];
  if (found.length !== modules.length) throw new Error(`The reference has ${found.length} modules, and not ${modules.length}.`);
  for (const [i, { name }] of modules.entries()) found[i].name = name;
});

// Links to folders of the repository lead nowhere on the site. They become text.
app.renderer.on(PageEvent.END, (page) => {
  const folder = /<a href="(?:\.\.\/)*media\/[\w-]+"[^>]*>([^]*?)<\/a>/g;
  page.contents = page.contents.replace(folder, "$1");
  if (page.url === "index.html") page.contents = page.contents.replace(/<div class="tsd-page-title">[^]*?<\/div>/, "");
});

app.renderer.on(RendererEvent.END, () => {
  copyFileSync(join(here, "node_modules/mermaid/dist/mermaid.min.js"), join(out, "assets/mermaid.min.js"));
});

const project = await app.convert();
if (project === undefined) throw new Error("Cannot make the documents: the compiler found errors in the packages.");
app.validate(project);
await app.generateDocs(project, out);

const problems = checkLinks(out);
for (const problem of problems) console.error(problem);
console.log(problems.length === 0 ? `The site is in ${out}: open index.html.` : `${problems.length} links lead nowhere.`);
process.exitCode = problems.length > 0 || app.logger.hasErrors() ? 1 : 0;
