import { request as send } from "undici";
import { within } from "./within.ts";

/** `request` of undici, with an error that names the request. */
export const request: typeof send = async (url, options) => {
  const what = `the answer to ${options?.method ?? "GET"} ${String(url)}`;
  try {
    return await within(what, send(url, options));
  } catch (error) {
    if (error instanceof Error && !error.message.includes(what)) error.message += ` (while waiting for ${what})`;
    throw error;
  }
};
