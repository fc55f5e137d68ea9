import { noContents, parseJson, type Contents } from "../record/contents.ts";
import { decodeSession, encodeSession, renewalAge, type SavedSession } from "../record/record.ts";
import { Signer, type SignerOptions } from "../signing/signing.ts";
import type { SessionChanges, Committed, KeptSession, Received, SessionKeeper } from "./keeping.ts";

/**
 * Keeps each session in its own cookie, signed or encrypted. A copy of a cookie stays valid until `maxAge`, and of two
 * parallel requests the last response wins: what must not be lost or replayed needs a backend.
 */
export class CookieSessions implements SessionKeeper {
  readonly #signer: Signer;
  readonly #now: () => number;

  constructor({ now = Date.now, ...options }: Omit<SignerOptions, "purpose">) {
    this.#signer = new Signer({ ...options, now, purpose: "session-data" });
    this.#now = now;
  }

  load({ cookieName, values, maxAge, idleTimeout }: Received): KeptSession {
    for (const value of values) {
      const found = this.#signer.unsign(cookieName, value, idleTimeout);
      const saved = found.ok ? decodeSession(parseJson(found.text)) : undefined;
      if (!found.ok || saved === undefined || this.#now() - saved.createdAt > maxAge * 1000) continue;
      const mustRenew = idleTimeout !== undefined && this.#now() / 1000 - found.signedAt >= renewalAge(idleTimeout);
      return new CookieSession(this.#signer, cookieName, saved, { exists: true, mustRenew });
    }
    const saved: SavedSession = { contents: noContents, createdAt: this.#now(), owner: undefined };
    return new CookieSession(this.#signer, cookieName, saved, { exists: false, mustRenew: false });
  }

  end(): void {
    // The caller clears the cookie, which is the end of the session.
  }
}

/** A session in its cookie: nothing is kept on the server, so it ends with the cookie. */
class CookieSession implements KeptSession {
  readonly contents: Contents;
  readonly createdAt: number;
  readonly expiresAt = undefined;
  readonly recordKey = undefined;
  readonly handle = undefined;
  readonly exists: boolean;
  readonly cached = false;
  readonly #owner: string | undefined;
  readonly #cookieName: string;
  readonly #signer: Signer;
  /** Whether the cookie is so old that it is sent again although nothing has changed. */
  readonly #mustRenew: boolean;

  constructor(
    signer: Signer,
    cookieName: string,
    { contents, createdAt, owner }: SavedSession,
    { exists, mustRenew }: { exists: boolean; mustRenew: boolean },
  ) {
    this.contents = contents;
    this.createdAt = createdAt;
    this.exists = exists;
    this.#owner = owner;
    this.#cookieName = cookieName;
    this.#signer = signer;
    this.#mustRenew = mustRenew;
  }

  commit({ next, changed, regeneration }: SessionChanges): Committed {
    if (!changed && regeneration === undefined && !this.#mustRenew) return { cookie: undefined, kept: this };
    const saved: SavedSession = {
      contents: next,
      createdAt: regeneration?.at ?? this.createdAt,
      owner: regeneration?.owner ?? this.#owner,
    };
    return {
      cookie: this.#signer.sign(this.#cookieName, encodeSession(saved)),
      kept: new CookieSession(this.#signer, this.#cookieName, saved, { exists: true, mustRenew: false }),
    };
  }

  claim(ids: ReadonlySet<string>): ReadonlySet<string> {
    return ids;
  }

  rollBack(): void {
    // The client keeps the cookie it has, messages included.
  }

  end(): void {
    // The caller clears the cookie, which is the end of the session.
  }

  surviveRevocation(): void {
    // A session in a cookie cannot be revoked.
  }
}
