import { App, SecurityHeaders } from "@mini/core";
import { readSettings } from "./config.ts";
import { errorHandlers } from "./error-pages.ts";
import { rules } from "./urls.ts";

export const settings = readSettings();

export const app = new App({
  rules,
  middleware: [SecurityHeaders],
  errorHandlers,
  config: { session: { secretKey: settings.secretKey } },
});
