/** Characters that end or change the name in its plain form: quotes, `%`, which some browsers decode, and all that are not ASCII. */
const notPlain = /[^\x20-\x7e]|["%]/gu;

/** Control characters. */
// oxlint-disable-next-line no-control-regex
const control = /[\0-\x1f\x7f-\x9f]/;

/**
 * The header that makes a browser save a response as a file, RFC 6266. A path is reduced to its last part, because the name may
 * come from the client that sent the file.
 *
 * @throws TypeError for a name with control characters or halves of surrogate pairs, and for one that is empty or has only dots.
 */
export function attachment(filename: string): string {
  if (typeof filename !== "string" || control.test(filename) || !filename.isWellFormed())
    throw new TypeError("Cannot send a file with this filename: it must be text without control characters or halves of surrogate pairs.");
  const name = filename.split(/[/\\]/).at(-1)!.trim();
  if (/^\.*$/.test(name)) throw new TypeError("Cannot send a file with this filename: its last part is empty or has only dots.");
  const plain = name.replace(notPlain, "_");
  if (plain === name) return `attachment; filename="${name}"`;
  // encodeURIComponent() does not encode these characters, and they are not in attr-char of RFC 8187.
  const encoded = encodeURIComponent(name).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
