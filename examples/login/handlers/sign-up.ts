import { field, Form, type FormOf, html, local, problem, request, RequestHandler, seeOther, urlFor } from "@mini/core";
import { SessionMixin } from "@mini/session";
import { logIn } from "../current-user.ts";
import { longestPassword, shortestPassword, SignUp } from "../forms.ts";
import { page } from "../layout.ts";
import { longestName } from "../users.ts";

export class SignUpHandler extends SessionMixin(RequestHandler) {
  async get() {
    if ((await local.currentUser()) !== undefined) return seeOther(urlFor("account"));
    return signUpPage(Form.of(SignUp));
  }

  async post() {
    const form = await request.form(SignUp);
    if (!form.ok) return signUpPage(form);
    const user = await local.users.add(form.data.name, form.data.password);
    if (user === undefined) return signUpPage(form.refuse("name", "This name is taken."));

    const session = await this.session;
    logIn(session, user);
    session.flash("Your account is made, and you are logged in.", "success");
    return seeOther(urlFor("account"));
  }
}

async function signUpPage(form: FormOf<typeof SignUp>) {
  const content = html`<form method="post" action="${urlFor("sign-up")}">
      <label class="field">Name
        <input ${field(form, "name")} required maxlength="${longestName}" autocomplete="username" autocapitalize="none" spellcheck="false">
      </label>
      ${problem(form, "name")}
      <label class="field">Password
        <small>At least ${shortestPassword} characters; a few words are easy to remember.</small>
        <input ${field(form, "password")} type="password" required minlength="${shortestPassword}" maxlength="${longestPassword}" autocomplete="new-password">
      </label>
      ${problem(form, "password")}
      <button class="primary">Sign up</button>
    </form>
    <p>You have an account? <a href="${urlFor("log-in")}">Log in</a>.</p>`;
  return form.response(await page("Sign up", content));
}
