// The default export that Cloudflare Workers and workerd run, with the flag nodejs_compat and the secret SECRET_KEY.
import { makeApp } from "./app.ts";

let app: ReturnType<typeof makeApp> | undefined;

export default {
  fetch(request: Request, env: { readonly SECRET_KEY: string }): Response | Promise<Response> {
    app ??= makeApp(env.SECRET_KEY);
    return app.fetch(request);
  },
};
