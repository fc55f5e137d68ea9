import "./local.ts";

export type { NewRecord, OwnerIndex, SessionBackend, SessionRecord, SwapResult } from "./backend.ts";
export { MemoryBackend } from "./backends/memory.ts";
export type { MemoryBackendOptions } from "./backends/memory.ts";
export { defaults } from "./config.ts";
export type { SessionConfig, SessionCookieOptions, SessionOptions } from "./config.ts";
export {
  CookieTooLargeError,
  SessionCommittedError,
  SessionStillCachedError,
  SessionTooLargeError,
  SessionUnavailableError,
} from "./errors.ts";
export type { FlashMessage } from "./flash.ts";
export type { KeySize } from "./json.ts";
export { SessionMiddleware } from "./middleware.ts";
export { SessionMixin } from "./mixin.ts";
export type { SessionMembers } from "./mixin.ts";
export type { OwnedSession } from "./owned-sessions.ts";
export type { RegenerateOptions, Session, SessionData, SessionValue, SessionValues } from "./session.ts";
export type { SessionStore } from "./store.ts";
