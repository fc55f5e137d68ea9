export { Sessions } from "./engine/sessions.ts";
export { h3Sessions } from "./adapters/event-sessions.ts";
export type { H3EventLike } from "./adapters/event-sessions.ts";
export { honoSessions } from "./adapters/hono.ts";
export type { FetchSessionsOptions, HonoContextLike, SessionVariables } from "./adapters/hono.ts";
export { withSessions } from "./adapters/with-sessions.ts";
// So that an application can extend the types of "@mini/session" when it imports only this entry.
export type {} from "./index.ts";
