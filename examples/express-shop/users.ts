import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
// It has the API of node:sqlite, which Node 20 does not have. From Node 22.13 on, import that instead.
import { DatabaseSync } from "@photostructure/sqlite";
import pLimit from "p-limit";

export interface User {
  readonly id: number;
  readonly name: string;
}

/** Why there is no such user. */
export interface Refused {
  readonly status: number;
  readonly problem: string;
}

const tables = `
  PRAGMA journal_mode = WAL;
  CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE COLLATE NOCASE, password TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS attempts (name TEXT PRIMARY KEY COLLATE NOCASE, count INTEGER NOT NULL, since INTEGER NOT NULL);
`;

const wrong: Refused = { status: 403, problem: "The name or the password is wrong." };

const busy: Refused = { status: 503, problem: "Too many people are logging in. Try again in a moment." };

const nameForm = /^[\p{L}\p{N}._-]{1,30}$/u;
const longestPassword = 200;

/** Log-ins that may fail before the name has to wait, and for how long. */
const mostAttempts = 5;
const pause = 15 * 60 * 1000;

export class Users {
  readonly #database;

  constructor(file: string) {
    this.#database = new DatabaseSync(file);
    this.#database.exec(tables);
  }

  find(id: number | undefined): User | undefined {
    return this.#database.prepare("SELECT id, name FROM users WHERE id = ?").get(id ?? 0) as User | undefined;
  }

  async add(name: string, password: string): Promise<User | Refused> {
    if (!nameForm.test(name)) return { status: 422, problem: "A name has 1 to 30 letters, digits, dots, hyphens or underscores." };
    if (password.length < 10 || password.length > longestPassword) return { status: 422, problem: "A password has 10 to 200 characters." };
    if (turns.pendingCount >= mostWaiting) return busy;
    const sql = "INSERT INTO users (name, password) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING id, name";
    const user = this.#database.prepare(sql).get(name, await hash(password)) as User | undefined;
    if (user === undefined) return { status: 422, problem: "Somebody has this name already." };
    return user;
  }

  async check(name: string, password: string): Promise<User | Refused> {
    if (!nameForm.test(name) || password.length > longestPassword) return wrong;
    if (turns.pendingCount >= mostWaiting) return busy;
    // Counted before the password is compared, so that many attempts at once are counted, too.
    if (this.#countAttempt(name) > mostAttempts)
      return { status: 429, problem: "Too many log-ins with this name have failed. Try again in 15 minutes." };
    const sql = "SELECT id, name, password FROM users WHERE name = ?";
    const row = this.#database.prepare(sql).get(name) as (User & { readonly password: string }) | undefined;
    if (!(await isPassword(password, row?.password)) || row === undefined) return wrong;
    this.#database.prepare("DELETE FROM attempts WHERE name = ?").run(name);
    return { id: row.id, name: row.name };
  }

  close(): void {
    this.#database.close();
  }

  /** Unknown names are counted like the others, so that the response does not reveal whether a name exists. */
  #countAttempt(name: string): number {
    const now = Date.now();
    this.#database.prepare("DELETE FROM attempts WHERE since < ?").run(now - pause);
    const sql = "INSERT INTO attempts VALUES (?, 1, ?) ON CONFLICT DO UPDATE SET count = count + 1 RETURNING count";
    return (this.#database.prepare(sql).get(name, now) as { readonly count: number }).count;
  }
}

/** 16 MiB and five passes: one of the costs that OWASP advises for scrypt. Tests hash often, and take one pass. */
const cost = { N: 2 ** 14, r: 8, p: process.env.NODE_ENV === "test" ? 1 : 5 };
const derive = promisify<string, string, number, object, Buffer>(scrypt);

/** Node has four threads for hashing and for files. Two of them are left free, so that files can be sent in the meantime. */
const turns = pLimit(2);
const mostWaiting = 20;

async function hash(password: string, salt = randomBytes(16).toString("base64url")): Promise<string> {
  const key = await turns(() => derive(password.normalize("NFKC"), salt, 32, cost));
  return `${salt}.${key.toString("base64url")}`;
}

/** Without a hash, the result is `false` after the same work. */
async function isPassword(password: string, hashed = "nobody"): Promise<boolean> {
  const found = await hash(password, hashed.split(".", 1)[0]);
  return found.length === hashed.length && timingSafeEqual(Buffer.from(found), Buffer.from(hashed));
}
