/** Control characters that no header may have: all but the tab. */
export const controls: readonly string[] = [...Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)), "\x7f"].filter(
  (char) => char !== "\t",
);

/** The line that the server would send if one of the spellings was accepted. */
export const injected = "x-injected";

/** Ways to end a line and begin another, on this or on some server. */
const lineBreaks: readonly string[] = [
  "\r\n",
  "\n",
  "\r",
  "\n\r",
  "\r\r\n",
  "\r\n\r\n",
  "\n\n",
  "\r\n ",
  "\r\n\t",
  "\0\r\n",
  "\x0b",
  "\x0c",
  "\x1c\x1d\x1e",
  "\x7f\r\n",
  // Their low bytes are CR and LF, in code that writes one byte for each character.
  "\u010d\u010a",
  "\u560d\u560a",
  "\uff0d\uff0a",
  "\u2028",
  "\u2029",
  "\ud800\r\n",
];

/** Texts that no header's value may have in it, each with something before and after. */
export const hostileValues: readonly string[] = [
  ...controls.map((char) => `a${char}b`),
  ...lineBreaks.map((lineBreak) => `a${lineBreak}${injected}: 1`),
  "a\r\nset-cookie: x-injected=1",
  "a\r\ncontent-length: 0\r\n\r\nHTTP/1.1 200 OK\r\nx-injected: 1\r\n\r\n",
  "a\r\n\r\n<script>x-injected</script>",
  "a\u0100b",
  "a\u{1f4a9}b",
];

/** Texts that no header's name may be. */
export const hostileNames: readonly string[] = [
  ...hostileValues,
  ...controls.flatMap((char) => [`${char}a`, `a${char}`]),
  ...[" ", "\t", ":", ";", ",", '"', "(", ")", "/", "<", ">", "=", "?", "@", "[", "]", "\\", "{", "}"].map((char) => `a${char}b`),
  "",
  "x-injected: 1\r\na",
  "a: b",
  "é",
  "\xa0a",
];
