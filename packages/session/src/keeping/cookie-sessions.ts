import { noContents, parseJson, type Contents } from "../record/contents.ts";
import { choose, decodeSession, encodeSession, isAlive, lifetimeOf, renewalAge, type Limits, type SavedSession } from "../record/record.ts";
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

  load(received: Received): KeptSession {
    const { cookieName, values, request } = received;
    const now = this.#now();
    const found = this.#signer.unsignNewest(cookieName, values);
    const saved = found && decodeSession(parseJson(found.text));
    if (saved !== undefined) {
      const lifetime = lifetimeOf(received, saved.chosen);
      // The time of the signature has whole seconds. The session was used within the second that follows.
      const usedAt = found!.signedAt * 1000 + 999;
      if (isAlive({ createdAt: saved.createdAt, usedAt }, lifetime, now)) {
        const { idleTimeout } = lifetime;
        const isDue = idleTimeout !== undefined && now / 1000 - found!.signedAt >= renewalAge(idleTimeout);
        return new CookieSession(this.#signer, cookieName, saved, { exists: true, mustRenew: isDue && !request.isUnseen });
      }
    }
    const fresh: SavedSession = { contents: noContents, createdAt: now, owner: undefined };
    return new CookieSession(this.#signer, cookieName, fresh, { exists: false, mustRenew: false });
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
  /** A line of 4096 bytes less its attributes, the signature and what base64 adds. */
  readonly room = 2500;
  readonly chosen: SavedSession["chosen"];
  readonly #owner: string | undefined;
  readonly #cookieName: string;
  readonly #signer: Signer;
  /** Whether the cookie is so old that it is sent again although nothing has changed. */
  readonly #mustRenew: boolean;

  constructor(
    signer: Signer,
    cookieName: string,
    { contents, createdAt, owner, chosen }: SavedSession,
    { exists, mustRenew }: { exists: boolean; mustRenew: boolean },
  ) {
    this.contents = contents;
    this.createdAt = createdAt;
    this.exists = exists;
    this.chosen = chosen;
    this.#owner = owner;
    this.#cookieName = cookieName;
    this.#signer = signer;
    this.#mustRenew = mustRenew;
  }

  commit({ next, changed, regeneration }: SessionChanges, { chosen }: Limits): Committed {
    if (!changed && regeneration === undefined && !this.#mustRenew) return { cookie: undefined, kept: this };
    const saved: SavedSession = {
      contents: next,
      createdAt: regeneration?.at ?? this.createdAt,
      owner: regeneration?.owner ?? this.#owner,
      chosen: choose(this.chosen, chosen),
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
