import { Rule } from "@mini/core";
import { CounterHandler, StyleHandler } from "./handlers.ts";

export const rules = [
  new Rule("/", { endpoint: "home", handler: CounterHandler }),
  new Rule("/style.css", { endpoint: "style", handler: StyleHandler }),
] as const;

declare module "@mini/core" {
  /** With this, the compiler checks the endpoints and parameters of `urlFor`. */
  interface Register {
    rules: typeof rules;
  }
}
