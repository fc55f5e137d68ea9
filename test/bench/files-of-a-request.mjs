// Counts the files of the built packages whose functions run in one request: one that loads a session from memory, changes
// it and commits, and one without a session. For whoever wants to know where to read, and how far a request goes.
//
//   node test/bench/files-of-a-request.mjs [--build]     --build: builds the packages first
import { Session as Inspector } from "node:inspector/promises";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { buildPackages, root } from "./measure/build.mjs";

if (process.argv.includes("--build")) buildPackages();
const load = (path) => import(new URL(`../../packages/${path}`, import.meta.url));
const { App, local, RequestHandler, Rule, text } = await load("core/dist/index.js");
const { MemoryBackend, SessionMiddleware } = await load("session/dist/index.js");

class Hello extends RequestHandler {
  get() {
    return text("hello");
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
  rules: [new Rule("/hello", { handler: Hello }), new Rule("/count", { handler: Count })],
  config: { session: { secretKey: "k".repeat(32), backend: new MemoryBackend() } },
});
const ask = (path, cookie) => app.fetch(new Request(`http://localhost${path}`, { headers: cookie === undefined ? {} : { cookie } }));

const inspector = new Inspector();
inspector.connect();
await inspector.post("Profiler.enable");

/** The files whose functions run meanwhile; a file's own code, which runs as it is loaded, does not count. */
async function filesOf(work) {
  await inspector.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
  await inspector.post("Profiler.takePreciseCoverage");
  await work();
  const { result } = await inspector.post("Profiler.takePreciseCoverage");
  await inspector.post("Profiler.stopPreciseCoverage");
  return result
    .filter(({ url, functions }) => /\/packages\/\w+\/dist\//.test(url) && functions.some((each) => isCalled(each)))
    .map(({ url }) => relative(root, fileURLToPath(url)))
    .toSorted();
}

const isCalled = ({ functionName, ranges: [range] }) => range.count > 0 && !(functionName === "" && range.startOffset === 0);

const first = await ask("/count");
const cookie = first.headers.get("set-cookie").split(";")[0];
// Once before, so that what is made by the first request of all does not count.
for (const path of ["/hello", "/count"]) await ask(path, cookie);
for (const [title, path] of [
  ["a request without a session", "/hello"],
  ["a request that loads a session, changes it and commits", "/count"],
]) {
  const files = await filesOf(async () => (await ask(path, cookie)).text());
  const own = ["core", "session"].map((name) => `${name} ${files.filter((file) => file.startsWith(`packages/${name}/`)).length}`);
  console.log(`${title}: ${files.length} files (${own.join(", ")})`);
  for (const file of files) console.log(`  ${file}`);
}
inspector.disconnect();
