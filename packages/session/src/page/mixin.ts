import { local } from "@mini/core";
import type { RequestHandler } from "@mini/core";
import type { Session } from "../request/session.ts";
import { provideStore } from "./middleware.ts";

/** A class that can be extended. TypeScript requires `any[]` of the base of a mixin (TS2545). */
// oxlint-disable-next-line typescript/no-explicit-any
type Constructor<Instance> = new (...args: any[]) => Instance;

/** What {@link SessionMixin} adds to a handler. */
export interface SessionMembers {
  /** The default session of the request, loaded at the first access. */
  readonly session: Promise<Session>;
}

/** Adds `session` to a handler class. If no list has `SessionMiddleware`, the first use of `session` starts it. */
export function SessionMixin<Base extends Constructor<RequestHandler>>(base: Base): Base & Constructor<SessionMembers> {
  return class extends base implements SessionMembers {
    get session(): Promise<Session> {
      provideStore(this);
      return local.sessionStore.getSession();
    }
  };
}
