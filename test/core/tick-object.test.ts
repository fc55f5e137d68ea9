import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root, temporaryFolder } from "../support/folder.ts";
import { env } from "../support/processes.ts";

/** Calls `process.nextTick()` before and after garbage collections, and has V8 print what it knows about this function. */
const program = (start: string) => `
import { App } from ${JSON.stringify(join(root, "packages/core/src/index.ts"))};
import { serve } from ${JSON.stringify(join(root, "packages/core/src/serve.ts"))};
${start}
const call = async () => {
  for (let i = 0; i < 200; i++) await new Promise((resolve) => process.nextTick(resolve));
};
await call();
for (let i = 0; i < 20; i++) {
  await new Promise((resolve) => setTimeout(resolve, 1));
  gc();
}
await call();
new Function("f", "%DebugPrint(f)")(process.nextTick);
process.exit();
`;

/** For each property of the object that nextTick() makes, whether V8 knows one hidden class or has given up, in its words. */
async function wordsFor(start: string): Promise<ReadonlySet<string>> {
  const folder = temporaryFolder({ "main.mts": program(start) });
  const printed = join(folder, "printed.txt");
  // A file, because V8 does not wait for a pipe that is full.
  const output = openSync(printed, "w");
  const flags = ["--expose-gc", "--allow-natives-syntax", "--import", "tsx"];
  const child = spawn(process.execPath, [...flags, join(folder, "main.mts")], { cwd: root, env, stdio: ["ignore", output, "inherit"] });
  expect(await once(child, "exit")).toEqual([0, null]);
  closeSync(output);
  return new Set(Array.from(readFileSync(printed, "utf8").matchAll(/DefineKeyedOwnPropertyInLiteral (\w+)/g), ([, word]) => word!));
}

test("a server lets process.nextTick() stay fast when memory is cleaned up before requests come", async () => {
  const served = await wordsFor("await serve(new App({ rules: [] }), { port: 0, silent: true });");
  expect(served).toEqual(new Set(["MONOMORPHIC"]));
  // If this fails for a version of Node, serve() does not have to keep an object there.
  expect(await wordsFor("")).toContain("MEGAMORPHIC");
});
