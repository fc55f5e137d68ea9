import { html } from "@mini/core";
import type { Html } from "@mini/core";

const format = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });

/** A moment in milliseconds since the Unix epoch, to be read by people and programs. */
export function time(moment: number): Html {
  return html`<time datetime="${new Date(moment).toISOString()}">${format.format(moment)} UTC</time>`;
}
