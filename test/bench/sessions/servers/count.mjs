import { request, RequestHandler, text } from "@mini/core";
import { SessionMiddleware, SessionMixin } from "@mini/session";

/** Says what a session has counted, and counts where the path says so. */
export class Count extends SessionMixin(RequestHandler) {
  static middleware = [SessionMiddleware];
  async get() {
    const session = await this.session;
    if (request.path === "/change") session.increment("count");
    return text(`count ${session.get("count")}`);
  }
}
