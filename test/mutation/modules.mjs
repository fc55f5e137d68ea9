/** By module, the sources that are changed, and the tests that must notice it. The fastest module is first. Tests are named below test/. */
export const modules = {
  redirect: {
    sources: [
      "packages/core/src/context/redirect.ts",
      "packages/core/src/urls/redirect-target.ts",
      "packages/core/src/app/cross-origin.ts",
    ],
    tests: ["core/redirect-pattern", "core/redirect", "core/redirect-spellings", "core/cross-origin", "core/rules", "core/router-cases"],
  },
  operations: {
    sources: ["record/contents", "request/changed-values", "request/changed-flashes"].map((name) => `packages/session/src/${name}.ts`),
    tests: [
      "record/contents",
      "request/changed-values",
      "request/changed-values-commit",
      "request/changed-flashes",
      "commit",
      "flash",
      "request/session",
      "regenerate",
      "cases",
      "concurrency",
    ].map((name) => `session/${name}`),
  },
  signing: {
    sources: ["packages/session/src/signing/encryption.ts", "packages/session/src/signing/signing.ts"],
    tests: ["session/signing/hmac", "session/signing/signing", "session/signing/securecookie-cases", "session/signing/session-ids"],
  },
  keeping: {
    sources: ["group-commit", "backend-records", "new-ids", "server-session"].map((name) => `packages/session/src/keeping/${name}.ts`),
    tests: [
      "session/keeping/group-commit",
      "session/keeping/group-commit-faults",
      "session/keeping/group-commit-aborts",
      "session/keeping/server-sessions",
      "session/keeping/backend-records",
      "session/keeping/server-sessions-messages",
      "session/keeping/server-sessions-renewal",
      "session/record/record",
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
    sources: [
      "packages/core/src/routing/matcher.ts",
      "packages/core/src/rules/arg-reader.ts",
      "packages/core/src/routing/mixed-segments.ts",
    ],
    tests: ["core/match-order", "core/arg-reader", "core/mixed-segments", "core/router", "core/router-cases", "core/router-differential"],
    env: { MINI_PAIRS: "300" },
  },
};
