import { local, RequestHandler, seeOther, urlFor } from "@mini/core";
import { SessionMixin } from "@mini/session";

export class LogOutHandler extends SessionMixin(RequestHandler) {
  async post() {
    await local.sessionStore.deleteSession();
    // The session is a new one from here on, and holds only this message.
    const session = await this.session;
    session.flash("You are logged out.");
    return seeOther(urlFor("home"));
  }
}
