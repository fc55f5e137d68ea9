import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { copyOfRepository, expectSuccess } from "../support/build-packages.ts";
import { root, temporaryFolder, writeFiles } from "../support/folder.ts";
import { Visitor } from "../support/http.ts";
import { npmScript, reachesRegistry, withoutOuterNpm } from "../support/npm.ts";
import { runNode } from "../support/run-node.ts";
import type { Outcome } from "../support/run-node.ts";
import { need } from "../support/skip.ts";
import { readManifest } from "../support/sources.ts";
import { within } from "../support/within.ts";

/** A clone with the files that the command reads. In this repository it would build the packages while other tests run. */
let clone: string;
/** A folder beside the clone. */
let folder: string;

beforeAll(() => {
  clone = copyOfRepository(temporaryFolder());
  for (const name of [".ci", "examples/sessions", "package.json", "CHANGELOG.md"])
    cpSync(join(root, name), join(clone, name), { recursive: true });
  folder = temporaryFolder();
});

/** Runs the script as `npm run new` does in the folder INIT_CWD. */
function makeProject(args: readonly string[], INIT_CWD = folder): Promise<Outcome> {
  const env = { npm_lifecycle_event: "new", npm_execpath: npmScript(), INIT_CWD, CI: undefined };
  return runNode([".ci/new.mjs", ...args], { cwd: clone, env });
}

const read = (path: string): string => readFileSync(join(folder, path), "utf8");

describe("npm run new", () => {
  test("is a script of the repository, and installs before what it needs", () => {
    const { scripts } = readManifest(root);
    expect([scripts?.["prenew"], scripts?.["new"]]).toEqual(["node .ci/install.mjs", "node .ci/new.mjs"]);
  });

  test.each([
    ["no name", [], "it has no name"],
    ["an empty name", [""], "it has no name"],
    ["two names", ["my", "app"], "there are 2 names; put quotes around one with spaces"],
    ["an unknown option", ["app", "--force"], "'--force'"],
  ])("refuses %s and says how it is used", async (_title, args, problem) => {
    const { code, stdout, stderr } = await makeProject(args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(problem);
    expect(stderr).toMatch(/^Cannot make a project: .* Write npm run new -- \.\.\/my-app\n$/s);
    expect(existsSync(join(folder, "app"))).toBe(false);
  });

  test("refuses a folder with something in it, and leaves it as it is", async () => {
    writeFiles(folder, { "full/a.txt": "a", "full/b.txt": "b", "full/c.txt": "c", "full/d.txt": "d" });
    const { code, stderr } = await makeProject(["full"]);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `Cannot make a project in ${join(folder, "full")}: it is not empty, it has a.txt, b.txt, c.txt .... ` +
        "Name a folder that is empty or does not exist yet.\n",
    );
    expect(readdirSync(join(folder, "full"))).toEqual(["a.txt", "b.txt", "c.txt", "d.txt"]);
  });

  test("refuses a file", async () => {
    writeFiles(folder, { file: "" });
    const { code, stderr } = await makeProject(["file"]);
    expect([code, stderr]).toEqual([
      1,
      `Cannot make a project in ${join(folder, "file")}: it is a file. Name a folder that does not exist yet.\n`,
    ]);
  });

  test("refuses a folder in the repository, through a link too", async () => {
    symlinkSync(clone, join(folder, "link"), "junction");
    for (const [name, from] of [
      ["app", clone],
      ["../app", join(clone, "examples")],
      ["link/app", folder],
    ] as const) {
      const { code, stderr } = await makeProject([name], from);
      expect([name, code]).toEqual([name, 1]);
      expect(stderr).toContain("it is inside this repository. Name a folder outside of it");
    }
    expect(existsSync(join(clone, "app"))).toBe(false);
  });
});

/** Each project costs a build of the packages, so the tests of an installed one use one of the two that are made. */
const registry = await reachesRegistry();

