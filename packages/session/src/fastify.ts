/** Sessions for Fastify. */
export { fastifySessions } from "./adapters/fastify.ts";
