// Sessions without an App: in a function that answers standard requests, and in Elysia. They answer as the pages of apps.mjs do, with
// responses that do not say which type their text has, because runtimes differ in it.
import { Sessions } from "@mini/session";
import { withSessions } from "@mini/session/fetch";

/** @returns The text of a response, or where to go next. */
async function answer({ method, url }, visit) {
  const session = await visit.getSession();
  if (url.endsWith("/messages")) return { text: JSON.stringify((await session.getFlashes()).map(({ message }) => message)) };
  if (method === "POST") {
    session.flash("saved");
    return { next: "/visits/messages" };
  }
  if (method === "DELETE") {
    await visit.deleteSession();
    return { text: "ended" };
  }
  return { text: String(session.increment("visits")) };
}

const responseOf = ({ text, next }) =>
  next === undefined ? new Response(text) : new Response(null, { status: 303, headers: { location: next } });

export const visits = (settings) => ({ fetch: withSessions(settings, async (request, visit) => responseOf(await answer(request, visit))) });

/** As the guide has it. `Elysia` comes from outside, because workers do not have it. */
export function inElysia(settings, Elysia) {
  const sessions = new Sessions(settings);
  const visitOf = new WeakMap();
  const app = new Elysia().all("/*", async ({ request }) => {
    const answered = await answer(request, visitOf.get(request));
    return answered.text ?? responseOf(answered);
  });
  return {
    async fetch(request) {
      const visit = sessions.visit(request);
      visitOf.set(request, visit);
      return visit.finish(await app.handle(request));
    },
  };
}
