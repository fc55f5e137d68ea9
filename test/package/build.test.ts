import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { beforeAll, describe, expect, test } from "vitest";
import type { Built } from "../support/build-packages.ts";
import { expectSuccess, linkInstalled } from "../support/build-packages.ts";
import { build, compile } from "../support/built.ts";
import { entries, exportedNames } from "../support/entries.ts";
import { root, writeFiles } from "../support/folder.ts";
import { Visitor } from "../support/http.ts";
import { runNode } from "../support/run-node.ts";
import { listFiles, packageNames, readSources } from "../support/sources.ts";

let built: Built;
beforeAll(async () => {
  built = await build();
  for (const name of ["@types", "undici-types", "fastify"]) linkInstalled(built.consumer, name);
});

/** Strict, without the repository's paths, and declaration files are checked as well. */
const compilerOptions = {
  target: "es2023",
  lib: ["es2024", "dom", "dom.iterable", "dom.asynciterable"],
  module: "nodenext",
  types: ["node"],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noImplicitOverride: true,
  rewriteRelativeImportExtensions: true,
  skipLibCheck: false,
};

/** Runs a program as somebody would who has installed the packages: plain Node, no loader. */
async function run(name: string, program: string): Promise<unknown> {
  writeFiles(built.consumer, { [name]: program });
  const { stdout } = await expectSuccess(runNode([name], { cwd: built.consumer }));
  return JSON.parse(stdout);
}

const handlers = `
  import { html, local, redirect, RequestHandler, urlFor } from "@mini/core";
  import { SessionMiddleware, SessionMixin } from "@mini/session";

  declare module "@mini/session" {
    interface SessionData {
      visits: number;
    }
  }

  export class Counter extends SessionMixin(RequestHandler) {
    static override middleware = [SessionMiddleware];

    async get({ name }: { name: string }) {
      const session = await this.session;
      const visits: number = session.increment("visits");
      return html\`<b>\${name}</b>: \${visits}\`;
    }
  }

  export class Leave extends RequestHandler {
    static override middleware = [SessionMiddleware];

    async post() {
      await local.sessionStore.deleteSession();
      return redirect(urlFor("counter", { name: "you" }));
    }
  }
`;

const main = `
  import { App, Rule } from "@mini/core";
  import { serve } from "@mini/core/serve";
  import { Counter, Leave } from "./handlers.ts";

  const rules = [
    new Rule("/counter/:name", { endpoint: "counter", handler: Counter }),
    new Rule("/leave", { endpoint: "leave", handler: Leave }),
  ] as const;

  declare module "@mini/core" {
    interface Register {
      rules: typeof rules;
    }
  }

  const app = new App({ rules, config: { session: { secretKey: "k".repeat(32) } } });
  const server = await serve(app, { port: 0, silent: true });
  console.log(server.url);
`;

