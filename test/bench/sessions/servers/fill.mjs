// Ours: fills a session and counts in it.
import { RequestHandler, text } from "@mini/core";
import { SessionMiddleware, SessionMixin } from "@mini/session";
import { filling } from "../filling.mjs";

export class Fill extends SessionMixin(RequestHandler) {
  static middleware = [SessionMiddleware];
  async get({ bytes }) {
    const session = await this.session;
    for (const [key, value] of Object.entries(filling(Number(bytes)))) session.set(key, value);
    session.increment("count");
    return text(`count ${session.get("count")}`);
  }
}
