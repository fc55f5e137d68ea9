import { accepts, acceptsLanguages } from "@mini/core";
import type { Equal, Expect } from "../support/types.ts";

const type = () => accepts("html", "json");
const language = () => acceptsLanguages("en", "de");

export type AcceptsTypes = [
  Expect<Equal<ReturnType<typeof type>, "html" | "json" | undefined>>,
  Expect<Equal<ReturnType<typeof language>, "en" | "de" | undefined>>,
];

// @ts-expect-error only text can be offered
accepts(5);