describe("the packages, built, packed and installed", () => {
  test("serve an application with sessions on a real socket, from plain Node, and end at SIGTERM", async () => {
    const outDir = "served";
    const messages = await compile(built.consumer, { "handlers.ts": handlers, "main.ts": main }, { ...compilerOptions, outDir });
    expect(messages).toBe("");

    const env = { ...process.env, NODE_OPTIONS: undefined, NODE_ENV: undefined };
    const child = spawn(process.execPath, [join(outDir, "main.js")], { cwd: built.consumer, env, stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(child, "exit");
    const tooSoon = ended.then(([code, signal]) =>
      Promise.reject(new Error(`The server ended with ${code ?? signal} before it listened.`)),
    );
    const [url] = (await Promise.race([once(createInterface(child.stdout), "line"), tooSoon])) as [string];
    tooSoon.catch(() => undefined);

    const visitor = new Visitor(url);
    const stranger = new Visitor(url);
    try {
      const first = await visitor.visit("/counter/%3Cyou%3E");
      expect(first.markup).toBe("<b>&lt;you&gt;</b>: 1");
      expect(first.setCookies).toEqual([expect.stringMatching(/^session=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/)]);
      expect((await visitor.visit("/counter/you")).markup).toBe("<b>you</b>: 2");
      const cookie = (await visitor.jar.getCookieString(url)).slice(0, -2);
      expect((await stranger.visit("/counter/you", { headers: { cookie: `${cookie}xx` } })).markup).toBe("<b>you</b>: 1");

      const left = await visitor.visit("/leave", { form: {} });
      expect([left.status, left.headers.location]).toEqual([302, "/counter/you"]);
      expect((await visitor.visit("/counter/you")).markup).toBe("<b>you</b>: 1");
      expect((await visitor.visit("/nowhere")).status).toBe(404);
    } finally {
      await Promise.all([visitor.close(), stranger.close()]);
      child.kill("SIGTERM");
    }
    expect(await ended).toEqual([0, null]);
  });

  test("have every public name in their types, and every value at run time", async () => {
    const names = entries().map(({ specifier, file }) => ({ specifier, ...exportedNames(file) }));
    const rename = (list: readonly string[], prefix: string): string => list.map((name) => `${name} as ${prefix}_${name}`).join(", ");
    const program = names.map(
      ({ specifier, values, types }, index) =>
        `import { ${rename(values, `v${index}`)} } from "${specifier}";\n` +
        `export type { ${rename(types, `t${index}`)} } from "${specifier}";\n` +
        `void [${values.map((name) => `v${index}_${name}`).join(", ")}];\n`,
    );
    const messages = await compile(built.consumer, { "names.ts": program.join("") }, { ...compilerOptions, noEmit: true });
    expect(messages).toBe("");

    const found = await run(
      "names.mjs",
      `
      const names = [];
      for (const specifier of ${JSON.stringify(names.map(({ specifier }) => specifier))}) {
        names.push([specifier, Object.keys(await import(specifier)).toSorted()]);
      }
      console.log(JSON.stringify(names));
      `,
    );
    expect(found).toEqual(names.map(({ specifier, values }) => [specifier, values]));
  });

  test("refuse what their types forbid", async () => {
    const program = `
      import { RequestHandler } from "@mini/core";
      import { SessionMixin } from "@mini/session";
      import { Router } from "@mini/core/router";
      class Home extends SessionMixin(RequestHandler) {
        get() {
          return this.session.size;
        }
      }
      new Home();
    `;
    const messages = await compile(built.consumer, { "refused.ts": program }, { ...compilerOptions, noEmit: true });
    expect(messages.match(/TS\d+/g)).toEqual(["TS2307", "TS2339", "TS2554"]);
  });

  test("do nothing when they are imported: no environment read, timer, listener, global or open handle", async () => {
    const modules = packageNames.flatMap((name) =>
      readSources(name).map((source) => `./node_modules/@mini/${name}/dist/${source.name}.js`),
    );
    const found = await run(
      "import.mjs",
      `
      import "cookie";
      import "path-to-regexp";

      // Node loads its fetch, and adds a global of it, when one of these classes is first read.
      void Response;

      const did = [];
      let current = "";
      const note = (what) => {
        // Node's own loader looks at the environment too.
        const callers = new Error().stack.split("\\n").slice(1).filter((line) => !line.includes("import.mjs"));
        if (current === "afterwards" || !/\\(?node:/.test(callers[0] ?? "")) did.push(current + ": " + what);
      };
      const env = process.env;
      Object.defineProperty(process, "env", {
        value: new Proxy(env, { get: (target, name) => (note("reads process.env." + String(name)), target[name]) }),
      });
      for (const name of ["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "fetch"]) {
        const real = globalThis[name];
        globalThis[name] = (...args) => (note("calls " + name), real(...args));
      }
      const on = process.on;
      process.on = process.addListener = process.once = (...args) => (note("listens for " + args[0]), on.apply(process, args));
      const names = new Set(Reflect.ownKeys(globalThis));
      for (const module of ${JSON.stringify(modules)}) {
        current = module;
        await import(module);
        for (const name of Reflect.ownKeys(globalThis)) {
          if (!names.has(name)) note("adds the global " + String(name));
          names.add(name);
        }
      }
      current = "afterwards";
      for (const handle of process.getActiveResourcesInfo()) if (!/^(?:TTY|Pipe|File|FSReq|CloseReq)/.test(handle)) note("holds a " + handle);
      console.log(JSON.stringify(did));
      `,
    );
    expect(found).toEqual([]);
  });
});

test("a GET runs functions of at most 12 files, and a request that changes a session of at most 25", async () => {
  const most = new Map(
    Object.entries({ "GET /": 12, "GET /page": 12, "GET /users/5": 12, "a session that is loaded, changed and committed": 25 }),
  );
  const { stdout } = await expectSuccess(runNode([join(root, ".ci/request-files.mjs"), "--json", built.consumer], { cwd: root }));
  const found = Object.entries(JSON.parse(stdout) as Readonly<Record<string, readonly string[]>>);
  expect(found.map(([request]) => request)).toEqual([...most.keys()]);
  expect(found.filter(([request, files]) => files.length > most.get(request)! || !files.includes("core/app/request-life"))).toEqual([]);
});

test("the tutorial compiles against the installed packages", async () => {
  const folder = join(root, "examples/sessions");
  const files = listFiles(folder).filter((file) => file.endsWith(".ts"));
  const texts = Object.fromEntries(files.map((file) => [`tutorial/${file.slice(folder.length + 1)}`, readFileSync(file, "utf8")]));
  expect(Object.keys(texts)).toContain("tutorial/main.ts");
  expect(await compile(built.consumer, texts, { ...compilerOptions, noEmit: true })).toBe("");
});
