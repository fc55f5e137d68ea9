import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { LeftOut } from "./support/left-out.ts";
import { LongestFirst } from "./support/longest-first.ts";
import { sourcePaths } from "./support/source-paths.ts";

export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  // A package of the workspace is its source for vite too; what its node_modules link leads to is not built.
  resolve: { alias: [...sourcePaths()].map(([specifier, file]) => ({ find: new RegExp(`^${specifier}$`), replacement: file })) },
  test: {
    include: ["test/!(bench)/**/*.test.ts"],
    // Loading the framework, and the clients and frameworks that it is tested with, again for each file would take as long as the
    // tests. So files share processes; see support/per-file.ts.
    isolate: false,
    globalSetup: ["test/support/postgres-setup.ts", "test/support/built-setup.ts"],
    setupFiles: ["test/support/per-file-setup.ts", "test/support/scan-setup.ts"],
    reporters: [new LeftOut(), "default"],
    sequence: { sequencer: LongestFirst },
    // Some tests wait for a timeout of Node or for a program. A processor can run others in the meantime.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    // More than a client waits before it says for what, and than a machine ten times slower needs.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000, interval: 10 } },
    coverage: { include: ["packages/*/src/**"], reporter: ["text", "html"] },
  },
});
