import { field, Form, type FormOf, html, local, problem, request, RequestHandler, seeOther, urlFor } from "@mini/core";
import { SessionMixin } from "@mini/session";
import { countFailure, mustNotWait } from "../attempts.ts";
import { MembersOnly } from "../current-user.ts";
import { longestPassword, PasswordChange, shortestPassword } from "../forms.ts";
import { page } from "../layout.ts";
import { ownerOf } from "../users.ts";

export class PasswordHandler extends SessionMixin(RequestHandler) {
  static override middleware = [MembersOnly];

  get() {
    return passwordPage(Form.of(PasswordChange));
  }

  async post() {
    const session = await this.session;
    mustNotWait(session);

    const { member } = local;
    const form = await request.form(PasswordChange, { secret: ["current"] });
    if (!form.ok) return passwordPage(form);
    if ((await local.users.check(member.name, form.data.current)) === undefined) {
      countFailure(session);
      return passwordPage(form.refuse("current", "The current password is wrong."));
    }

    await local.users.setPassword(member, form.data.password);
    // Somebody who knew the old password may be logged in, so all other sessions end. This one continues with a new id.
    const count = await local.sessionStore.revokeOthers(ownerOf(member));
    session.regenerate({ keep: ["userId", "browser"] });
    session.flash(`The password is changed${count > 0 ? ", and you are logged out everywhere else" : ""}.`, "success");
    return seeOther(urlFor("account"));
  }
}

async function passwordPage(form: FormOf<typeof PasswordChange>) {
  const content = html`<form method="post" action="${urlFor("password")}">
      <label class="field">Name
        <input name="name" value="${local.member.name}" readonly autocomplete="username">
      </label>
      <label class="field">Current password
        <input ${field(form, "current")} type="password" required autocomplete="current-password">
      </label>
      ${problem(form, "current")}
      <label class="field">New password
        <small>At least ${shortestPassword} characters; a few words are easy to remember.</small>
        <input ${field(form, "password")} type="password" required minlength="${shortestPassword}" maxlength="${longestPassword}" autocomplete="new-password">
      </label>
      ${problem(form, "password")}
      <button class="primary">Change the password</button>
    </form>
    <p>You will be logged out everywhere else.</p>`;
  return form.response(await page("Change the password", content));
}
