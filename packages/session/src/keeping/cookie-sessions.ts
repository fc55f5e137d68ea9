import { readFlashes } from "../record/flash.ts";
import { renewalAge } from "./lifetimes.ts";
import { isPlainObject, parseJson } from "../record/json.ts";
import type { Commit, Committed, Received, SessionMedium, StoredSession } from "./keeping.ts";
import { noContents, type Contents } from "../record/operations.ts";
import { SecureCookie, type SecureCookieOptions } from "../signing/signing.ts";

/** What the cookie holds: the user's data in a key of its own, so that none of its names can collide. */
interface Envelope {
  readonly contents: Contents;
  readonly createdAt: number;
  readonly owner: string | undefined;
}

function encodeEnvelope({ contents: { data, flashes }, createdAt, owner }: Envelope): string {
  return JSON.stringify({ data, flashes: flashes.length === 0 ? undefined : flashes, createdAt, owner });
}

/** `undefined` for text that is no envelope: another version of this program may have signed it. */
function decodeEnvelope(text: string): Envelope | undefined {
  const envelope = parseJson(text);
  if (!isPlainObject(envelope)) return undefined;
  const { data, createdAt, owner } = envelope;
  const flashes = envelope["flashes"] === undefined ? noContents.flashes : readFlashes(envelope["flashes"]);
  if (!isPlainObject(data) || typeof createdAt !== "number" || flashes === undefined) return undefined;
  if (owner !== undefined && typeof owner !== "string") return undefined;
  return { contents: { data, flashes }, createdAt, owner };
}

/** A session that is in its cookie: nothing is kept here, so its end is the cookie's. */
class CookieSession implements StoredSession {
  readonly contents: Contents;
  readonly createdAt: number;
  readonly expiresAt = undefined;
  readonly key = undefined;
  readonly handle = undefined;
  readonly exists: boolean;
  readonly cached = false;
  readonly #owner: string | undefined;
  readonly #name: string;
  readonly #cookie: SecureCookie;
  readonly #stale: boolean;

  constructor(
    cookie: SecureCookie,
    name: string,
    { contents, createdAt, owner }: Envelope,
    { exists, stale }: { exists: boolean; stale: boolean },
  ) {
    this.contents = contents;
    this.createdAt = createdAt;
    this.exists = exists;
    this.#owner = owner;
    this.#name = name;
    this.#cookie = cookie;
    this.#stale = stale;
  }

  commit({ next, changed, regeneration }: Commit): Committed {
    if (!changed && regeneration === undefined && !this.#stale) return { cookie: undefined, stored: this };
    const envelope: Envelope = {
      contents: next,
      createdAt: regeneration?.at ?? this.createdAt,
      owner: regeneration?.owner ?? this.#owner,
    };
    return {
      cookie: this.#cookie.sign(this.#name, encodeEnvelope(envelope)),
      stored: new CookieSession(this.#cookie, this.#name, envelope, { exists: true, stale: false }),
    };
  }

  claim(ids: ReadonlySet<string>): ReadonlySet<string> {
    return ids;
  }

  abandon(): void {
    // The client keeps the cookie it has, messages included.
  }

  end(): void {
    // The store clears the cookie.
  }

  spare(): void {
    // It can not be revoked.
  }
}

/**
 * Keeps each session in its own cookie, signed or encrypted. A copy of a cookie stays valid until `maxAge`, and
 * of two requests in parallel the last answer counts: what must not be lost or replayed needs a backend.
 */
export class SecureCookieMedium implements SessionMedium {
  readonly #cookie: SecureCookie;
  readonly #now: () => number;

  constructor({ now = Date.now, ...options }: Omit<SecureCookieOptions, "purpose">) {
    this.#cookie = new SecureCookie({ ...options, now, purpose: "session-data" });
    this.#now = now;
  }

  load({ name, values, maxAge, idleTimeout }: Received): StoredSession {
    for (const value of values) {
      const found = this.#cookie.unsign(name, value, idleTimeout);
      const envelope = found.ok ? decodeEnvelope(found.text) : undefined;
      if (!found.ok || envelope === undefined || this.#now() - envelope.createdAt > maxAge * 1000) continue;
      const stale = idleTimeout !== undefined && this.#now() / 1000 - found.signedAt >= renewalAge(idleTimeout);
      return new CookieSession(this.#cookie, name, envelope, { exists: true, stale });
    }
    const envelope: Envelope = { contents: noContents, createdAt: this.#now(), owner: undefined };
    return new CookieSession(this.#cookie, name, envelope, { exists: false, stale: false });
  }

  end(): void {
    // The store clears the cookie.
  }
}
