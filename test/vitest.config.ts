import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { LeftOut } from "./support/left-out.ts";

/** Workspace packages resolve to their sources, here and in what vite leaves to Node. */
const conditions = ["@mini/source", "module", "node", "development|production"];

export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ["@mini/source", "node"] } },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/bench/**", "**/node_modules/**"],
    reporters: [new LeftOut(), "default"],
    maxWorkers: "100%",
    testTimeout: 20_000,
    hookTimeout: 60_000,
    coverage: { include: ["packages/*/src/**"], reporter: ["text", "html"] },
  },
});
