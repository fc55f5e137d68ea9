import { html, text, type Html } from "@mini/core";

declare const anything: unknown;
declare const loose: any; // oxlint-disable-line typescript/no-explicit-any
declare const mixed: string | undefined | Html | readonly (string | Html)[];

export const accepted: readonly Html[] = [
  html`a`,
  html`${"a"}${1}${1n}${true}${null}${undefined}${html`b`}`,
  html`${["a", html`b`, ["c", 1]]}`,
  html`${new Date()}${new URL("http://a/")}${new Error("a")}${{ toString: () => "a" }}`,
  html`${anything}${loose}${mixed}`,
];

// @ts-expect-error a promise has to be awaited
void html`${Promise.resolve("a")}`;
// @ts-expect-error also among other values
void html`${["a", Promise.resolve("a")]}`;
// @ts-expect-error a plain object has no text
void html`${{ a: 1 }}`;
// @ts-expect-error a function has to be called
void html`${() => "a"}`;
// @ts-expect-error a symbol has no text
void html`${Symbol("a")}`;
// @ts-expect-error a response is no markup
void html`${text("a")}`;
// @ts-expect-error nor is one of fetch
void html`${new globalThis.Response("a")}`;
// @ts-expect-error a promise of one of several values
void html`${Math.random() < 0.5 ? "a" : Promise.resolve("a")}`;
