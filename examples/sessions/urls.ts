import { Rule } from "@mini/core";
import {
  BasicSessionHandler,
  ClearSessionHandler,
  DeleteSessionHandler,
  FlashHandler,
  ShoppingCartHandler,
  StyleHandler,
} from "./handlers.ts";

export const rules = [
  new Rule("/", { endpoint: "home", handler: BasicSessionHandler }),
  new Rule("/cart", { endpoint: "sessions/cart", handler: ShoppingCartHandler }),
  new Rule("/delete-session", { endpoint: "sessions/delete", handler: DeleteSessionHandler }),
  new Rule("/clear", { endpoint: "sessions/clear", handler: ClearSessionHandler }),
  new Rule("/flash", { endpoint: "sessions/flash", handler: FlashHandler }),
  new Rule("/style.css", { endpoint: "style", handler: StyleHandler }),
] as const;

declare module "@mini/core" {
  /** With this, the compiler checks the endpoints and parameters of `urlFor`. */
  interface Register {
    rules: typeof rules;
  }
}
