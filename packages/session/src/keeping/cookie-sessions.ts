import { noContents, parseJson, type Contents } from "../record/contents.ts";
import {
  mergeOverrides,
  decodeSession,
  encodeSession,
  isAlive,
  isSamePlace,
  lifetimeOf,
  placeOf,
  renewalAge,
  type CookiePlace,
  type SavedSession,
} from "../record/saved-session.ts";
import { Signer, type SignerOptions } from "../signing/signing.ts";
import type {
  BrowserCookies,
  CommitSettings,
  SessionChanges,
  CommitResult,
  KeptSession,
  ReceivedCookies,
  SessionKeeper,
} from "./keeping.ts";

/**
 * Keeps each session in its own cookie, signed or encrypted. A copy of a cookie stays valid until `maxAge`, and of two
 * parallel requests the last response wins. Use a backend for values that must not be lost or replayed.
 */
export class CookieSessions implements SessionKeeper {
  readonly backendName = "securecookie";
  readonly #signer: Signer;
  readonly #now: () => number;

  constructor({ now = Date.now, ...options }: Omit<SignerOptions, "purpose">) {
    this.#signer = new Signer({ ...options, now, purpose: "session-data" });
    this.#now = now;
  }

  load(received: ReceivedCookies): KeptSession {
    const { cookieName, request } = received;
    const now = this.#now();
    const found = this.#signer.unsignNewest(cookieName, request);
    const saved = found && decodeSession(parseJson(found.text));
    if (saved !== undefined) {
      const lifetime = lifetimeOf(received, saved.overrides);
      // The time of the signature is in whole seconds. The session was used during the following second.
      const usedAt = found!.signedAt * 1000 + 999;
      if (isAlive({ createdAt: saved.createdAt, usedAt }, lifetime, now)) {
        const { idleTimeout } = lifetime;
        const isDue = idleTimeout !== undefined && now / 1000 - found!.signedAt >= renewalAge(idleTimeout);
        return new CookieSession(this.#signer, received, saved, { exists: true, mustRenew: isDue || found!.isOld });
      }
    }
    return this.begin(received);
  }

  begin(received: ReceivedCookies): KeptSession {
    const fresh: SavedSession = { contents: noContents, createdAt: this.#now(), owner: undefined };
    return new CookieSession(this.#signer, received, fresh, { exists: false, mustRenew: false });
  }

  cookies({ cookieName, request }: ReceivedCookies): BrowserCookies {
    const [newest] = this.#signer.unsignAll(cookieName, request);
    const place = newest && (decodeSession(parseJson(newest.text))?.place ?? {});
    return { names: this.#signer.namesIn(cookieName, request), place };
  }

  end(): undefined {
    // The caller clears the cookie, which is the end of the session.
    return undefined;
  }
}

/** A session in its cookie. The server does not keep it, so it ends with the cookie. */
class CookieSession implements KeptSession {
  readonly backendName = "securecookie";
  readonly expiresAt = undefined;
  readonly recordKey = undefined;
  readonly handle = undefined;
  readonly cached = false;
  /** A line of 4096 bytes, without the attributes, the signature and what base64 adds. */
  readonly mostBytes = 2500;
  readonly exists: boolean;
  readonly #saved: SavedSession;
  readonly #received: ReceivedCookies;
  readonly #signer: Signer;
  /** Whether the cookie is so old that it is sent again even without a change. */
  readonly #mustRenew: boolean;

  constructor(
    signer: Signer,
    received: ReceivedCookies,
    saved: SavedSession,
    { exists, mustRenew }: { exists: boolean; mustRenew: boolean },
  ) {
    this.exists = exists;
    this.#saved = saved;
    this.#received = received;
    this.#signer = signer;
    this.#mustRenew = mustRenew;
  }

  get contents(): Contents {
    return this.#saved.contents;
  }

  get createdAt(): number {
    return this.#saved.createdAt;
  }

  get owner(): string | undefined {
    return this.#saved.owner;
  }

  get authenticatedAt(): number | undefined {
    return this.#saved.authenticatedAt;
  }

  get place(): CookiePlace | undefined {
    return this.exists ? (this.#saved.place ?? {}) : undefined;
  }

  get overrides(): SavedSession["overrides"] {
    return this.#saved.overrides;
  }

  commit({ next, changed, regeneration }: SessionChanges, { overrides, cookie }: CommitSettings): CommitResult {
    const { cookieName, request } = this.#received;
    const before = this.#saved;
    if (!changed && regeneration === undefined && !(this.#isOutdated(cookie) && !request.isUnseen)) {
      return { cookie: undefined, kept: this };
    }
    const isLogIn = regeneration?.owner !== undefined;
    const saved: SavedSession = {
      contents: next,
      createdAt: regeneration?.at ?? before.createdAt,
      owner: regeneration?.owner ?? before.owner,
      authenticatedAt: isLogIn ? regeneration.at : before.authenticatedAt,
      overrides: mergeOverrides(before.overrides, overrides),
      place: placeOf(cookie),
    };
    const names = this.#signer.namesIn(cookieName, request);
    return {
      cookie: { value: this.#signer.sign(cookieName, encodeSession(saved)), before: { names, place: this.place } },
      kept: new CookieSession(this.#signer, this.#received, saved, { exists: true, mustRenew: false }),
    };
  }

  #isOutdated(cookie: CookiePlace): boolean {
    return this.exists && (this.#mustRenew || !isSamePlace(this.#saved.place, cookie));
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
