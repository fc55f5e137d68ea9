import { local, request, seeOther, setHeader, setLocal, urlFor } from "@mini/core";
import type { Middleware, RequestHandler } from "@mini/core";
import { requireFresh } from "@mini/session";
import type { Session } from "@mini/session";
import { describeBrowser } from "./browsers.ts";
import { ownerOf, type User, type Users } from "./users.ts";

declare module "@mini/core" {
  interface Local {
    /** Set by CurrentUser, like the next one. */
    readonly users: Users;
    /** The user who is logged in, looked up at the first call. */
    readonly currentUser: () => Promise<User | undefined>;
    /** The user who is logged in, for handlers that list MembersOnly. */
    readonly member: User;
  }
}

declare module "@mini/session" {
  interface SessionData {
    /** Id of the user who is logged in. */
    userId: string;
    /** The browser of the user: `Firefox on Linux`. */
    browser: string;
  }
}

/** Gives each request the users, and the user who is logged in. The user is looked up only when a handler asks. */
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

/** Lets members in. Other visitors are redirected to the log-in page, and come back after it. */
export class MembersOnly implements Middleware {
  static readonly provides = ["member"] as const;

  async beforeDispatch({ app }: RequestHandler) {
    // No cache may keep these pages, not even that of the browser: after logging out, "back" must not show them.
    setHeader("cache-control", "no-store");
    const user = await local.currentUser();
    if (user !== undefined) return setLocal("member", user);
    // A form cannot be sent again after logging in, so only pages are visited again.
    const next = request.method === "GET" ? `${app.basePath}${request.path}${request.search}` : undefined;
    return seeOther(urlFor("log-in", { next }));
  }
}

/** Seconds after logging in for which a member may end sessions. Later, the password is asked for again. */
const freshFor = 15 * 60;

/** Lets in members who have logged in recently. List it after MembersOnly. */
export const freshMembersOnly = requireFresh(freshFor, { endpoint: "log-in" });

/** Whether the visitor has logged in so recently that no page asks for the password again. */
export function isFresh({ authenticatedAt }: Session): boolean {
  return authenticatedAt !== undefined && Date.now() - authenticatedAt <= freshFor * 1000;
}

/** Gives the session to a user, with a new id and without its earlier contents, which may be those of another visitor. */
export function logIn(session: Session, user: User): void {
  session.regenerate({ owner: ownerOf(user), keep: [] });
  session.set("userId", user.id);
  session.set("browser", describeBrowser(request.headers.get("user-agent") ?? ""));
}
