/** Sessions for Express, Connect, Polka, Restify and plain node:http. */
export { nodeSessions, sessionErrors } from "./adapters/node.ts";
export { sessionStoreOf } from "./adapters/node-visit.ts";
export type { NodeMiddleware, NodeSessionsOptions } from "./adapters/node.ts";
// So that an application can extend the types of "@mini/session" when it imports only this entry.
export type {} from "./index.ts";
