import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { filesAlone } from "./support/alone.ts";
import { LeftOut } from "./support/left-out.ts";
import { LongestFirst } from "./support/longest-first.ts";
import { sourcePaths } from "./support/source-paths.ts";

const together = ["core", "session", "package", "fuzz"];
const alone = filesAlone(together.map((name) => `test/${name}`));

export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  // A package of the workspace is its source for vite too; what its node_modules link leads to is not built.
  resolve: { alias: [...sourcePaths()].map(([specifier, file]) => ({ find: new RegExp(`^${specifier}$`), replacement: file })) },
  test: {
    globalSetup: ["test/support/postgres-setup.ts", "test/support/built-setup.ts"],
    setupFiles: ["test/support/scan-setup.ts"],
    reporters: [new LeftOut(), "default"],
    sequence: { sequencer: LongestFirst },
    // Some tests wait for a timeout of Node or for a program. A processor can run others in the meantime.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    // More than a client waits before it says for what, and than a machine ten times slower needs.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000, interval: 10 } },
    coverage: { include: ["packages/*/src/**"], reporter: ["text", "html"] },
    projects: [
      {
        extends: true,
        test: {
          name: "alone",
          include: [`test/!(bench|${together.join("|")})/**/*.test.ts`, ...alone],
          exclude: ["**/node_modules/**"],
        },
      },
      // Loading the framework again for each of many small files would take as long as their tests.
      {
        extends: true,
        test: { name: "together", include: together.map((name) => `test/${name}/**/*.test.ts`), exclude: [...alone], isolate: false },
      },
    ],
  },
});
