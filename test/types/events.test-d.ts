import { html, text } from "@mini/core";
import { events, type EventData, type EventsOptions, type ServerEvent } from "@mini/core/events";
import type { Equal, Expect } from "../support/types.ts";

interface Note {
  readonly title: string;
  readonly call?: string | undefined;
}
declare const note: Note;
declare const loose: any; // oxlint-disable-line typescript/no-explicit-any

export const accepted: readonly EventData[] = ["a", 1, true, null, html`a`, note, [note], { at: new Date() }, new Date(), new Map(), loose];

export type EventTypes = [
  Expect<Equal<EventsOptions["heartbeat"], number | undefined>>,
  Expect<Equal<EventsOptions["retry"], number | undefined>>,
  Expect<Equal<ServerEvent["event"], string | undefined>>,
];

events(async function* ({ lastEventId, signal }) {
  yield { event: "note", id: lastEventId, data: note };
  yield { data: signal.aborted };
  yield { id: "7" };
});
events(() => ({ [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: undefined }) }) }));

// @ts-expect-error a promise has to be awaited
void ({ data: Promise.resolve(note) } satisfies ServerEvent);
// @ts-expect-error a function has to be called
void ({ data: () => note } satisfies ServerEvent);
// @ts-expect-error a class has no JSON
void ({ data: Map } satisfies ServerEvent);
// @ts-expect-error a response has to be read
void ({ data: text("a") } satisfies ServerEvent);
// @ts-expect-error a symbol has no JSON
void ({ data: Symbol("a") } satisfies ServerEvent);
// @ts-expect-error a bigint has no JSON
void ({ data: 1n } satisfies ServerEvent);
// @ts-expect-error nor has undefined
void ({ data: undefined } satisfies ServerEvent);
// @ts-expect-error an id is text
void ({ id: 7, data: note } satisfies ServerEvent);
// @ts-expect-error the field is named event
void ({ type: "note", data: note } satisfies ServerEvent);
// @ts-expect-error text alone is no event
events(async function* () {
  yield "note";
});
// @ts-expect-error nor is a promise data in a source
events(async function* () {
  yield { data: Promise.resolve(note) };
});
// @ts-expect-error a source is asynchronous
events(function* () {
  yield { data: note };
});
// @ts-expect-error options are numbers
events(async function* () {}, { heartbeat: "15s" });
// @ts-expect-error there is no such option
events(async function* () {}, { keepAlive: 15_000 });
