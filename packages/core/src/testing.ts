export { TestClient } from "./testing/test-client.ts";
export type { TestClientOptions, TestRequest } from "./testing/test-client.ts";
export { CookieJar } from "./testing/cookie-jar.ts";
export { runInRequest } from "./testing/run-in-request.ts";
