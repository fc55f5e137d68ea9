import { field, Form, type FormOf, html, local, problem, request, RequestHandler, seeOther, urlFor } from "@mini/core";
import { SessionMixin } from "@mini/session";
import { countFailure, mustNotWait } from "../attempts.ts";
import { isFresh, signIn } from "../current-user.ts";
import { nextUrl, SignIn } from "../forms.ts";
import { page } from "../layout.ts";

export class SignInHandler extends SessionMixin(RequestHandler) {
  async get() {
    const next = request.args.get("next") ?? "";
    const user = await local.currentUser();
    if (user !== undefined && isFresh(await this.session)) return seeOther(nextUrl(next));
    return signInPage(Form.of(SignIn, { next, name: user?.name }));
  }

  async post() {
    const session = await this.session;
    mustNotWait(session);

    const form = await request.form(SignIn);
    const user = form.ok ? await local.users.check(form.data.name, form.data.password) : undefined;
    if (user === undefined) {
      countFailure(session);
      return html.response(await signInPage(form.refuse("", "The name or the password is wrong.")), { status: 403 });
    }

    signIn(session, user);
    session.flash(`You are signed in as ${user.name}.`, "success");
    return seeOther(nextUrl(form.value("next")));
  }
}

function signInPage(form: FormOf<typeof SignIn>) {
  const isNew = form.problems().length === 0;
  return page(
    "Sign in",
    html`${isNew && form.value("next") !== "" && html`<p class="note info">Sign in to go on.</p>`}
      <form method="post" action="${urlFor("sign-in")}">
        ${problem(form, "")}
        <input type="hidden" ${field(form, "next")}>
        <label class="field">Name
          <input ${field(form, "name")} required autocomplete="username" autocapitalize="none" spellcheck="false">
        </label>
        <label class="field">Password
          <input ${field(form, "password")} type="password" required autocomplete="current-password">
        </label>
        <button class="primary">Sign in</button>
      </form>
      <p>You have no account yet? <a href="${urlFor("sign-up")}">Sign up</a>.</p>`,
  );
}
