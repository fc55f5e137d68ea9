import { App, SecurityHeaders } from "@mini/core";
import { readSettings } from "./config.ts";
import { rules } from "./urls.ts";

export const settings = readSettings();

export const app = new App({ rules, middleware: [SecurityHeaders], config: { session: { secretKey: settings.secretKey } } });
