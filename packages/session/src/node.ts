/** Sessions for Express, Connect, Polka, Restify and plain node:http. */
export { nodeSessions, sessionErrors } from "./adapters/node.ts";
export { sessionStoreOf } from "./adapters/node-visit.ts";
export type { NodeMiddleware, NodeSessionsOptions } from "./adapters/node.ts";
