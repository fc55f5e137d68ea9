import { html, local, RequestHandler, urlFor } from "@mini/core";
import { SessionMixin } from "@mini/session";
import { MembersOnly } from "../current-user.ts";
import { page } from "../layout.ts";
import { time } from "../time.ts";

export class AccountHandler extends SessionMixin(RequestHandler) {
  static override middleware = [MembersOnly];

  async get() {
    const { name, createdAt } = local.member;
    const session = await this.session;
    return page(
      "Account",
      html`<dl class="card">
          <div><dt>Name</dt><dd>${name}</dd></div>
          <div><dt>Member since</dt><dd>${time(createdAt)}</dd></div>
          <div><dt>Logged in until</dt><dd>${time(session.expiresAt)} at the latest, and until half an hour passes without a visit</dd></div>
        </dl>
        <p class="row">
          <a class="button" href="${urlFor("sessions")}">Your sessions</a>
          <a class="button" href="${urlFor("password")}">Change the password</a>
        </p>`,
    );
  }
}
