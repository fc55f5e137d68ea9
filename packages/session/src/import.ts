/** Imports the sessions of other libraries, so that the move does not log anybody out. */
export { importCookieSession } from "./import/cookie-session.ts";
export { importExpressSession } from "./import/express-session.ts";
export { importFastifySession } from "./import/fastify-session.ts";
export { importIronSession } from "./import/iron-session.ts";
export { importSecureSession } from "./import/secure-session.ts";
export type { CookieSessionImportOptions } from "./import/cookie-session.ts";
export type { ExpressSessionImportOptions } from "./import/express-session.ts";
export type { FastifySessionImportOptions } from "./import/fastify-session.ts";
export type { IronSessionImportOptions } from "./import/iron-session.ts";
export type { SecureSessionImportOptions } from "./import/secure-session.ts";
export type { ExpressStoreLike } from "./import/stored-sessions.ts";
export { importSessions } from "./keeping/imported-sessions.ts";
export type { OldSession, SessionImport, SessionSource } from "./keeping/imported-sessions.ts";
