// Checked by the compiler alone: the real clients are what the backends ask for, and nothing less is.
import type { SessionBackend } from "@mini/session";
import { MemoryBackend } from "@mini/session";
import { testSessionBackend, type BackendBench } from "@mini/session/testing";
import * as nodeTest from "node:test";
import * as vitest from "vitest";

export const backends: readonly SessionBackend[] = [new MemoryBackend(), new MemoryBackend({ limit: undefined, now: undefined })];

const bench: BackendBench = { backend: new MemoryBackend(), now: () => 0, advance: async () => {} };
testSessionBackend("of node:test", () => bench, nodeTest);
testSessionBackend("of vitest", async () => bench, vitest);
testSessionBackend("of both", () => bench, { describe: nodeTest.describe, test: vitest.test });
// @ts-expect-error without a clock nothing can be said about time
testSessionBackend("of node:test", () => ({ backend: new MemoryBackend(), advance: () => {} }), nodeTest);
