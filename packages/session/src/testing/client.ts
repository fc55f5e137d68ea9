import { Sessions } from "../engine/sessions.ts";
import type { SessionView } from "../engine/read-only-session.ts";
import { FetchVisit } from "../engine/visit.ts";
import type { FlashMessage } from "../record/contents.ts";
import type { SessionData } from "../record/session-data.ts";
import type { Session } from "../request/session.ts";
import type { SessionConfig } from "../settings/config.ts";

/** The part of a `TestClient` that is used. */
export interface ClientLike {
  readonly baseUrl: URL;
  readonly cookies: { header(url: URL): string; store(line: string, url: URL): void };
}

/** The part of an `App` that is used. */
export interface AppLike {
  readonly config: { readonly session?: SessionConfig | Sessions };
}

/** The sessions of applications that are configured with settings. */
const known = new WeakMap<AppLike, Sessions>();

function sessionsOf(app: AppLike): Sessions {
  const { session } = app.config;
  if (session instanceof Sessions) return session;
  const sessions = known.get(app) ?? new Sessions(session ?? ({} as SessionConfig));
  known.set(app, sessions);
  return sessions;
}

/**
 * Changes the default session of a client, like a request of that client: saves it, and gives the client its cookie.
 *
 * @throws The error of a session that cannot be saved.
 */
export async function withSession<Data extends object = SessionData>(
  client: ClientLike,
  app: AppLike,
  change: (session: Session<Data>) => unknown,
): Promise<void> {
  const { baseUrl, cookies } = client;
  const headers = new Headers({ cookie: cookies.header(baseUrl) });
  const visit = new FetchVisit(sessionsOf(app).shared, { method: "GET", headers, secure: baseUrl.protocol === "https:" });
  await change(await visit.getSession<Data>());
  await visit.commit();
  for (const line of visit.cookies) cookies.store(line, baseUrl);
}

/** Logs a client in: gives its session to an owner, under a new id and without its earlier contents. */
export function actingAs<Data extends object = SessionData>(
  client: ClientLike,
  app: AppLike,
  owner: string,
  change?: (session: Session<Data>) => unknown,
): Promise<void> {
  return withSession<Data>(client, app, (session) => {
    session.regenerate({ owner, keep: [] });
    return change?.(session);
  });
}

/** The default session of a client, only for reading. Nothing is taken out or saved. `isNew` is true when the client has none. */
export function sessionOf<Data extends object = SessionData>(client: ClientLike, app: AppLike): Promise<SessionView<Data>> {
  return sessionsOf(app).read<Data>(client.cookies.header(client.baseUrl));
}

/** The flash messages that wait in the default session of a client. They stay there. */
export async function flashesOf<Message = string>(client: ClientLike, app: AppLike): Promise<FlashMessage<Message>[]> {
  return (await sessionOf(client, app)).peekFlashes<Message>();
}
