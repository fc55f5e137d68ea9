// Ours, from the built packages.
import { App, Rule } from "@mini/core";
import { serve } from "@mini/core/serve";
import { StaticFiles } from "@mini/core/static";
import { folder } from "../contents.mjs";

export async function start() {
  const handler = StaticFiles({ root: folder });
  const app = new App({ rules: [new Rule("/static/*path", { handler, appMiddleware: false })] });
  return (await serve(app, { port: 0, silent: true })).port;
}
