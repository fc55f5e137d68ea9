import { field, Form, type FormOf, html, local, problem, request, RequestHandler, seeOther, urlFor } from "@mini/core";
import { SessionMixin } from "@mini/session";
import { countFailure, mustNotWait } from "../attempts.ts";
import { isFresh, logIn } from "../current-user.ts";
import { nextUrl, LogIn } from "../forms.ts";
import { page } from "../layout.ts";

export class LogInHandler extends SessionMixin(RequestHandler) {
  async get() {
    const next = request.args.get("next") ?? "";
    const user = await local.currentUser();
    if (user !== undefined && isFresh(await this.session)) return seeOther(nextUrl(next));
    return logInPage(Form.of(LogIn, { next, name: user?.name }));
  }

  async post() {
    const session = await this.session;
    mustNotWait(session);

    const form = await request.form(LogIn);
    const user = form.ok ? await local.users.check(form.data.name, form.data.password) : undefined;
    if (user === undefined) {
      countFailure(session);
      return html.response(await logInPage(form.refuse("", "The name or the password is wrong.")), { status: 403 });
    }

    logIn(session, user);
    session.flash(`You are logged in as ${user.name}.`, "success");
    return seeOther(nextUrl(form.value("next")));
  }
}

function logInPage(form: FormOf<typeof LogIn>) {
  const isNew = form.problems().length === 0;
  return page(
    "Log in",
    html`${isNew && form.value("next") !== "" && html`<p class="note info">Log in to go on.</p>`}
      <form method="post" action="${urlFor("log-in")}">
        ${problem(form, "")}
        <input type="hidden" ${field(form, "next")}>
        <label class="field">Name
          <input ${field(form, "name")} required autocomplete="username" autocapitalize="none" spellcheck="false">
        </label>
        <label class="field">Password
          <input ${field(form, "password")} type="password" required autocomplete="current-password">
        </label>
        <button class="primary">Log in</button>
      </form>
      <p>You have no account yet? <a href="${urlFor("sign-up")}">Sign up</a>.</p>`,
  );
}
