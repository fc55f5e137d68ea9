// Ours, from the built packages, with the listener of Node that its guide has.
import { EventEmitter, on } from "node:events";
import { App, RequestHandler, Rule } from "@mini/core";
import { events } from "@mini/core/events";
import { serve } from "@mini/core/serve";
import { sender } from "../notes.mjs";

const added = new EventEmitter().setMaxListeners(0);

export const send = sender((note) => added.emit("note", note));

class Notes extends RequestHandler {
  get() {
    return events(async function* ({ signal }) {
      for await (const [note] of on(added, "note", { signal })) yield { event: "note", id: String(note.id), data: note };
    });
  }
}

export async function start() {
  const app = new App({ rules: [new Rule("/", { handler: Notes })] });
  return (await serve(app, { port: 0, silent: true })).port;
}
