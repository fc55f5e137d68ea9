// The default export that workerd runs. Its binding KIND says where sessions are kept.
import { appOf, sessions } from "./apps.mjs";
import { visits } from "./frameworks.mjs";

let app;

export default {
  fetch(request, env, context) {
    app ??= env.KIND === "visits" ? visits(sessions.cookie()) : appOf(sessions[env.KIND]());
    const ip = request.headers.get("cf-connecting-ip") ?? "127.0.0.1";
    return app.fetch(request, { ip, env, waitUntil: (work) => context.waitUntil(work) });
  },
};
