import { html, local, RequestHandler, seeOther, urlFor } from "@mini/core";
import { SessionMixin } from "@mini/session";
import type { OwnedSession } from "@mini/session";
import { freshMembersOnly, MembersOnly } from "../current-user.ts";
import { page } from "../layout.ts";
import { time } from "../time.ts";
import { ownerOf } from "../users.ts";

/** Lists the sessions of a member. */
export class SessionsHandler extends RequestHandler {
  static override middleware = [MembersOnly, freshMembersOnly];

  async get() {
    const sessions = await local.sessionStore.listSessions(ownerOf(local.member));
    const list = html`<ul class="cards">${sessions.map(card)}</ul>`;
    if (sessions.length === 1) return page("Your sessions", html`<p>You are logged in here, and nowhere else.</p> ${list}`);
    return page(
      "Your sessions",
      html`<p>You are logged in here, and in other places. Revoke what you do not know.</p>
        ${list}
        <form method="post" action="${urlFor("sessions/revoke-others")}"><button>Log out everywhere else</button></form>`,
    );
  }
}

/** Ends one session of the member. A session of another user is not found. */
export class RevokeHandler extends SessionMixin(RequestHandler) {
  static override middleware = [MembersOnly, freshMembersOnly];

  async post({ handle }: { handle: string }) {
    const revoked = await local.sessionStore.revoke(ownerOf(local.member), handle);
    const session = await this.session;
    if (revoked) session.flash("The session has ended.", "success");
    else session.flash("There is no such session: it may have ended by itself.", "warning");
    return seeOther(urlFor("sessions"));
  }
}

export class RevokeOthersHandler extends SessionMixin(RequestHandler) {
  static override middleware = [MembersOnly, freshMembersOnly];

  async post() {
    const count = await local.sessionStore.revokeOthers(ownerOf(local.member));
    const session = await this.session;
    session.flash(`You are logged out everywhere else: ${count === 1 ? "one session has" : `${count} sessions have`} ended.`, "success");
    return seeOther(urlFor("sessions"));
  }
}

function card({ handle, createdAt, lastSeenAt, expiresAt, current, data }: OwnedSession) {
  const { browser } = data;
  const revoke = html`<form method="post" action="${urlFor("sessions/revoke", { handle })}">
        <button>Revoke<span class="unseen"> ${browser}, logged in ${time(createdAt)}</span></button>
      </form>`;
  return html`<li class="card">
      <h2>${browser} ${current && html`<span class="badge">This browser</span>`}</h2>
      <dl>
        <div><dt>Logged in</dt><dd>${time(createdAt)}</dd></div>
        <div><dt>Last seen</dt><dd>${current || lastSeenAt === undefined ? "now" : time(lastSeenAt)}</dd></div>
        <div><dt>Ends</dt><dd>${time(expiresAt)}, if not before</dd></div>
      </dl>
      ${!current && revoke}
    </li>`;
}
