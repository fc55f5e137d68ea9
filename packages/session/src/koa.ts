/** Sessions for Koa. */
export { koaSessions } from "./adapters/koa.ts";
export type { KoaContextLike, KoaMiddleware } from "./adapters/koa.ts";
// So that an application can extend the types of "@mini/session" when it imports only this entry.
export type {} from "./index.ts";
