// Ours, from the built packages, with MemoryBackend or LmdbBackend.
import { join } from "node:path";
import { App, request, RequestHandler, Rule, text } from "@mini/core";
import { serve } from "@mini/core/serve";
import { MemoryBackend, SessionMiddleware, SessionMixin } from "@mini/session";
import { LmdbBackend } from "@mini/session/lmdb";
import { open } from "lmdb";

class Count extends SessionMixin(RequestHandler) {
  static middleware = [SessionMiddleware];
  async get() {
    const session = await this.session;
    if (request.path === "/change") session.increment("count");
    return text(`count ${session.get("count")}`);
  }
}

/** @param {string} variant - `memory` or `lmdb`. */
export async function start(variant, folder) {
  const backend = variant === "lmdb" ? new LmdbBackend({ root: open({ path: join(folder, "mini.mdb") }) }) : new MemoryBackend();
  const rules = [new Rule("/read", { handler: Count }), new Rule("/change", { handler: Count })];
  const app = new App({ rules, config: { session: { secretKey: "benchmark ".repeat(4), backend } } });
  return (await serve(app, { port: 0, silent: true })).port;
}
