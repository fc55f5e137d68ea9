import { local } from "@mini/core";
import type { RequestHandler } from "@mini/core";
import type { Session } from "./session.ts";

/** A class that can be extended; the `any[]` is what TypeScript asks of a mixin's base (TS2545). */
// oxlint-disable-next-line typescript/no-explicit-any
type Constructor<Instance> = new (...args: any[]) => Instance;

/** What {@link SessionMixin} adds to a handler. */
export interface SessionMembers {
  /** The request's default session, loaded at first access. */
  readonly session: Promise<Session>;
}

/** Gives a handler class `session`; the class still lists {@link SessionMiddleware}, which saves it. */
export function SessionMixin<Base extends Constructor<RequestHandler>>(base: Base): Base & Constructor<SessionMembers> {
  return class extends base implements SessionMembers {
    get session(): Promise<Session> {
      return local.sessionStore.getSession();
    }
  };
}
