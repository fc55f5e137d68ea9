import { rm } from "node:fs/promises";
import { join } from "node:path";
import { abort, field, Form, type FormOf, html, local, problem, request, RequestHandler, seeOther, urlFor } from "@mini/core";
import { sendFile } from "@mini/core/static";
import { SessionMixin } from "@mini/session";
import { z } from "zod";
import { page } from "../layout.ts";
import { Picture, savePicture } from "../pictures.ts";
import { MembersOnly } from "../visitor.ts";

export const NoteText = z.object({
  title: z.string().trim().min(1, "Write a title.").max(100, "A title has at most 100 characters."),
  text: z.string().max(5000, "A note has at most 5000 characters."),
});

const NoteForm = NoteText.extend({ picture: Picture.optional() });

export class NewNote extends SessionMixin(RequestHandler) {
  static override middleware = [MembersOnly];

  async get() {
    return newNotePage(Form.of(NoteForm));
  }

  async post() {
    const { notes, pictures } = local.site;
    const form = await request.form(NoteForm);
    // Shown at once, without a redirect: a note can be longer than a session can keep.
    if (!form.ok) return newNotePage(form);
    const { title, text, picture } = form.data;
    notes.add(local.member.id, { title, text, picture: picture === undefined ? null : await savePicture(pictures, picture) });
    (await this.session).flash("Your note is on the board.", "success");
    return seeOther(urlFor("board"));
  }
}

async function newNotePage(form: FormOf<typeof NoteForm>) {
  const content = html`<form method="post" enctype="multipart/form-data">
      <label for="title">Title</label>
      <input ${field(form, "title")} required maxlength="100">
      ${problem(form, "title")}
      <label for="text">Text</label>
      <textarea ${field(form, "text", false)} rows="8" maxlength="5000">${form.value("text")}</textarea>
      ${problem(form, "text")}
      <label for="picture">Picture <small>PNG, JPEG, GIF or WebP, at most 5 MB</small></label>
      <input type="file" ${field(form, "picture")} accept="image/png,image/jpeg,image/gif,image/webp">
      ${problem(form, "picture")}
      <button class="primary">Save</button>
    </form>`;
  return form.response(await page("New note", content));
}

export class DeleteNote extends SessionMixin(RequestHandler) {
  static override middleware = [MembersOnly];

  async post({ id }: { id: number }) {
    const { notes, pictures } = local.site;
    const { author, picture } = notes.find(id) ?? abort(404);
    if (author !== local.member.id) abort(403, "Only its author may delete a note.");
    notes.delete(id);
    if (picture !== null) await rm(join(pictures, picture), { force: true });
    (await this.session).flash("The note is deleted.", "success");
    return seeOther(urlFor("board"));
  }
}

export class NotePicture extends RequestHandler {
  static override middleware = [MembersOnly];

  get({ name }: { name: string }) {
    return sendFile(join(local.site.pictures, name));
  }
}
