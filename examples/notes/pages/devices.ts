import { html, local, request, RequestHandler, seeOther, urlFor } from "@mini/core";
import { type OwnedSession, SessionMixin } from "@mini/session";
import { z } from "zod";
import { page, time } from "../layout.ts";
import { ownerOf } from "../users.ts";
import { MembersOnly } from "../visitor.ts";

const Device = z.object({ handle: z.string().optional() });

export class Devices extends SessionMixin(RequestHandler) {
  static override middleware = [MembersOnly];

  async get() {
    const sessions = await local.sessionStore.listSessions(ownerOf(local.member));
    return page(
      "Devices",
      html`<p>You are logged in on these devices. Log out each device that you do not know.</p>
        <ul class="cards">${sessions.map(card)}</ul>
        <form method="post"><button>Log out everywhere</button></form>`,
    );
  }

  /** Logs out one device, or all of them. */
  async post() {
    const store = local.sessionStore;
    const form = await request.form(Device);
    if (form.ok && form.data.handle !== undefined) {
      await store.revoke(ownerOf(local.member), form.data.handle);
      (await this.session).flash("The device is logged out.", "success");
      return seeOther(urlFor("devices"));
    }
    await store.revokeAll(ownerOf(local.member));
    await store.deleteSession();
    (await this.session).flash("You are logged out everywhere.");
    return seeOther(urlFor("log-in"));
  }
}

const card = ({ handle, createdAt, lastSeenAt, current, data: { browser } }: OwnedSession) => html`<li class="card">
    <h2>${browser} ${current && html`<span class="badge">This device</span>`}</h2>
    <p class="quiet">Logged in ${time(createdAt)}, last seen ${current || lastSeenAt === undefined ? "now" : time(lastSeenAt)}</p>
    ${!current && html`<form method="post"><button name="handle" value="${handle}">Log out<span class="unseen"> ${browser}</span></button></form>`}
  </li>`;
