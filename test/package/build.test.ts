import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { build, expectSuccess } from "../support/built.ts";
import type { Built } from "../support/built.ts";
import { root, writeFiles } from "../support/folder.ts";
import { runNode } from "../support/run-node.ts";
import { packageNames, readSources } from "../support/sources.ts";

let built: Built;
beforeAll(async () => {
  built = await build();
});

/** Runs a program as somebody would who has installed the packages: plain Node, no loader, no condition. */
async function run(name: string, program: string): Promise<unknown> {
  writeFiles(built.consumer, { [name]: program });
  const { stdout } = await expectSuccess(runNode([name], { cwd: built.consumer }));
  return JSON.parse(stdout);
}

describe("the built packages, in plain Node", () => {
  test("answer a request, in process and over HTTP", async () => {
    const found = await run(
      "hello.mjs",
      `
      import { App, html, RequestHandler, Rule } from "@mini/core";
      import { serve } from "@mini/core/serve";

      class Hello extends RequestHandler {
        get({ name }) {
          return html\`Hello <b>\${name}</b>\`;
        }
      }
      const app = new App({ rules: [new Rule("/hello/:name", { endpoint: "hello", handler: Hello })] });
      const path = app.urlFor("hello", { name: "<you>" });
      const inside = await app.fetch(new Request("http://localhost" + path));
      const server = await serve(app, { port: 0, silent: true });
      const outside = await fetch(new URL(path, server.url));
      const texts = [await inside.text(), await outside.text()];
      await server.close();
      console.log(JSON.stringify({ path, statuses: [inside.status, outside.status], texts }));
      `,
    );
    expect(found).toEqual({
      path: "/hello/%3Cyou%3E",
      statuses: [200, 200],
      texts: ["Hello <b>&lt;you&gt;</b>", "Hello <b>&lt;you&gt;</b>"],
    });
  });

  test("keep a session from one request to the next, and start another for a forged cookie", async () => {
    const found = await run(
      "counter.mjs",
      `
      import { App, RequestHandler, Rule, text } from "@mini/core";
      import { SessionMiddleware, SessionMixin } from "@mini/session";

      class Counter extends SessionMixin(RequestHandler) {
        static middleware = [SessionMiddleware];
        async get() {
          const session = await this.session;
          return text(String(session.increment("visits")));
        }
      }
      const app = new App({
        rules: [new Rule("/", { endpoint: "home", handler: Counter })],
        config: { session: { secretKey: "k".repeat(32) } },
      });
      const visit = (headers) => app.fetch(new Request("http://localhost/", { headers }));
      const first = await visit({});
      const cookie = first.headers.getSetCookie()[0].split(";")[0];
      const second = await visit({ cookie });
      const forged = await visit({ cookie: cookie.slice(0, -2) + "xx" });
      const visits = await Promise.all([first, second, forged].map((response) => response.text()));
      console.log(JSON.stringify(visits));
      `,
    );
    expect(found).toEqual(["1", "2", "1"]);
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
      import "srvx";
      import "srvx/node";

      const did = [];
      let current = "";
      const note = (what) => did.push(current + ": " + what);
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
      for (const module of ${JSON.stringify(modules.filter((module) => !module.endsWith("session/dist/testing.js")))}) {
        current = module;
        await import(module);
        for (const name of Reflect.ownKeys(globalThis)) {
          if (!names.has(name)) note("adds the global " + String(name));
          names.add(name);
        }
      }
      current = "afterwards";
      for (const handle of process.getActiveResourcesInfo()) if (!/^(TTY|Pipe|File)/.test(handle)) note("holds a " + handle);
      console.log(JSON.stringify(did));
      `,
    );
    expect(found).toEqual([]);
  });

  test("have types that a strict program compiles with, declaration files checked as well", async () => {
    const program = `
      import { App, html, local, RequestHandler, Rule, urlFor } from "@mini/core";
      import { serve } from "@mini/core/serve";
      import { getSession, SessionMiddleware, SessionMixin } from "@mini/session";
      import type { SessionStore } from "@mini/session";

      class Home extends SessionMixin(RequestHandler) {
        static override middleware = [SessionMiddleware];

        async get() {
          const store: SessionStore = local.sessionStore;
          await store.deleteSession();
          const session = await this.session;
          session.set("foo", "bar");
          return html\`\${session.size} \${(await getSession()).size} \${urlFor("home")}\`;
        }
      }

      const app = new App({
        rules: [new Rule("/", { endpoint: "home", handler: Home })],
        config: { session: { secretKey: "k".repeat(32) } },
      });
      const server = await serve(app, { port: 0 });
      await server.close();
    `;
    const compilerOptions = {
      target: "es2023",
      lib: ["es2023", "dom", "dom.iterable", "dom.asynciterable"],
      module: "nodenext",
      types: ["node"],
      noEmit: true,
      strict: true,
      noImplicitOverride: true,
      skipLibCheck: false,
    };
    writeFiles(built.consumer, { "app.ts": program, "tsconfig.json": JSON.stringify({ compilerOptions, files: ["app.ts"] }) });
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const { stdout } = await runNode([tsc, "--pretty", "false", "-p", "."], { cwd: built.consumer });
    expect(stdout).toBe("");
  });
});
