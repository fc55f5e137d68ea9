import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { HTTPError } from "@mini/core";
import pLimit from "p-limit";

/** The stored hash of a password. It includes its cost, so that old hashes stay valid when `cost` is increased. */
export interface HashedPassword {
  readonly cost: { readonly N: number; readonly r: number; readonly p: number };
  readonly salt: string;
  readonly hash: string;
}

/** 16 MiB and five passes: one of the costs that OWASP advises for scrypt. Tests hash often, and take one pass. */
const cost = { N: 2 ** 14, r: 8, p: process.env.NODE_ENV === "test" ? 1 : 5 };

/** Node has four threads for hashing and for files. Two of them are left free. */
const turns = pLimit(2);
const mostWaiting = 20;

/** Used when there is no user, so that the comparison takes as long. No password has this hash. */
const nobodys: HashedPassword = { cost, salt: randomBytes(16).toString("base64url"), hash: randomBytes(32).toString("base64url") };

export async function hashPassword(password: string): Promise<HashedPassword> {
  const salt = randomBytes(16).toString("base64url");
  return { cost, salt, hash: (await hashOf(password, salt, cost)).toString("base64url") };
}

/** Whether a password has this hash. Without a hash, the result is `false` after the same work. */
export async function isPassword(password: string, { cost, salt, hash }: HashedPassword = nobodys): Promise<boolean> {
  return timingSafeEqual(await hashOf(password, salt, cost), Buffer.from(hash, "base64url"));
}

/**
 * The same password can be typed as different characters; NFKC makes them one (NIST SP 800-63B).
 *
 * @throws HTTPError 503 when too many passwords wait for their turn.
 */
async function hashOf(password: string, salt: string, options: HashedPassword["cost"]): Promise<Buffer> {
  if (turns.pendingCount >= mostWaiting)
    throw new HTTPError(503, "Too many people are logging in. Try again in a moment.", { headers: { "retry-after": "5" } });
  const hash = () =>
    new Promise<Buffer>((resolve, reject) => {
      scrypt(password.normalize("NFKC"), salt, 32, options, (error, key) => (error === null ? resolve(key) : reject(error)));
    });
  return turns(hash);
}
