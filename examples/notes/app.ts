import { App, type AppOptions, html, HTTPError, int, matching, request, Rule, SecurityHeaders, urlFor } from "@mini/core";
import { StaticFiles } from "@mini/core/static";
import { SessionMiddleware, type SessionBackend, Sessions } from "@mini/session";
import type { openData } from "./database.ts";
import { page } from "./layout.ts";
import { Notes } from "./notes.ts";
import { Api, ApiQuery } from "./pages/api.ts";
import { LogIn, LogOut, SignUp } from "./pages/accounts.ts";
import { Board, BoardQuery, Live, LiveQuery } from "./pages/board.ts";
import { Devices } from "./pages/devices.ts";
import { DeleteNote, NewNote, NotePicture } from "./pages/notes.ts";
import { pictureName } from "./pictures.ts";
import { Users } from "./users.ts";
import { visitor } from "./visitor.ts";

const Static = StaticFiles({ root: new URL("./public/", import.meta.url), fingerprint: true });

const rules = [
  new Rule("/", { endpoint: "board", handler: Board, query: BoardQuery }),
  new Rule("/live", { endpoint: "live", handler: Live, query: LiveQuery }),
  new Rule("/notes/new", { endpoint: "new-note", handler: NewNote, maxBodySize: 6_000_000 }),
  new Rule("/notes/:id/delete", { endpoint: "delete-note", handler: DeleteNote, where: { id: int } }),
  new Rule("/pictures/:name", { endpoint: "picture", handler: NotePicture, where: { name: matching(pictureName) } }),
  new Rule("/sign-up", { endpoint: "sign-up", handler: SignUp }),
  new Rule("/log-in", { endpoint: "log-in", handler: LogIn }),
  new Rule("/log-out", { endpoint: "log-out", handler: LogOut }),
  new Rule("/devices", { endpoint: "devices", handler: Devices }),
  new Rule("/api/notes", { endpoint: "api", handler: Api, query: ApiQuery }),
  new Rule("/static/*path", { endpoint: "static", handler: Static, appMiddleware: false }),
] as const;

declare module "@mini/core" {
  /** With this, the compiler checks the endpoints and arguments of `urlFor`. */
  interface Register {
    rules: typeof rules;
  }
}

/** A page for an error, for clients that prefer HTML. Others get a problem document. */
const errorPage = (title: string) => (error: unknown) =>
  page(
    title,
    html`${error instanceof HTTPError && error.message !== title && html`<p>${error.message}</p>`}
      <p><a class="button" href="${request.method === "GET" ? urlFor("board") : request.url}">Go back</a></p>`,
  );

export interface Settings extends Pick<AppOptions<readonly []>, "trustProxy" | "trustedHosts" | "logger"> {
  readonly secretKey: string;
  readonly data: ReturnType<typeof openData>;
  /** Where the sessions are kept. */
  readonly backend: SessionBackend;
}

export function makeApp({ secretKey, data, backend, ...options }: Settings) {
  const sessions = new Sessions({ secretKey, backend, idleTimeout: 24 * 60 * 60, maxAge: 30 * 24 * 60 * 60 });
  const site = { users: new Users(data.database), notes: new Notes(data.database), pictures: data.pictures, sessions };
  return new App({
    ...options,
    rules,
    middleware: [SecurityHeaders, SessionMiddleware, visitor(site)],
    errorHandlers: {
      403: errorPage("Not allowed"),
      404: errorPage("Not Found"),
      413: errorPage("Too large"),
      429: errorPage("Please wait"),
      500: errorPage("Something went wrong"),
      503: errorPage("Please wait"),
    },
    config: {
      session: sessions,
      securityHeaders: {
        "content-security-policy":
          "default-src 'self'; script-src 'nonce'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
      },
    },
  });
}
