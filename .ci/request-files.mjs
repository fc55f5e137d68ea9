// Lists the files of the built packages whose functions run while one request is answered, as V8 counts calls. Each request was
// answered once before, so that what happens only the first time does not count.
//
//   node .ci/request-files.mjs [--json] [folder]     a folder in which the packages are installed; left out, this repository
import { realpathSync } from "node:fs";
import { get } from "node:http";
import { Session } from "node:inspector/promises";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: "boolean", default: false } } });
const folder = resolve(positionals[0] ?? fileURLToPath(new URL("..", import.meta.url)));
const { resolve: find } = createRequire(join(folder, "from-here.js"));
const load = (specifier) => import(pathToFileURL(find(specifier)).href);
const { App, html, RequestHandler, Rule, text } = await load("@mini/core");
const { serve } = await load("@mini/core/serve");

class Hello extends RequestHandler {
  get() {
    return text("hello");
  }
}
class Page extends RequestHandler {
  get() {
    return html`<p>hello`;
  }
}
class User extends RequestHandler {
  get({ id }) {
    return text(id);
  }
}

const rules = [new Rule("/", { handler: Hello }), new Rule("/page", { handler: Page }), new Rule("/users/:id", { handler: User })];
const server = await serve(new App({ rules }), { port: 0, silent: true });
const session = new Session();
session.connect();
await session.post("Profiler.enable");
await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
const found = {};
for (const path of ["/", "/page", "/users/5"]) {
  await ask(path);
  // Gives what has run until now, and counts from zero again.
  await session.post("Profiler.takePreciseCoverage");
  await ask(path);
  found[`GET ${path}`] = filesIn(await session.post("Profiler.takePreciseCoverage"));
}
session.disconnect();
await server.close();
if (values.json) console.log(JSON.stringify(found));
else for (const [request, files] of Object.entries(found)) console.log(`${request}: ${files.length} files\n  ${files.join("\n  ")}\n`);

function ask(path) {
  return new Promise((done, failed) => {
    get(new URL(path, server.url), { agent: false }, (response) => response.resume().on("end", done)).on("error", failed);
  });
}

/** Paths below the folder of the package's modules. */
function filesIn({ result }) {
  const dist = dirname(realpathSync(find("@mini/core")));
  return result
    .filter(({ functions }) => functions.some(({ ranges }) => ranges.some(({ count }) => count > 0)))
    .map(({ url }) => (url.startsWith("file:") ? fileURLToPath(url) : url))
    .filter((file) => file.startsWith(dist + sep))
    .map((file) => relative(dist, file).split(sep).join("/").replace(/\.js$/, ""))
    .toSorted();
}
