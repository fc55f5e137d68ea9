const token = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Whether text is a token: the name of a header or a cookie, or an HTTP method. RFC 9110 §5.6.2. */
export function isToken(text: string): boolean {
  return token.test(text);
}

/** Whether text can be the value of a header, or the status text of a response. RFC 9110 §5.5. */
export function isFieldValue(text: string): boolean {
  return fieldValue.test(text);
}

/**
 * A part of a text without the whitespace around it.
 *
 * @param isSpace - Which characters count as whitespace; `trim()` removes more, control characters among them.
 */
export function trimPart(text: string, from: number, to: number, isSpace: (code: number) => boolean): string {
  // A regular expression for whitespace at the end would take quadratic time.
  let [start, end] = [from, to];
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}
