export type { BackendBench } from "./testing/bench.ts";
export { testSessionBackend } from "./testing/testing.ts";
export type { TestRunner } from "./testing/testing.ts";
