// The default export that workerd runs. Its binding KIND says where sessions are kept.
import { appOf, sessions } from "./apps.mjs";

let app;

export default {
  fetch(request, env, context) {
    app ??= appOf(sessions[env.KIND]());
    const ip = request.headers.get("cf-connecting-ip") ?? "127.0.0.1";
    return app.fetch(request, { ip, env, waitUntil: (work) => context.waitUntil(work) });
  },
};
