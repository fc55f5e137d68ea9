export { events } from "./events/events.ts";
export type { EventsContext, EventsFunction, EventsOptions } from "./events/events.ts";
export type { EventData, ServerEvent } from "./events/event-text.ts";
