import { extname } from "node:path";
import { lookup } from "mrmime";

/** Types of vendors that sites send, which mrmime leaves out. */
const others = new Map([
  [".7z", "application/x-7z-compressed"],
  [".apk", "application/vnd.android.package-archive"],
  [".avi", "video/x-msvideo"],
  [".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"],
  [".eot", "application/vnd.ms-fontobject"],
  [".flac", "audio/flac"],
  [".ico", "image/vnd.microsoft.icon"],
  [".kml", "application/vnd.google-earth.kml+xml"],
  [".m3u8", "application/vnd.apple.mpegurl"],
  [".m4v", "video/x-m4v"],
  [".mkv", "video/matroska"],
  [".odp", "application/vnd.oasis.opendocument.presentation"],
  [".ods", "application/vnd.oasis.opendocument.spreadsheet"],
  [".odt", "application/vnd.oasis.opendocument.text"],
  [".ppt", "application/vnd.ms-powerpoint"],
  [".pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"],
  [".rar", "application/vnd.rar"],
  [".tar", "application/x-tar"],
  [".vcf", "text/vcard"],
  [".xls", "application/vnd.ms-excel"],
  [".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
]);

const isText = /^(?:text\/|[^/]+\/(?:[^/]+\+)?(?:json|xml)$)/;

/** The content type of a file, by its extension. Text is said to be in UTF-8. */
export function contentTypeOf(name: string): string {
  const extension = extname(name).toLowerCase();
  // mrmime takes a name without an extension as the extension, and also finds properties that every object inherits.
  const found: unknown = extension === "" ? undefined : lookup(extension);
  const type = typeof found === "string" ? found : (others.get(extension) ?? "application/octet-stream");
  return isText.test(type) ? `${type}; charset=utf-8` : type;
}
