import { readdirSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { buildSync } from "esbuild";
import { sourcePaths } from "./source-paths.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Below the root, so that the programs find its node_modules. Another process that runs tests does not share it. */
const folder = join(root, "node_modules", `.compiled-${process.pid}`);

/** Removes what earlier runs have left behind: the runner ends its processes without their `exit` event. */
export function removeLeftOver(): void {
  for (const name of readdirSync(join(root, "node_modules"))) {
    const [, pid] = /^\.compiled-(\d+)$/.exec(name) ?? [];
    if (pid !== undefined && !isRunning(Number(pid))) rmSync(join(root, "node_modules", name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

const compiled = new Map<string, string>();

/**
 * Compiles a TypeScript program together with the sources that it imports, once, and returns the path of the JavaScript file.
 * Starting this file takes a tenth of the time that tsx needs to compile each source at each start.
 *
 * `import.meta.url` is that of the program in all its files, so that a program of one folder finds what is beside it.
 *
 * @param program - A path from the root.
 */
export function compile(program: string): string {
  const before = compiled.get(program);
  if (before !== undefined) return before;
  if (compiled.size === 0) process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const outfile = join(folder, `${program.replaceAll("/", "-")}.mjs`);
  buildSync({
    entryPoints: [join(root, program)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    alias: Object.fromEntries([...sourcePaths()].map(([specifier, file]) => [specifier, `./${relative(root, file)}`])),
    absWorkingDir: root,
    packages: "external",
    define: { "import.meta.url": JSON.stringify(pathToFileURL(join(root, program)).href) },
    logLevel: "warning",
  });
  compiled.set(program, outfile);
  return outfile;
}
