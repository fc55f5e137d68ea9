/** The most bytes of the headers of one part. */
const longestHead = 16_384;

const lineBreak = Buffer.from("\r\n");
const headEnd = Buffer.from("\r\n\r\n");

/**
 * The fields and files of a multipart form, RFC 7578. Read as widely as clients write: names with and without quotes, `filename*`,
 * text before the first part and after the last one, blanks after a boundary.
 *
 * @param type - The content type, which names the boundary.
 * @param maxParts - Parts are counted while they are read, and no more than these are made.
 */
export function parseMultipart(body: Uint8Array, type: string, maxParts: number): FormData | "malformed" | "too many parts" {
  const boundary = parametersOf(type).get("boundary");
  if (boundary === undefined || boundary === "" || boundary.length > 70) return "malformed";
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const form = new FormData();
  let count = 0;
  let delimiter = nextDelimiter(bytes, boundary, 0);
  while (delimiter !== undefined && !delimiter.isLast) {
    const start = delimiter.end;
    // A part without headers begins with the line break that ends its head.
    const contentStart = bytes.subarray(start, start + 2).equals(lineBreak) ? start : bytes.indexOf(headEnd, start) + 2;
    if (contentStart < start || contentStart - start > longestHead) return "malformed";
    if (++count > maxParts) return "too many parts";
    // Content of no bytes shares its line break with the head.
    const next = nextDelimiter(bytes, boundary, contentStart);
    if (next === undefined) return "malformed";
    const content = bytes.subarray(contentStart + 2, Math.max(next.start, contentStart + 2));
    if (!append(form, bytes.toString("utf8", start, contentStart), content)) return "malformed";
    delimiter = next;
  }
  return delimiter === undefined ? "malformed" : form;
}

interface Delimiter {
  /** Where its line break begins, which is not part of the content before it. */
  readonly start: number;
  /** Where the line after it begins. */
  readonly end: number;
  /** Whether it ends the form. */
  readonly isLast: boolean;
}

/** The next line that is a boundary, from the beginning of the body or a line break on. RFC 2046 §5.1.1. */
function nextDelimiter(bytes: Buffer, boundary: string, from: number): Delimiter | undefined {
  const mark = Buffer.from(`\r\n--${boundary}`, "latin1");
  // The first boundary has no line break before it if the body begins with it.
  const begins = from === 0 && bytes.subarray(0, mark.length - 2).equals(mark.subarray(2));
  for (let start = begins ? -2 : bytes.indexOf(mark, from); start !== -1; start = bytes.indexOf(mark, start + 2)) {
    let end = start + mark.length;
    const isLast = bytes[end] === 0x2d && bytes[end + 1] === 0x2d;
    if (isLast) end += 2;
    while (bytes[end] === 0x20 || bytes[end] === 0x09) end++;
    if (bytes[end] === 0x0d && bytes[end + 1] === 0x0a) return { start, end: end + 2, isLast };
    if (isLast && end === bytes.length) return { start, end, isLast };
    // A longer line that begins like the boundary is content.
  }
  return undefined;
}

/** Adds a part to a form, unless its head is malformed. */
function append(form: FormData, head: string, content: Buffer): boolean {
  const headers = new Map<string, string>();
  // A line that begins with a blank continues the one before it.
  for (const line of head.replaceAll(/\r\n[ \t]+/g, " ").split("\r\n")) {
    if (line === "") continue;
    const colon = line.indexOf(":");
    if (colon < 1) return false;
    headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  const disposition = headers.get("content-disposition") ?? "";
  const coding = headers.get("content-transfer-encoding")?.toLowerCase() ?? "binary";
  const bytes = coding === "base64" ? Buffer.from(content.toString("latin1"), "base64") : content;
  if (!/^form-data\s*(?:;|$)/i.test(disposition) || !codings.has(coding)) return false;
  const parameters = parametersOf(disposition);
  const name = parameters.get("name") ?? extended(parameters.get("name*"));
  const filename = extended(parameters.get("filename*")) ?? parameters.get("filename");
  if (name === undefined) return false;
  if (filename === undefined) {
    form.append(decoded(name), utf8.decode(bytes));
    return true;
  }
  const type = headers.get("content-type") ?? "text/plain";
  form.append(decoded(name), new File([bytes as Uint8Array<ArrayBuffer>], decoded(filename), { type }));
  return true;
}

/** What a part may be encoded with. RFC 7578 §4.7: nobody should write any, but some do. */
const codings: ReadonlySet<string> = new Set(["7bit", "8bit", "binary", "base64"]);

// One parameter: a name, and a value in quotes or without. In quotes, only a quote and a backslash are escaped with a backslash:
// old browsers send the path of a file as it is.
const parameter = /;\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;"]*))/gs;

/** The parameters of a header, by their names in lower case; of equal ones, the first. */
function parametersOf(header: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [, name = "", quoted, plain = ""] of header.matchAll(parameter)) {
    const key = name.toLowerCase();
    if (!found.has(key)) found.set(key, quoted === undefined ? plain.trim() : quoted.replaceAll(/\\(["\\])/g, "$1"));
  }
  return found;
}

/** Browsers write a quote and line breaks in a name as three characters each. HTML, "multipart/form-data encoding algorithm". */
const decoded = (name: string) => name.replaceAll(/%(22|0D|0A)/gi, (_text, code: string) => String.fromCharCode(Number.parseInt(code, 16)));

/** The value of a parameter in the form of RFC 8187: charset, language and percent-encoded text. */
function extended(value: string | undefined): string | undefined {
  const [, charset, text] = /^([^']*)'[^']*'(.*)$/s.exec(value ?? "") ?? [];
  if (charset === undefined || text === undefined) return value;
  const bytes = text.replaceAll(/%([\da-f]{2})/gi, (_text, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  return charset.toLowerCase() === "utf-8" ? utf8.decode(Buffer.from(bytes, "latin1")) : bytes;
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
