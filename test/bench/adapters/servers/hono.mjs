// hono on @hono/node-server, with hono-sessions.
import { serve } from "@hono/node-server";
import { honoSessions } from "@mini/session/fetch";
import { Hono } from "hono";
import { CookieStore, MemoryStore, sessionMiddleware } from "hono-sessions";
import { mine, none, ours, secret } from "../config.mjs";

const stores = { cookie: () => new CookieStore(), memory: () => new MemoryStore() };

function peer(place) {
  const cookieOptions = { path: "/", httpOnly: true, sameSite: "Lax" };
  return sessionMiddleware({
    store: stores[place](),
    encryptionKey: secret,
    sessionCookieName: "session",
    autoExtendExpiration: false,
    cookieOptions,
  });
}

const its = {
  // It gives null for a value that was never set.
  read: (session) => session.get("count") ?? undefined,
  change: (session) => {
    session.set("count", (session.get("count") ?? 0) + 1);
    return session.get("count");
  },
};

/** @param {"hono-sessions" | "mini" | "none"} library */
export async function start(library, place) {
  const app = new Hono();
  if (library === "mini") app.use(honoSessions(await ours(place)));
  if (library === "hono-sessions") app.use(peer(place));
  const { read, change } = { mini: mine, none, "hono-sessions": its }[library];
  app.get("/untouched", (c) => c.text("Hello world!"));
  app.get("/read", async (c) => c.text(`count ${await read(c.get("session"))}`));
  app.get("/change", async (c) => c.text(`count ${await change(c.get("session"))}`));
  return new Promise((resolve) => {
    serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => resolve(port));
  });
}
