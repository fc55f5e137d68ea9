import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { root } from "../../support/folder.ts";

const plain = `
  import { Hono } from "hono";
  const app = new Hono();
  app.get("/", (c) => c.text("hello"));
  export default app;
`;
const withSessions = `
  import { Hono } from "hono";
  import { honoSessions } from "@mini/session/fetch";
  const app = new Hono();
  app.use(honoSessions({ secretKey: process.env.SECRET_KEY }));
  app.get("/", async (c) => c.text("Visit " + (await c.var.session).increment("visits")));
  export default app;
`;

/** The bytes of a program with what it imports, minified and compressed as bundlers and servers do, and the files in it. */
async function bundle(contents: string): Promise<{ bytes: number; files: readonly string[] }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: root, loader: "ts" },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    target: "es2022",
    write: false,
    metafile: true,
    tsconfig: join(root, "tsconfig.json"),
    absWorkingDir: root,
    logLevel: "silent",
  });
  const written = Object.entries(Object.values(metafile.outputs)[0]!.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  return { bytes: gzipSync(outputFiles[0]!.contents, { level: 9 }).length, files: written.map(([file]) => file) };
}

test("sessions add at most 26 KB to a bundle of one file with Hono, and nothing of core's applications and rules", async () => {
  const [without, having] = await Promise.all([bundle(plain), bundle(withSessions)]);
  expect(having.bytes - without.bytes).toBeLessThan(26 * 1024);
  const core = having.files.filter((file) => file.startsWith("packages/core/src/")).map((file) => file.split("/")[3]!);
  expect([...new Set(core)].toSorted()).toEqual(["base.ts", "context", "http", "tracing"]);
  expect(having.files.filter((file) => /^packages\/session\/src\/(?:backends|page|testing)\//.test(file))).toEqual([]);
  expect(having.files.filter((file) => file.startsWith("node_modules/") && !file.startsWith("node_modules/hono/"))).toEqual([]);
});
