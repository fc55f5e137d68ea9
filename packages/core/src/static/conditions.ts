import { listItems } from "../http/headers.ts";

/** The values that differ between two states of a file. */
export interface Validators {
  /** A strong entity tag, with its quotes. */
  readonly etag: string;
  /** When the file was last modified, in whole seconds since the Unix epoch. */
  readonly modified: number;
}

const tag = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g;

/** Whether a list of entity tags, or `*`, has one. A weak tag is never the same in a strong comparison. RFC 9110 §8.8.3.2. */
function hasTag(list: string, etag: string, isWeak: boolean): boolean {
  if (list.trim() === "*") return true;
  return (list.match(tag) ?? []).some((each) => each === etag || (isWeak && each === `W/${etag}`));
}

const days = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const months = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
const time = String.raw`\d\d:\d\d:\d\d`;
const dates = new RegExp(
  [
    `^${days}, \\d\\d ${months} \\d{4} ${time} GMT$`,
    `^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, \\d\\d-${months}-\\d\\d ${time} GMT$`,
    `^${days} ${months} [ \\d]\\d ${time} \\d{4}$`,
  ].join("|"),
);

/** A date of a header in seconds since the Unix epoch; `undefined` for anything else. RFC 9110 §5.6.7. */
function secondsOf(date: string | null): number | undefined {
  if (date === null || !dates.test(date)) return undefined;
  const milliseconds = Date.parse(date.endsWith("GMT") ? date : `${date} GMT`);
  return Number.isNaN(milliseconds) ? undefined : milliseconds / 1000;
}

/** What the preconditions of a GET or HEAD say, in the order of RFC 9110 §13.2.2: send the file, 304, or 412. */
export function checkPreconditions(headers: Headers, { etag, modified }: Validators): "send" | "notModified" | "failed" {
  const ifMatch = headers.get("if-match");
  if (ifMatch !== null) {
    if (!hasTag(ifMatch, etag, false)) return "failed";
  } else {
    const unmodifiedSince = secondsOf(headers.get("if-unmodified-since"));
    if (unmodifiedSince !== undefined && modified > unmodifiedSince) return "failed";
  }
  const ifNoneMatch = headers.get("if-none-match");
  if (ifNoneMatch !== null) return hasTag(ifNoneMatch, etag, true) ? "notModified" : "send";
  const modifiedSince = secondsOf(headers.get("if-modified-since"));
  return modifiedSince !== undefined && modified <= modifiedSince ? "notModified" : "send";
}

/** A part of a file: positions of its first byte and of the first byte after it. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The part of a file that a request asks for. `undefined`: the whole file, because there is no `Range`, `If-Range` names another
 * state, or `Range` is malformed, in another unit or asks for several parts. RFC 9110 §14.2.
 *
 * @param size - Bytes of the file.
 */
export function requestedRange(headers: Headers, size: number, { etag, modified }: Validators): ByteRange | "unsatisfiable" | undefined {
  const range = headers.get("range");
  if (range === null) return undefined;
  const ifRange = headers.get("if-range");
  if (ifRange !== null && ifRange !== etag && secondsOf(ifRange) !== modified) return undefined;
  const [, list] = /^bytes=(.*)$/is.exec(range) ?? [];
  const items = listItems(list);
  const [, first, last] = /^(\d*)-(\d*)$/.exec(items[0] ?? "") ?? [];
  if (items.length !== 1 || first === undefined || last === undefined || first + last === "") return undefined;
  if (first === "") {
    if (Number(last) === 0) return "unsatisfiable";
    // An empty file has no last bytes, and there is no Content-Range for an empty part.
    return size === 0 ? undefined : { start: Math.max(0, size - Number(last)), end: size };
  }
  const start = Number(first);
  if (last !== "" && Number(last) < start) return undefined;
  if (start >= size) return "unsatisfiable";
  return { start, end: last === "" ? size : Math.min(size, Number(last) + 1) };
}
