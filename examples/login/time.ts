import { html } from "@mini/core";
import type { Html } from "@mini/core";

const format = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });

/** A time in milliseconds since the Unix epoch as HTML that people and programs can read. */
export function time(moment: number): Html {
  return html`<time datetime="${new Date(moment).toISOString()}">${format.format(moment)} UTC</time>`;
}
