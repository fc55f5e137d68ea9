import { randomUUID } from "node:crypto";
import type { Database, RootDatabase } from "lmdb";
import { hashPassword, isPassword, type HashedPassword } from "./passwords.ts";

export interface User {
  readonly id: string;
  readonly name: string;
  readonly password: HashedPassword;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
}

/** The owner of a user's sessions. It has the id, because a name may be given to another user later. */
export const ownerOf = ({ id }: User) => `user:${id}`;

/** The characters that a name may have after `nameOf`, which gives each name one spelling. */
export const longestName = 40;

/** A name in the form in which it is stored and shown. */
export const nameOf = (text: string) => text.normalize("NFKC").trim();

/** The users, in two databases beside that of the sessions: users by id, and ids by name. */
export class Users {
  readonly #root: RootDatabase;
  readonly #users: Database<User, string>;
  readonly #ids: Database<string, string>;

  constructor(root: RootDatabase) {
    this.#root = root;
    this.#users = root.openDB({ name: "users", encoding: "json" });
    this.#ids = root.openDB({ name: "user-ids", encoding: "json" });
  }

  find(id: string): User | undefined {
    return this.#users.get(id);
  }

  /** Adds a user; `undefined` when the name is taken. `Ada` and `ada` are one name. */
  async add(name: string, password: string): Promise<User | undefined> {
    const user = { id: randomUUID(), name: nameOf(name), password: await hashPassword(password), createdAt: Date.now() };
    // The data is on the disk when this returns. A transaction that is not sync can keep the process from ending.
    const added = this.#root.transactionSync(() => {
      if (this.#ids.doesExist(keyOf(name))) return false;
      void this.#ids.put(keyOf(name), user.id);
      void this.#users.put(user.id, user);
      return true;
    });
    return added ? user : undefined;
  }

  /** The user of that name and password. An unknown name takes as long as a wrong password. */
  async check(name: string, password: string): Promise<User | undefined> {
    const id = nameOf(name).length > longestName ? undefined : this.#ids.get(keyOf(name));
    const user = id === undefined ? undefined : this.find(id);
    if (!(await isPassword(password, user?.password)) || user === undefined) return undefined;
    // The comparison takes time. The password may have been changed in the meantime, to lock somebody out.
    return this.find(user.id)?.password.hash === user.password.hash ? user : undefined;
  }

  async setPassword(user: User, password: string): Promise<void> {
    const changed = { ...user, password: await hashPassword(password) };
    this.#root.transactionSync(() => void this.#users.put(user.id, changed));
  }
}

const keyOf = (name: string) => nameOf(name).toLowerCase();
