/** Carries the sessions of other libraries over, so that nobody is logged out by the move. */
export { importCookieSession } from "./import/cookie-session.ts";
export { importExpressSession } from "./import/express-session.ts";
export type { CookieSessionImportOptions } from "./import/cookie-session.ts";
export type { ExpressSessionImportOptions, ExpressStoreLike } from "./import/express-session.ts";
export { importSessions } from "./keeping/imported-sessions.ts";
export type { OldSession, SessionImport, SessionSource } from "./keeping/imported-sessions.ts";
