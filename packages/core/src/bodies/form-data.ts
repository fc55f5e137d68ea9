import { tooManyFields } from "./body-errors.ts";
import { Multipart, utf8, type MultipartBytes, type PartHead } from "./multipart.ts";

/** The fields and files of a multipart form. @throws HTTPError 413 for more fields than the limit. */
export async function readFormData(sent: MultipartBytes, maxFields: number): Promise<FormData> {
  const parts = new Multipart(sent);
  const read: { readonly head: PartHead; readonly pieces: readonly Buffer[] }[] = [];
  for (;;) {
    const next = parts.next();
    const head = next instanceof Promise ? await next : next;
    if (head === undefined) break;
    if (read.length === maxFields) throw tooManyFields(maxFields);
    const pieces: Buffer[] = [];
    for (;;) {
      const arrived = parts.read();
      const piece = arrived instanceof Promise ? await arrived : arrived;
      if (piece === undefined) break;
      pieces.push(piece);
    }
    read.push({ head, pieces });
  }
  // Files take most of the time, so they are made only now, when it is known that there are not too many fields.
  const form = new FormData();
  for (const { head, pieces } of read) {
    if (head.filename === undefined) form.append(head.name, utf8.decode(Buffer.concat(pieces)));
    else form.append(head.name, new File([Buffer.concat(pieces)], head.filename, { type: head.type }));
  }
  return form;
}
