// What is sent: events of the same kind, each with a number of its own, so that a missing one is noticed.
import { setImmediate as nextTurn } from "node:timers/promises";

/** Bytes of the data of an event, as JSON. */
const size = 100;

const text = "Somebody has added a note to this page, and all who have it open should see that at once, without asking.";

/** The data of an event. */
export function noteOf(number) {
  const note = { id: 1_000_000 + number, text: "" };
  return { ...note, text: text.slice(0, size - JSON.stringify(note).length) };
}

/** `send` of a contestant's module: the events from one number up to another, each in a turn of the event loop of its own. */
export const sender =
  (publish) =>
  async ({ from, to }) => {
    for (let number = from; number < to; number++) {
      publish(noteOf(number));
      await nextTurn();
    }
  };
