// How big the bundle of a small application is: minified by esbuild for production, in KB of gzip. What counts is what the program
// loads at its start. Ours loads some code by `import()` when it is first needed, such as error pages: a bundle that is split has that in
// other files, which do not count. In one file, it counts too.
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const handler = (base, answer) => `class Home extends ${base} { ${answer} }`;
const app = (more = "") => `new App({ rules: [new Rule("/", { handler: Home })]${more} })`;
const core = (names = "") => `import { App, RequestHandler, Rule, text${names} } from "@mini/core";`;
const hello = `${core()} ${handler("RequestHandler", 'get() { return text("hello"); }')} const app = ${app()};`;
const visits = '`Visit ${session.increment("visits")}`';
const middleware = ", middleware: [SessionMiddleware], config: { session: { secretKey: process.env.SECRET_KEY } }";

const hono = 'import { Hono } from "hono"; const app = new Hono();';
const h3 = 'import { H3, useSession } from "h3"; const app = new H3();';

/** The program of each application, by its name. All answer one GET, with sessions in a signed cookie where they are named after them. */
export const programs = {
  mini: `${hello} export const { fetch } = app;`,
  "mini with serve": `${hello} import { serve } from "@mini/core/serve"; await serve(app);`,
  hono: `${hono} app.get("/", (c) => c.text("hello")); export const { fetch } = app;`,
  h3: `${h3} app.get("/", () => "hello"); export const { fetch } = app;`,
  "mini + @mini/session": `${core(", local")} import { SessionMiddleware } from "@mini/session";
    ${handler("RequestHandler", `async get() { const session = await local.sessionStore.getSession(); return text(${visits}); }`)}
    export const { fetch } = ${app(middleware)};`,
  "hono + @mini/session": `${hono} import { honoSessions } from "@mini/session/fetch";
    app.use(honoSessions({ secretKey: process.env.SECRET_KEY }));
    app.get("/", async (c) => { const session = await c.var.session; return c.text(${visits}); });
    export const { fetch } = app;`,
  "hono + hono-sessions": `${hono} import { CookieStore, sessionMiddleware } from "hono-sessions";
    app.use(sessionMiddleware({ store: new CookieStore(), encryptionKey: process.env.SECRET_KEY }));
    app.get("/", (c) => { const session = c.get("session"); session.set("visits", (session.get("visits") ?? 0) + 1); return c.text("hello"); });
    export const { fetch } = app;`,
  "h3 + useSession": `${h3} app.get("/", async (event) => {
      const session = await useSession(event, { password: process.env.SECRET_KEY });
      await session.update(({ visits = 0 }) => ({ visits: visits + 1 }));
      return "hello";
    });
    export const { fetch } = app;`,
};

/**
 * Bundles a program.
 *
 * @param folder - Where its packages are found.
 * @returns The files as esbuild gives them, the first ones to be loaded in `start`.
 */
export async function bundle(program, folder, splitting) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: program, resolveDir: folder, sourcefile: "main.js" },
    absWorkingDir: folder,
    // Not the sources, to which the tsconfig.json of the repository leads.
    tsconfigRaw: "{}",
    outdir: folder,
    entryNames: "main",
    outExtension: { ".js": ".mjs" },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    define: { "process.env.NODE_ENV": '"production"' },
    splitting,
    metafile: true,
    write: false,
    logLevel: "error",
  });
  const start = new Set();
  const load = (name) => {
    if (start.has(name)) return;
    start.add(name);
    for (const { kind, external, path } of metafile.outputs[name].imports) if (kind === "import-statement" && !external) load(path);
  };
  load("main.mjs");
  const names = new Set(Array.from(start, (name) => basename(name)));
  return { files: outputFiles, start: outputFiles.filter(({ path }) => names.has(basename(path))) };
}

/** KB of gzip, of 1000 bytes, of what a program loads at its start: the sum of its files. */
export async function weighBundle(program, folder, { splitting = true } = {}) {
  const { start } = await bundle(program, folder, splitting);
  return start.map(({ contents }) => gzipSync(contents, { level: 9 }).length).reduce((sum, size) => sum + size, 0) / 1000;
}

/** Where the packages of the benchmarks are. */
const bench = fileURLToPath(new URL("..", import.meta.url));
const weigh = (name, options) => weighBundle(programs[name], bench, options);
const inOneFile = { splitting: false };

/** The figures of each scenario, by contestant. */
const scenarios = {
  bundle: async () => ({
    mini: await weigh("mini"),
    "mini, in one file": await weigh("mini", inOneFile),
    "mini with serve": await weigh("mini with serve"),
    hono: await weigh("hono"),
    h3: await weigh("h3"),
  }),
  "bundle-sessions": async () => ({
    "mini + @mini/session": await weigh("mini + @mini/session"),
    "the same, in one file": await weigh("mini + @mini/session", inOneFile),
    "hono + @mini/session": await weigh("hono + @mini/session"),
    "hono + hono-sessions": await weigh("hono + hono-sessions"),
    "h3 + useSession": await weigh("h3 + useSession"),
  }),
  "bundle-adapter": async () => {
    const plain = await weigh("hono");
    return {
      "@mini/session": (await weigh("hono + @mini/session")) - plain,
      "hono-sessions": (await weigh("hono + hono-sessions")) - plain,
    };
  },
};

export function weighBundles(scenario) {
  return scenarios[scenario]();
}
