import type { SessionData } from "../record/session-data.ts";
import { unsentHead, type IncomingRequest } from "../request/head.ts";
import { RequestSessions } from "../request/request.ts";
import type { Session } from "../request/session.ts";
import type { SharedSessions } from "../request/shared-sessions.ts";
import type { SessionOptions } from "../settings/config.ts";

/** A session that can only be read. */
export type SessionView<Data extends object = SessionData> = Pick<
  Session<Data>,
  | "isNew"
  | "owner"
  | "authenticatedAt"
  | "createdAt"
  | "expiresAt"
  | "handle"
  | "size"
  | "has"
  | "get"
  | "keys"
  | "values"
  | "entries"
  | "toJSON"
  | "peekFlashes"
>;

/** The session in a Cookie header. The visit is never committed, so nothing is saved. */
export async function readOnlySession<Data extends object>(
  shared: SharedSessions,
  cookieHeader: string | null | undefined,
  name: string | undefined,
  options: Pick<SessionOptions, "backend"> | undefined,
): Promise<SessionView<Data>> {
  const cookie = cookieHeader ?? null;
  const request: IncomingRequest = { method: "GET", headers: { get: (header) => (header === "cookie" ? cookie : null) }, secure: true };
  const session = await new RequestSessions(shared, request, unsentHead).getSession<Data>(name, options);
  return {
    isNew: session.isNew,
    owner: session.owner,
    authenticatedAt: session.authenticatedAt,
    createdAt: session.createdAt,
    expiresAt: session.expiresAt,
    handle: session.handle,
    size: session.size,
    has: (key) => session.has(key),
    get: (key) => session.get(key),
    keys: () => session.keys(),
    values: () => session.values(),
    entries: () => session.entries(),
    toJSON: () => session.toJSON(),
    peekFlashes: () => session.peekFlashes(),
  };
}