describe("the project", () => {
  const named = "Größe & Co";
  let outcomes: readonly Outcome[];
  beforeAll(async () => {
    mkdirSync(join(folder, "absolute/.git"), { recursive: true });
    const absolute = [join(folder, "absolute"), ...(registry ? [] : ["--no-install"])];
    outcomes = [await makeProject([named, "--no-install"]), await makeProject(absolute, clone)];
  });

  test("may have a name with spaces and other letters, an absolute path, and an empty git repository", () => {
    expect(outcomes.map(({ code, stderr }) => [code, stderr])).toEqual([
      [0, ""],
      [0, ""],
    ]);
    expect(readManifest(join(folder, named)).name).toBe("gr-e-co");
    expect(readManifest(join(folder, "absolute")).name).toBe("absolute");
  });

  test("has the pages of the tutorial as they are, and files that git and Docker leave out", () => {
    for (const page of ["handlers.ts", "urls.ts", "layout.ts", "styles.ts", "error-pages.ts"])
      expect(read(`${named}/src/${page}`), page).toBe(readFileSync(join(root, "examples/sessions", page), "utf8"));
    expect(read(`${named}/.gitignore`).split("\n")).toEqual(expect.arrayContaining([".env", "node_modules/", "dist/"]));
    expect(read(`${named}/.dockerignore`).split("\n")).toEqual(expect.arrayContaining([".env", "node_modules", "dist"]));
    expect(readdirSync(join(folder, named)).toSorted()).toEqual(
      `.dockerignore .env .gitignore Dockerfile README.md package.json pnpm-workspace.yaml src tests tsconfig.build.json tsconfig.json vendor`.split(
        " ",
      ),
    );
  });

  test("has its own key, which only its owner can read", () => {
    const keyOf = (name: string) => /^SECRET_KEY=([\w-]{43})$/m.exec(read(`${name}/.env`))?.[1];
    expect(keyOf(named)).toMatch(/^/);
    expect(keyOf(named)).not.toBe(keyOf("absolute"));
    expect(statSync(join(folder, named, ".env")).mode & 0o777).toBe(0o600);
  });

  test("depends on the two packages that lie in it, and on versions of the tools that are tested here", () => {
    const { dependencies, devDependencies } = readManifest(join(folder, named));
    expect(dependencies).toEqual({
      "@mini/core": "file:vendor/mini-core-0.1.0.tgz",
      "@mini/session": "file:vendor/mini-session-0.1.0.tgz",
    });
    for (const name of Object.values(dependencies ?? {})) expect(statSync(join(folder, named, name.slice(5))).size).toBeGreaterThan(10_000);
    const own = readManifest(root).devDependencies;
    const tools = ["@types/node", "tsx", "typescript"].map((name) => [name, `^${own?.[name]}`]);
    expect(devDependencies).toEqual(Object.fromEntries(tools));
  });

  test("copies into its image what there is, and runs there what is built", () => {
    const lines = read(`${named}/Dockerfile`).split("\n");
    const copied = lines.flatMap((line) => /^COPY (?!--from)(.*) \S+$/.exec(line)?.[1]?.split(" ") ?? []);
    const made = ["package-lock.json"];
    expect(copied.filter((name) => !made.includes(name) && !existsSync(join(folder, named, name)))).toEqual([]);
    expect(lines).toEqual(expect.arrayContaining(["USER node", 'CMD ["node", "--enable-source-maps", "dist/main.js"]']));
  });

  test("says how to go on, and to install first what is not installed", () => {
    expect(outcomes[0]?.stdout).toMatch(/\n {2}cd "Größe & Co"\n {2}npm install .*\n {2}npm run dev /);
    expect(outcomes[1]?.stdout).toMatch(registry ? /\n {2}cd \S*absolute\n {2}npm run dev / : /\n {2}npm install /);
  });

  need("the npm registry", registry)("when it is installed", () => {
    const project = () => join(folder, "absolute");

    /** Runs a script of its package.json. */
    const run = (...args: readonly string[]) => expectSuccess(runNode([npmScript(), ...args], { cwd: project() }));

    /** Starts a script that runs until it is stopped, in a process group of its own, as a terminal does. */
    function start(...args: readonly string[]) {
      const env = {
        ...process.env,
        ...withoutOuterNpm(),
        NODE_ENV: undefined,
        NODE_OPTIONS: undefined,
        SECRET_KEY: undefined,
        HOST: undefined,
        PORT: "0",
      };
      const child = spawn(process.execPath, [npmScript(), ...args], {
        cwd: project(),
        env,
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
      });
      let output = "";
      const heard = new EventTarget();
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", (text: string) => {
          output += text;
          heard.dispatchEvent(new Event("said"));
        });
      }
      const closed = once(child, "close");
      return {
        /** Waits until the program has said something, and gives what it has said. */
        said: (pattern: RegExp) =>
          within(
            `a line that matches ${String(pattern)}`,
            new Promise<string>((resolve, reject) => {
              const look = () => pattern.test(output) && resolve(output);
              heard.addEventListener("said", look);
              look();
              void closed.then(() => reject(new Error(`It ended and said:\n${output}`)));
            }),
          ),
        /** Sends a signal to npm alone, or to the whole group, as a terminal does. */
        async end(signal: NodeJS.Signals, to: "npm" | "all") {
          if (child.exitCode === null) process.kill(to === "all" ? -child.pid! : child.pid!, signal);
          return (await within(`the end of npm ${args.join(" ")}`, closed)) as [number | null, NodeJS.Signals | null];
        },
      };
    }

    const cart = async (output: string) => {
      const visitor = new Visitor(/http:\S+?(?=\/?\s)/.exec(output.slice(output.lastIndexOf("Listening")))![0]);
      try {
        await visitor.visit("/cart?add-product=foo");
        return (await visitor.visit("/cart")).text;
      } finally {
        await visitor.close();
      }
    };

    test("has a test that passes, and types that fit", async () => {
      expect((await run("test")).stdout).toMatch(/\bpass 1\n.*\bfail 0\n/s);
      await run("run", "check");
    });

    test("is built and started as in production, and ends with code 0 when npm gets a signal", async () => {
      await run("run", "build");
      const site = start("start");
      try {
        const output = await site.said(/Listening on .*\n/);
        expect(output).toContain("NODE_ENV=production exec node ");
        expect(await cart(output)).toContain("Products in cart: foo");
      } finally {
        expect(await site.end("SIGTERM", "npm")).toEqual([0, null]);
      }
    });

    test("says while it is developed which file has changed, and starts again, also after a mistake", async () => {
      const site = start("run", "dev");
      const layout = read("absolute/src/layout.ts");
      try {
        expect(await cart(await site.said(/Listening on .*\n/))).toContain("Products in cart: foo");
        // The watcher does not say when it has begun to watch a file, so the file is saved until a change is noticed, and no longer:
        // each change ends the program, and it has to live until it has said its error.
        const saving = setInterval(() => writeFiles(project(), { "src/layout.ts": "export const wrong = ;\n" }), 500);
        await site.said(/change in \.\/src\/layout\.ts /).finally(() => clearInterval(saving));
        await site.said(/layout\.ts:1:21: ERROR/);
        writeFiles(project(), { "src/layout.ts": layout.replace("Sessions tutorial", "My own site") });
        const again = await site.said(/ERROR[^]*change in \.\/src\/layout\.ts [^]*Listening on .*\n/);
        expect(await cart(again)).toContain("Products in cart: foo");
      } finally {
        await site.end("SIGTERM", "all");
        writeFiles(project(), { "src/layout.ts": layout });
      }
    });

    test("says what to do when its key is missing", async () => {
      const env = { SECRET_KEY: undefined };
      const { code, stderr } = await runNode(["--import", "tsx", "src/main.ts"], { cwd: project(), env });
      expect([code, stderr]).toEqual([
        1,
        "SECRET_KEY is not set: put it into .env or the environment. Make one with: node -p \"crypto.randomBytes(32).toString('base64url')\"\n",
      ]);
    });
  });
});
