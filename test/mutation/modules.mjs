/** The code that is changed, and the tests that have to notice, by module; the fastest first. Tests are named below test/. */
export const modules = {
  redirect: {
    sources: ["packages/core/src/redirect.ts", "packages/core/src/redirect-pattern.ts", "packages/core/src/cross-origin.ts"],
    tests: ["core/redirect-pattern", "core/redirect", "core/redirect-spellings", "core/cross-origin", "core/rules", "core/router-cases"],
  },
  operations: {
    sources: ["record/contents", "request/changed-values", "request/changed-flashes"].map((name) => `packages/session/src/${name}.ts`),
    tests: [
      "operations",
      "pending-values",
      "pending-values-commit",
      "commit",
      "flash",
      "session",
      "regenerate",
      "cases",
      "concurrency",
    ].map((name) => `session/${name}`),
  },
  signing: {
    sources: ["signing", "session-ids"].map((name) => `packages/session/src/signing/${name}.ts`),
    tests: ["session/hmac", "session/secure-cookie", "session/securecookie-cases", "session/session-ids"],
  },
  store: {
    sources: ["group-commit", "backend-records", "server-sessions"].map((name) => `packages/session/src/keeping/${name}.ts`),
    tests: [
      "session/backends/group-commit",
      "session/backends/group-commit-faults",
      "session/backends/keyed",
      "session/backends/keyed-store",
      "session/backends/keyed-messages",
      "session/backends/keyed-renewal",
      "session/kept-record",
      "session/backend-faults",
      "session/commit",
      "session/regenerate",
      "session/flash",
      "session/owners",
      "session/concurrency",
      "session/backends/cached-faults",
      "session/outage",
    ],
  },
  matching: {
    sources: ["packages/core/src/matcher.ts", "packages/core/src/arg-reader.ts", "packages/core/src/mixed-segments.ts"],
    tests: ["core/match-order", "core/arg-reader", "core/mixed-segments", "core/router", "core/router-cases", "core/router-differential"],
    env: { MINI_PAIRS: "300" },
  },
};
