export { sendFile } from "./static/send-file.ts";
export type { SendFileOptions } from "./static/send-file.ts";
export { StaticFiles } from "./static/static-files.ts";
export type { StaticFilesClass, StaticFilesOptions } from "./static/static-files.ts";
