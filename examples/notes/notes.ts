import { EventEmitter } from "node:events";
import type { Database } from "./database.ts";

export interface Note {
  readonly id: number;
  readonly author: number;
  readonly authorName: string;
  readonly title: string;
  readonly text: string;
  /** Name of a file in the folder of pictures. */
  readonly picture: string | null;
  /** Milliseconds since the Unix epoch. */
  readonly written: number;
}

type Search = { readonly q?: string; readonly before?: number | undefined; readonly after?: number; readonly limit: number };

const select = "SELECT notes.*, users.name AS authorName FROM notes JOIN users ON users.id = notes.author";

/** The notes on the board. With several processes, `changes` would be messages of Redis or Postgres. */
export class Notes {
  /** Emits `change` with a new note, or with the id of a deleted one. */
  readonly changes = new EventEmitter<{ change: [Note | number] }>().setMaxListeners(0);
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The notes that contain the text `q` and have an id between `after` and `before`, the newest first. */
  list({ q = "", before = Number.MAX_SAFE_INTEGER, after = 0, limit }: Search): readonly Note[] {
    const like = `%${q.replaceAll(/[\\%_]/g, "\\$&")}%`;
    const where = "WHERE notes.id < ? AND notes.id > ? AND (title LIKE ? ESCAPE '\\' OR text LIKE ? ESCAPE '\\')";
    const sql = `${select} ${where} ORDER BY notes.id DESC LIMIT ?`;
    return this.#database.prepare(sql).all(before, after, like, like, limit) as readonly Note[];
  }

  find(id: number | bigint): Note | undefined {
    return this.#database.prepare(`${select} WHERE notes.id = ?`).get(id) as Note | undefined;
  }

  add(author: number, { title, text, picture }: Pick<Note, "title" | "text" | "picture">): Note {
    const sql = "INSERT INTO notes (author, title, text, picture, written) VALUES (?, ?, ?, ?, ?)";
    const note = this.find(this.#database.prepare(sql).run(author, title, text, picture, Date.now()).lastInsertRowid)!;
    this.changes.emit("change", note);
    return note;
  }

  delete(id: number): void {
    this.#database.prepare("DELETE FROM notes WHERE id = ?").run(id);
    this.changes.emit("change", id);
  }
}
