// Ours, from the built packages. `/` has no middleware, `/untouched` has SessionMiddleware and asks nothing of it.
import { App, request, RequestHandler, Rule, text } from "@mini/core";
import { serve } from "@mini/core/serve";
import { SessionMiddleware, SessionMixin } from "@mini/session";

class Hello extends RequestHandler {
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
class Count extends SessionMixin(RequestHandler) {
  static middleware = [SessionMiddleware];
  async get() {
    const session = await this.session;
    if (request.path === "/change") session.increment("count");
    return text(`count ${session.get("count")}`);
  }
}

export async function start() {
  const rules = [
    new Rule("/", { handler: Hello }),
    new Rule("/untouched", { handler: Untouched }),
    new Rule("/read", { handler: Count }),
    new Rule("/change", { handler: Count }),
  ];
  const app = new App({ rules, config: { session: { secretKey: "benchmark ".repeat(4) } } });
  return (await serve(app, { port: 0, silent: true })).port;
}
