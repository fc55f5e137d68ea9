export { TestClient } from "./client.ts";
export type { TestClientOptions, TestRequest } from "./client.ts";
export { CookieJar } from "./cookie-jar.ts";
export { runInRequest } from "./in-request.ts";
