/** Sessions for Koa. */
export { koaSessions } from "./adapters/koa.ts";
export type { KoaContextLike, KoaMiddleware } from "./adapters/koa.ts";
