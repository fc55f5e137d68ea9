export { TestClient } from "./testing/test-client.ts";
export type { TestClientOptions, TestRequest } from "./testing/test-client.ts";
export { expectStatus } from "./testing/expect-status.ts";
export { CookieJar } from "./testing/cookie-jar.ts";
export { runInRequest } from "./testing/run-in-request.ts";
