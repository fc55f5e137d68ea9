import { abort, accepts, local, type Middleware, request, type RequestHandler, seeOther, setHeader, setLocal, urlFor } from "@mini/core";
import type { Session, Sessions } from "@mini/session";
import type { Notes } from "./notes.ts";
import { ownerOf, type User, type Users } from "./users.ts";

/** What the pages need: the data and the sessions. */
export interface Site {
  readonly users: Users;
  readonly notes: Notes;
  /** The folder of pictures. */
  readonly pictures: string;
  readonly sessions: Sessions;
}

declare module "@mini/core" {
  interface Local {
    /** Set by visitor(). */
    readonly site: Site;
    /** The user who is logged in; `undefined` if there is none. Set by visitor(). */
    readonly user: User | undefined;
    /** The user who is logged in, for handlers that list MembersOnly. */
    readonly member: User;
  }
}

declare module "@mini/session" {
  interface SessionData {
    userId: number;
    /** The browser, for the list of devices: `Firefox on Linux`. */
    browser: string;
    /** The page that a visitor asked for before logging in. */
    next: string;
  }
}

/** Gives each request the site and its user. */
export const visitor = (site: Site): Middleware => ({
  async beforeDispatch() {
    const session = await local.sessionStore.getSession();
    setLocal("site", site);
    setLocal("user", site.users.find(session.get("userId")));
  },
});

/** Lets members in. Other visitors log in first, and come back. */
export class MembersOnly implements Middleware {
  static readonly provides = ["member"] as const;

  async beforeDispatch({ app }: RequestHandler) {
    // These pages must not be stored: after logging out, "back" must not show them.
    setHeader("cache-control", "no-store");
    if (local.user !== undefined) return setLocal("member", local.user);
    if (accepts("html", "json") === "json") abort(401, "Log in first.", { headers: { "www-authenticate": "Cookie" } });
    // A form cannot be sent again after logging in, so the visitor comes back only to pages.
    if (request.method === "GET") (await local.sessionStore.getSession()).set("next", `${app.basePath}${request.path}${request.search}`);
    return seeOther(urlFor("log-in"));
  }
}

/**
 * Gives the session to a user, with a new id and without its earlier contents, which may be those of another visitor. Returns the page to go
 * on with.
 */
export function logIn(session: Session, user: User): string {
  const next = session.pop("next") ?? urlFor("board");
  session.regenerate({ owner: ownerOf(user), keep: [] });
  // Most browsers name other browsers too, so the order matters.
  const userAgent = request.headers.get("user-agent") ?? "";
  const [browser] = /Edg|OPR|Firefox|Chrome|Safari|curl/.exec(userAgent) ?? ["Unknown browser"];
  const [system] = /Android|iPhone|iPad|Windows|Mac OS|CrOS|Linux/.exec(userAgent) ?? ["an unknown system"];
  session.assign({ userId: user.id, browser: `${browser} on ${system}` });
  return next;
}
