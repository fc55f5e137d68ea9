import { html, local, redirect, RequestHandler, urlFor } from "@mini/core";
import { SessionMixin } from "@mini/session";
import { countFailure, mustNotWait } from "../attempts.ts";
import { MembersOnly } from "../current-user.ts";
import { longestPassword, markWrong, passwordProblem, problemNote, readFields, shortestPassword } from "../forms.ts";
import { page } from "../layout.ts";
import { ownerOf } from "../users.ts";

interface Form {
  readonly wrongCurrent?: string;
  readonly wrongNext?: string;
}

export class PasswordHandler extends SessionMixin(RequestHandler) {
  static override middleware = [MembersOnly];

  get() {
    return passwordPage();
  }

  async post() {
    const session = await this.session;
    mustNotWait(session);

    const { member } = local;
    const { current, password } = await readFields("current", "password");
    const wrongNext = passwordProblem(password);
    if (wrongNext !== undefined) return this.#again({ wrongNext });
    if ((await local.users.check(member.name, current)) === undefined) {
      countFailure(session);
      return this.#again({ wrongCurrent: "The current password is wrong." });
    }

    await local.users.setPassword(member, password);
    // Somebody who knew the old password may be signed in, so all other sessions end. This one continues with a new id.
    const count = await local.sessionStore.revokeOthers(ownerOf(member));
    session.regenerate({ keep: ["userId", "browser"] });
    session.flash(`The password is changed${count > 0 ? ", and you are signed out everywhere else" : ""}.`, "success");
    return redirect(urlFor("account"), 303);
  }

  async #again(form: Form) {
    return html.response(await passwordPage(form), { status: 422 });
  }
}

function passwordPage({ wrongCurrent, wrongNext }: Form = {}) {
  return page(
    "Change the password",
    html`${problemNote(wrongCurrent ?? wrongNext)}
      <form method="post" action="${urlFor("password")}">
        <label class="field">Name
          <input name="name" value="${local.member.name}" readonly autocomplete="username">
        </label>
        <label class="field">Current password
          <input name="current" type="password" required autocomplete="current-password"${markWrong(wrongCurrent !== undefined)}>
        </label>
        <label class="field">New password
          <small>At least ${shortestPassword} characters; a few words are easy to remember.</small>
          <input name="password" type="password" required minlength="${shortestPassword}" maxlength="${longestPassword}" autocomplete="new-password"${markWrong(wrongNext !== undefined)}>
        </label>
        <button class="primary">Change the password</button>
      </form>
      <p>You will be signed out everywhere else.</p>`,
  );
}
