import { json, local, request, RequestHandler, urlFor } from "@mini/core";
import { z } from "zod";
import type { Note } from "../notes.ts";
import { MembersOnly } from "../visitor.ts";
import { BoardQuery } from "./board.ts";
import { NoteText } from "./notes.ts";

/** `before` is the cursor: only notes that are older than the one with this id. */
export const ApiQuery = BoardQuery.extend({ limit: z.coerce.number<number>().int().min(1).max(100).default(20) });

/** The notes for programs. They log in as browsers do, and send the cookie. */
export class Api extends RequestHandler {
  static override middleware = [MembersOnly];

  get(_args: object, { q, before, limit }: z.output<typeof ApiQuery>) {
    const found = local.site.notes.list({ q, before, limit: limit + 1 });
    const notes = found.slice(0, limit);
    const next = found.length > limit ? urlFor("api", { q, before: notes.at(-1)?.id, limit }) : null;
    return json({ notes: notes.map(describe), next });
  }

  async post() {
    const note = local.site.notes.add(local.member.id, { ...(await request.json(NoteText)), picture: null });
    return json(describe(note), { status: 201 });
  }
}

const describe = ({ id, authorName, title, text, picture, written }: Note) => ({
  id,
  author: authorName,
  title,
  text,
  picture: picture === null ? null : urlFor("picture", { name: picture }),
  written: new Date(written).toISOString(),
});
