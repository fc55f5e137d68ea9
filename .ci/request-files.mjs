// Lists the files of the built packages whose functions run while one request is answered, as V8 counts calls: requests that come
// through a server, and one to `app.fetch()` that loads a session from memory, changes it and commits. Each request is answered
// once before, so that work of the first time is not counted.
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
const { App, html, local, RequestHandler, Rule, text } = await load("@mini/core");
const { serve } = await load("@mini/core/serve");
const { MemoryBackend, SessionMiddleware } = await load("@mini/session");

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
class Count extends RequestHandler {
  static middleware = [SessionMiddleware];
  async get() {
    const session = await local.sessionStore.getSession();
    session.set("count", (session.get("count") ?? 0) + 1);
    return text(String(session.get("count")));
  }
}

const app = new App({
  rules: [
    new Rule("/", { handler: Hello }),
    new Rule("/page", { handler: Page }),
    new Rule("/users/:id", { handler: User }),
    new Rule("/count", { handler: Count }),
  ],
  config: { session: { secretKey: "k".repeat(32), backend: new MemoryBackend() } },
});
/** The folders of the packages' modules. */
const folders = { core: dirname(realpathSync(find("@mini/core"))), session: dirname(realpathSync(find("@mini/session"))) };

// Without the checks of idle connections, which would run at any moment.
const hour = 3_600_000;
const timeouts = { headers: hour, request: hour, idle: hour };
const server = await serve(app, { port: 0, silent: true, timeouts });
const inspector = new Session();
inspector.connect();
await inspector.post("Profiler.enable");
await inspector.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
const found = {};
// The code for sessions in a backend is being loaded since the app was made.
await askApp("/count");
for (const path of ["/", "/page", "/users/5"]) found[`GET ${path}`] = await filesOf(() => askServer(path));
const cookie = (await askApp("/count")).headers.get("set-cookie").split(";")[0];
let answer;
found["a session that is loaded, changed and committed"] = await filesOf(async () => (answer = await askApp("/count", cookie)));
inspector.disconnect();
await server.close();
const visits = await answer.text();
if (visits !== "3") throw new Error(`The session was not kept: the third request was answered with ${JSON.stringify(visits)}.`);
if (values.json) console.log(JSON.stringify(found));
else for (const [request, files] of Object.entries(found)) console.log(`${request}: ${files.length} files\n  ${files.join("\n  ")}\n`);

function askServer(path) {
  return new Promise((done, failed) => {
    get(new URL(path, server.url), { agent: false }, (response) => response.resume().on("end", done)).on("error", failed);
  });
}

function askApp(path, sent = "") {
  return app.fetch(new Request(`http://localhost${path}`, { headers: { cookie: sent } }));
}

/** The files whose functions run during a request: package and path, such as `core/app/app`. */
async function filesOf(request) {
  await request();
  // Returns what has run until now, and starts to count from zero.
  await inspector.post("Profiler.takePreciseCoverage");
  await request();
  const { result } = await inspector.post("Profiler.takePreciseCoverage");
  return result
    .filter(({ functions }) => functions.some(({ ranges }) => ranges.some(({ count }) => count > 0)))
    .flatMap(({ url }) => nameOf(url.startsWith("file:") ? fileURLToPath(url) : url))
    .toSorted();
}

function nameOf(file) {
  return Object.entries(folders)
    .filter(([, dist]) => file.startsWith(dist + sep))
    .map(([name, dist]) => `${name}/${relative(dist, file).split(sep).join("/").replace(/\.js$/, "")}`);
}
