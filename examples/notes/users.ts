import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { abort } from "@mini/core";
import pLimit from "p-limit";
import type { Database } from "./database.ts";

export interface User {
  readonly id: number;
  readonly name: string;
}

/** The owner of a user's sessions. */
export const ownerOf = ({ id }: User) => `user:${id}`;

/** The log-ins with one name that may fail, and the milliseconds after which more are allowed. */
const mostAttempts = 5;
const pause = 15 * 60 * 1000;

export class Users {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  find(id: number | undefined): User | undefined {
    return this.#database.prepare("SELECT id, name FROM users WHERE id = ?").get(id ?? 0) as User | undefined;
  }

  /** Adds a user; `undefined` if the name is taken. @throws HTTPError 503 when too many passwords wait. */
  async add(name: string, password: string): Promise<User | undefined> {
    mustNotBeBusy();
    const sql = "INSERT INTO users (name, password) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING id, name";
    return this.#database.prepare(sql).get(name, await hash(password)) as User | undefined;
  }

  /** The user of that name and password. @throws HTTPError 429 after too many attempts; 503 as `add`. */
  async check(name: string, password: string): Promise<User | undefined> {
    mustNotBeBusy();
    // Counted before the password is compared, so that parallel attempts are counted too.
    this.#countAttempt(name);
    const sql = "SELECT id, name, password FROM users WHERE name = ?";
    const row = this.#database.prepare(sql).get(name) as (User & { readonly password: string }) | undefined;
    if (!(await isPassword(password, row?.password)) || row === undefined) return undefined;
    this.#database.prepare("DELETE FROM attempts WHERE name = ?").run(name);
    return row;
  }

  /** Unknown names are counted like the others, so that the response does not reveal whether a name exists. */
  #countAttempt(name: string): void {
    const now = Date.now();
    this.#database.prepare("DELETE FROM attempts WHERE since < ?").run(now - pause);
    const sql = "INSERT INTO attempts VALUES (?, 1, ?) ON CONFLICT DO UPDATE SET count = count + 1 RETURNING count, since";
    const { count, since } = this.#database.prepare(sql).get(name, now) as { readonly count: number; readonly since: number };
    if (count <= mostAttempts) return;
    const seconds = Math.ceil((since + pause - now) / 1000);
    const message = `Too many log-ins with this name have failed. Try again in ${Math.ceil(seconds / 60)} minutes.`;
    abort(429, message, { headers: { "retry-after": String(seconds) } });
  }
}

/** 16 MiB and five passes: one of the costs that OWASP advises for scrypt. Tests hash often, and take one pass. */
const cost = { N: 2 ** 14, r: 8, p: process.env.NODE_ENV === "test" ? 1 : 5 };

const derive = promisify<string, string, number, object, Buffer>(scrypt);
/** Node has four threads for hashing and for files. Two of them are left free, so that files can be sent in the meantime. */
const turns = pLimit(2);
const mostWaiting = 20;
const keyOf = (password: string, salt: string) => turns(() => derive(password.normalize("NFKC"), salt, 32, cost));

function mustNotBeBusy(): void {
  if (turns.pendingCount < mostWaiting) return;
  abort(503, "Too many people are logging in. Try again in a moment.", { headers: { "retry-after": "5" } });
}

async function hash(password: string): Promise<string> {
  const salt = randomBytes(16).toString("base64url");
  return `${salt}.${(await keyOf(password, salt)).toString("base64url")}`;
}

/** Compared with the password when there is no such user, so that the check takes as long. No password has this hash. */
const nobodys = `${"A".repeat(22)}.${randomBytes(32).toString("base64url")}`;

async function isPassword(password: string, hashed = nobodys): Promise<boolean> {
  const [salt = "", key = ""] = hashed.split(".");
  return timingSafeEqual(await keyOf(password, salt), Buffer.from(key, "base64url"));
}
