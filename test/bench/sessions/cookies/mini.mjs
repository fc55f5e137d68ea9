// Ours, from the built packages. What has no session has no middleware for it either.
import { App, RequestHandler, Rule, text } from "@mini/core";
import { serve } from "@mini/core/serve";
import { SessionMiddleware } from "@mini/session";
import { Count } from "../servers/count.mjs";
import { Fill } from "../servers/fill.mjs";

class WithoutSession extends RequestHandler {
  get() {
    return text("Hello world!");
  }
}

class Untouched extends RequestHandler {
  static middleware = [SessionMiddleware];
  get() {
    return text("Hello world!");
  }
}

/** @param variant - `without` for a server where `/untouched` has no session. */
export async function start(variant) {
  const rules = [
    new Rule("/untouched", { handler: variant === "without" ? WithoutSession : Untouched }),
    new Rule("/read", { handler: Count }),
    new Rule("/change", { handler: Count }),
    new Rule("/fill/:bytes", { handler: Fill }),
  ];
  const app = new App({ rules, config: { session: { secretKey: "benchmark ".repeat(4) } } });
  return (await serve(app, { port: 0, silent: true })).port;
}
