/** Sessions for Fastify. */
export { fastifySessions } from "./adapters/fastify.ts";
// So that an application can extend the types of "@mini/session" when it imports only this entry.
export type {} from "./index.ts";
