import { field, type FormOf, html, local, problem, request, RequestHandler, seeOther, urlFor } from "@mini/core";
import { SessionMixin } from "@mini/session";
import { z } from "zod";
import { page } from "../layout.ts";
import { logIn } from "../visitor.ts";

const name = z.string().regex(/^[\p{L}\p{N}._-]{1,30}$/u, "A name has 1 to 30 letters, digits, dots, hyphens or underscores.");
const password = z.string().max(200, "A password has at most 200 characters.");
const Credentials = z.object({ name, password });
const Account = z.object({ name, password: password.min(10, "A password has 10 characters or more.") });

// A refused form is shown after a redirect. So the browser does not ask whether to send a form again.

export class SignUp extends SessionMixin(RequestHandler) {
  async get() {
    const form = await (await this.session).keptForm(Account, { name: "sign-up" });
    const other = html`<p>You have an account? <a href="${urlFor("log-in")}">Log in</a>.</p>`;
    return page("Sign up", html`${accountForm(form, "Sign up", "new-password")} ${other}`);
  }

  async post() {
    const session = await this.session;
    const form = await request.form(Account);
    const user = form.ok ? await local.site.users.add(form.data.name, form.data.password) : undefined;
    if (user === undefined) {
      session.keepForm(form.ok ? form.refuse("name", "Somebody has this name already.") : form, "sign-up");
      return seeOther(urlFor("sign-up"));
    }
    const next = logIn(session, user);
    session.flash(`Welcome, ${user.name}.`, "success");
    return seeOther(next);
  }
}

export class LogIn extends SessionMixin(RequestHandler) {
  async get() {
    const form = await (await this.session).keptForm(Credentials, { name: "log-in" });
    const other = html`<p>You have no account yet? <a href="${urlFor("sign-up")}">Sign up</a>.</p>`;
    return page("Log in", html`${accountForm(form, "Log in", "current-password")} ${other}`);
  }

  async post() {
    const session = await this.session;
    const form = await request.form(Credentials);
    const user = form.ok ? await local.site.users.check(form.data.name, form.data.password) : undefined;
    if (user !== undefined) return seeOther(logIn(session, user));
    session.keepForm(form.refuse("", "The name or the password is wrong."), "log-in");
    return seeOther(urlFor("log-in"));
  }
}

export class LogOut extends SessionMixin(RequestHandler) {
  async post() {
    await local.sessionStore.deleteSession();
    (await this.session).flash("You are logged out.");
    return seeOther(urlFor("log-in"));
  }
}

const accountForm = (form: FormOf<typeof Credentials>, label: string, autocomplete: "new-password" | "current-password") =>
  html`<form method="post" class="narrow">
    ${problem(form, "")}
    <label for="name">Name</label>
    <input ${field(form, "name")} required maxlength="30" autocomplete="username" autocapitalize="none" spellcheck="false">
    ${problem(form, "name")}
    <label for="password">Password ${autocomplete === "new-password" && html`<small>10 characters or more; a few words are easy to remember</small>`}</label>
    <input type="password" ${field(form, "password")} required maxlength="200" autocomplete="${autocomplete}">
    ${problem(form, "password")}
    <button class="primary">${label}</button>
  </form>`;
