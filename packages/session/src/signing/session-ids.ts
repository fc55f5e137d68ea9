import { hash, randomBytes } from "node:crypto";
import { SecureCookie, type SecureCookieOptions } from "./signing.ts";

/** An id and the key that it is kept under. */
export interface SessionId {
  readonly id: string;
  readonly key: string;
}

/** 32 bytes in base64url, in the one spelling: the last character has two bits to spare. */
const idForm = /^[\w-]{42}[AEIMQUYcgkosw048]$/;

/**
 * Ids of server-side sessions: 256 random bits, drawn here and never taken from a client. An id stands in its
 * cookie and nowhere else; a session is kept under the SHA-256 of it.
 */
export class SessionIds {
  readonly #cookie: SecureCookie;

  constructor(options: Omit<SecureCookieOptions, "purpose">) {
    this.#cookie = new SecureCookie({ ...options, purpose: "session-id" });
  }

  draw(): SessionId {
    const id = randomBytes(32).toString("base64url");
    return { id, key: keyOf(id) };
  }

  /** The value of the cookie that holds an id. */
  sign(name: string, { id }: SessionId): string {
    return this.#cookie.sign(name, id);
  }

  /**
   * The keys of the ids among a client's values, in order; none for what was not signed here, for this cookie.
   *
   * @param maxAge - Seconds since an id was drawn after which it counts no more.
   */
  keys(name: string, values: readonly string[], maxAge: number): readonly string[] {
    const keys = values.flatMap((value) => {
      const found = this.#cookie.unsign(name, value, maxAge);
      return found.ok && idForm.test(found.text) ? [keyOf(found.text)] : [];
    });
    return [...new Set(keys)];
  }
}

function keyOf(id: string): string {
  return hash("sha256", id, "base64url");
}
