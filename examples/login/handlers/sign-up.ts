import { html, local, redirect, RequestHandler, urlFor } from "@mini/core";
import { SessionMixin } from "@mini/session";
import { signIn } from "../current-user.ts";
import { longestPassword, markWrong, nameProblem, passwordProblem, problemNote, readFields, shortestPassword } from "../forms.ts";
import { page } from "../layout.ts";
import { longestName } from "../users.ts";

interface Form {
  readonly name?: string;
  /** What is wrong with the name, or else with the password. */
  readonly wrongName?: string;
  readonly wrongPassword?: string;
}

export class SignUpHandler extends SessionMixin(RequestHandler) {
  async get() {
    if ((await local.currentUser()) !== undefined) return redirect(urlFor("account"), 303);
    return signUpPage();
  }

  async post() {
    const { name, password } = await readFields("name", "password");
    const wrongName = nameProblem(name);
    if (wrongName !== undefined) return this.#again({ name, wrongName });
    const wrongPassword = passwordProblem(password);
    if (wrongPassword !== undefined) return this.#again({ name, wrongPassword });

    const user = await local.users.add(name, password);
    if (user === undefined) return this.#again({ name, wrongName: "This name is taken." });

    const session = await this.session;
    signIn(session, user);
    session.flash("Your account is made, and you are signed in.", "success");
    return redirect(urlFor("account"), 303);
  }

  async #again(form: Form) {
    return html.response(await signUpPage(form), { status: 422 });
  }
}

function signUpPage({ name = "", wrongName, wrongPassword }: Form = {}) {
  return page(
    "Sign up",
    html`${problemNote(wrongName ?? wrongPassword)}
      <form method="post" action="${urlFor("sign-up")}">
        <label class="field">Name
          <input name="name" value="${name}" required maxlength="${longestName}" autocomplete="username" autocapitalize="none" spellcheck="false"${markWrong(wrongName !== undefined)}>
        </label>
        <label class="field">Password
          <small>At least ${shortestPassword} characters; a few words are easy to remember.</small>
          <input name="password" type="password" required minlength="${shortestPassword}" maxlength="${longestPassword}" autocomplete="new-password"${markWrong(wrongPassword !== undefined)}>
        </label>
        <button class="primary">Sign up</button>
      </form>
      <p>You have an account? <a href="${urlFor("sign-in")}">Sign in</a>.</p>`,
  );
}
