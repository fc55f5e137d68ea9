import { local, redirect, request, setHeader, setLocal, urlFor } from "@mini/core";
import type { Middleware } from "@mini/core";
import type { Session } from "@mini/session";
import { describeBrowser } from "./browsers.ts";
import { ownerOf, type User, type Users } from "./users.ts";

declare module "@mini/core" {
  interface Local {
    /** Set by CurrentUser, as the next one. */
    readonly users: Users;
    /** Who is signed in, looked up at the first call. */
    readonly currentUser: () => Promise<User | undefined>;
    /** Who is signed in, for handlers that list MembersOnly. */
    readonly member: User;
  }
}

declare module "@mini/session" {
  interface SessionData {
    /** Id of the user who is signed in. */
    userId: string;
    /** Where from: `Firefox on Linux`. */
    browser: string;
  }
}

/** Gives each request the users, and the one who is signed in. Nothing is looked up for who does not ask. */
export class CurrentUser implements Middleware {
  static readonly provides = ["users", "currentUser"] as const;
  readonly #users: Users;

  constructor(users: Users) {
    this.#users = users;
  }

  beforeDispatch(): void {
    let found: Promise<User | undefined> | undefined;
    setLocal("users", this.#users);
    setLocal("currentUser", () => (found ??= this.#find()));
  }

  async #find(): Promise<User | undefined> {
    const session = await local.sessionStore.getSession();
    const id = session.get("userId");
    return id === undefined ? undefined : this.#users.find(id);
  }
}

/** Lets members in; others are sent to sign in, and come back from there. */
export class MembersOnly implements Middleware {
  static readonly provides = ["member"] as const;

  async beforeDispatch() {
    // No cache keeps these pages, the browser's own included: after signing out, "back" must not show them.
    setHeader("cache-control", "no-store");
    const user = await local.currentUser();
    if (user !== undefined) return setLocal("member", user);
    // A form cannot be sent again after signing in, so only pages are returned to.
    const next = request.method === "GET" ? request.path + request.search : undefined;
    return redirect(urlFor("sign-in", { next }), 303);
  }
}

/** Makes the session that of a user, under a new id and with nothing of before: what was there may be somebody else's. */
export function signIn(session: Session, user: User): void {
  session.regenerate({ owner: ownerOf(user), keep: [] });
  session.set("userId", user.id);
  session.set("browser", describeBrowser(request.headers.get("user-agent") ?? ""));
}
