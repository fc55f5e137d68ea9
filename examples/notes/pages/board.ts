import { on } from "node:events";
import { html, local, request, RequestHandler, urlFor } from "@mini/core";
import { events } from "@mini/core/events";
import { z } from "zod";
import { page, time } from "../layout.ts";
import type { Note } from "../notes.ts";
import { MembersOnly } from "../visitor.ts";

const id = z.coerce.number<number>().int().min(0);
export const BoardQuery = z.object({ q: z.string().max(100).default(""), before: id.optional() });
export const LiveQuery = z.object({ after: id });

const notesOnPage = 12;

export class Board extends RequestHandler {
  static override middleware = [MembersOnly];

  get(_args: object, { q, before }: z.output<typeof BoardQuery>) {
    const found = local.site.notes.list({ q, before, limit: notesOnPage + 1 });
    const shown = found.slice(0, notesOnPage);
    return page(
      q === "" ? "Board" : `Notes with “${q}”`,
      html`<form class="search" role="search">
          <label for="q">Search</label> <input type="search" id="q" name="q" value="${q}" maxlength="100"> <button>Search</button>
        </form>
        ${shown.length === 0 && html`<p id="empty">${q === "" ? "There are no notes yet." : "No note has these words."}</p>`}
        <ul class="cards" id="notes">${shown.map(card)}</ul>
        ${found.length > notesOnPage && html`<p><a class="button" href="${urlFor("board", { q, before: shown.at(-1)?.id })}">Older notes</a></p>`}
        <p class="unseen" role="status" id="news"></p>
        ${q === "" && before === undefined && liveScript(shown[0]?.id ?? 0)}`,
    );
  }
}

/** The changes of the board, one event for each. */
export class Live extends RequestHandler {
  static override middleware = [MembersOnly];

  get(_args: object, { after }: z.output<typeof LiveQuery>) {
    const { notes, sessions } = local.site;
    return events(async function* ({ lastEventId, signal }) {
      // Listen before the missed notes are sent, so that no note is lost in between.
      const changes = on(notes.changes, "change", { signal });
      for (const note of notes.list({ after: Number(lastEventId) || after, limit: 100 }).toReversed()) yield eventOf(note);
      for await (const [change] of changes) {
        // The stream can last longer than the log-in, so the session is checked before each event.
        const session = await sessions.read(request.headers.get("cookie"));
        if (session.get("userId") !== local.member.id) return;
        yield eventOf(change as Note | number);
      }
    });
  }
}

const eventOf = (change: Note | number) =>
  typeof change === "number" ? { event: "gone", data: String(change) } : { event: "note", id: String(change.id), data: card(change) };

export function card({ id, author, authorName, title, text, picture, written }: Note) {
  const remove = html`<form method="post" action="${urlFor("delete-note", { id })}"><button>Delete<span class="unseen"> ${title}</span></button></form>`;
  return html`<li class="card" id="note-${id}">
    <h2>${title}</h2>
    ${picture !== null && html`<img src="${urlFor("picture", { name: picture })}" alt="" loading="lazy">`}
    <p class="text">${text}</p>
    <p class="quiet">${authorName}, ${time(written)}</p>
    ${author === local.member.id && remove}
  </li>`;
}

/** Shows changes of the board at once. Without scripts, the board shows them when it is loaded again. */
const liveScript = (after: number) => html`<script type="module">
  const source = new EventSource("${urlFor("live", { after })}");
  source.addEventListener("note", ({ data }) => {
    const card = document.createRange().createContextualFragment(data).firstElementChild;
    if (document.getElementById(card.id) !== null) return;
    document.getElementById("empty")?.remove();
    document.getElementById("notes").prepend(card);
    document.getElementById("news").textContent = "New on the board: " + card.querySelector("h2").textContent;
  });
  source.addEventListener("gone", ({ data }) => document.getElementById("note-" + data)?.remove());
</script>`;
