import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { LeftOut } from "./support/left-out.ts";
import { sourcePaths } from "./support/source-paths.ts";

export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  // A package of the workspace is its source for vite too; what its node_modules link leads to is not built.
  resolve: { alias: [...sourcePaths()].map(([specifier, file]) => ({ find: new RegExp(`^${specifier}$`), replacement: file })) },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/bench/**", "**/node_modules/**"],
    globalSetup: ["test/support/postgres-setup.ts"],
    setupFiles: ["test/support/scan-setup.ts"],
    reporters: [new LeftOut(), "default"],
    maxWorkers: "100%",
    // More than a client waits before it says for what, and than a machine ten times slower needs.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000, interval: 10 } },
    coverage: { include: ["packages/*/src/**"], reporter: ["text", "html"] },
  },
});
