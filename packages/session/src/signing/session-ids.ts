import { hash, randomBytes } from "node:crypto";
import { Signer, type SignerOptions } from "./signing.ts";

/** An id, and the key of the session in the backend. */
export interface SessionId {
  readonly id: string;
  readonly key: string;
}

/** 32 bytes in base64url. The two unused bits of the last character must be 0, so that an id has one spelling. */
const idForm = /^[\w-]{42}[AEIMQUYcgkosw048]$/;

/**
 * Ids of sessions in a backend: 256 random bits, which are drawn here and never taken from a client. An id is in its cookie
 * and nowhere else; the key in the backend is its SHA-256.
 */
export class SessionIds {
  readonly #signer: Signer;

  constructor(options: Omit<SignerOptions, "purpose">) {
    this.#signer = new Signer({ ...options, purpose: "session-id" });
  }

  draw(): SessionId {
    const id = randomBytes(32).toString("base64url");
    return { id, key: keyOf(id) };
  }

  /** The value of the cookie that holds an id. */
  sign(cookieName: string, { id }: SessionId): string {
    return this.#signer.sign(cookieName, id);
  }

  /**
   * The keys of the ids in a client's values, in order, without values that were not signed here for this cookie.
   *
   * @param maxAge - Seconds after which an id no longer counts.
   */
  keys(cookieName: string, values: readonly string[], maxAge: number): readonly string[] {
    const keys = values.flatMap((value) => {
      const found = this.#signer.unsign(cookieName, value, maxAge);
      return found.ok && idForm.test(found.text) ? [keyOf(found.text)] : [];
    });
    return [...new Set(keys)];
  }
}

function keyOf(id: string): string {
  return hash("sha256", id, "base64url");
}
