export type { BackendBench } from "./testing/bench.ts";
export { testSessionBackend } from "./testing/testing.ts";
export type { TestRunner } from "./testing/testing.ts";
export { actingAs, flashesOf, sessionOf, withSession } from "./testing/client.ts";
export type { AppLike, ClientLike } from "./testing/client.ts";
