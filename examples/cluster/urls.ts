import { Rule } from "@mini/core";
import { CounterHandler, StyleHandler } from "./handlers.ts";

export const rules = [
  new Rule("/", { endpoint: "home", handler: CounterHandler }),
  new Rule("/style.css", { endpoint: "style", handler: StyleHandler }),
] as const;

declare module "@mini/core" {
  /** Endpoints and parameters of `urlFor` are checked by the compiler from here on. */
  interface Register {
    rules: typeof rules;
  }
}
