import { abort, html, local, redirect, request, RequestHandler, urlFor } from "@mini/core";
import { SessionMixin } from "@mini/session";
import { countFailure, mustNotWait } from "../attempts.ts";
import { isFresh, signIn } from "../current-user.ts";
import { nextUrl, problemNote, readFields } from "../forms.ts";
import { page } from "../layout.ts";

export class SignInHandler extends SessionMixin(RequestHandler) {
  async get() {
    const next = request.args.get("next") ?? "";
    const user = await local.currentUser();
    if (user !== undefined && isFresh(await this.session)) return redirect(nextUrl(next), 303);
    return signInPage({ next, ...(user && { name: user.name }) });
  }

  async post() {
    const session = await this.session;
    mustNotWait(session);

    const { name, password, next } = await readFields("name", "password", "next");
    const user = await local.users.check(name, password);
    if (user === undefined) {
      countFailure(session);
      abort(403, "The name or the password is wrong."); // the page is in error-pages.ts
    }

    signIn(session, user);
    session.flash(`You are signed in as ${user.name}.`, "success");
    return redirect(nextUrl(next), 303);
  }
}

interface Form {
  readonly name?: string;
  /** Where to continue after signing in. */
  readonly next: string;
  readonly problem?: string;
}

export function signInPage({ name = "", next, problem }: Form) {
  return page(
    "Sign in",
    html`${problemNote(problem)}
      ${next !== "" && problem === undefined && html`<p class="note info">Sign in to go on.</p>`}
      <form method="post" action="${urlFor("sign-in")}">
        <input type="hidden" name="next" value="${next}">
        <label class="field">Name
          <input name="name" value="${name}" required autocomplete="username" autocapitalize="none" spellcheck="false">
        </label>
        <label class="field">Password
          <input name="password" type="password" required autocomplete="current-password">
        </label>
        <button class="primary">Sign in</button>
      </form>
      <p>You have no account yet? <a href="${urlFor("sign-up")}">Sign up</a>.</p>`,
  );
}
