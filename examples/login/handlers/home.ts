import { html, local, RequestHandler, urlFor } from "@mini/core";
import { page } from "../layout.ts";

export class HomeHandler extends RequestHandler {
  async get() {
    const user = await local.currentUser();
    if (user !== undefined) {
      return page(
        `Hello, ${user.name}`,
        html`<p>You are logged in. Log in from another browser too: each appears in the list, and any can end the others.</p>
          <p class="row"><a class="button primary" href="${urlFor("sessions")}">See your sessions</a></p>`,
      );
    }
    return page(
      "Welcome",
      html`<p>This site knows its members, and lets them see where they are logged in.</p>
        <p class="row">
          <a class="button primary" href="${urlFor("sign-up")}">Sign up</a>
          <a class="button" href="${urlFor("log-in")}">Log in</a>
        </p>`,
    );
  }
}
