// h3 on the server it comes with, with its own sessions, which are sealed in a cookie.
import { h3Sessions } from "@mini/session/fetch";
import { H3, serve, useSession } from "h3";
import { cookie, mine, none, ours, secret } from "../config.mjs";

const sessionConfig = { password: secret, name: "session", cookie };

const its = {
  read: async (event) => {
    const { data } = await useSession(event, sessionConfig);
    return data.count;
  },
  change: async (event) => {
    const session = await useSession(event, sessionConfig);
    await session.update((data) => ({ count: (data.count ?? 0) + 1 }));
    return session.data.count;
  },
};

const inContext = ({ read, change }) => ({
  read: ({ context }) => read(context.session),
  change: ({ context }) => change(context.session),
});

/** @param {"h3" | "mini" | "none"} library */
export async function start(library, place) {
  const app = new H3();
  if (library === "mini") app.use(h3Sessions(await ours(place)));
  const { read, change } = { mini: inContext(mine), none: inContext(none), h3: its }[library];
  const send = (event, text) => {
    event.res.headers.set("content-type", "text/plain;charset=UTF-8");
    return text;
  };
  app.get("/untouched", (event) => send(event, "Hello world!"));
  app.get("/read", async (event) => send(event, `count ${await read(event)}`));
  app.get("/change", async (event) => send(event, `count ${await change(event)}`));
  const server = await serve(app, { port: 0, hostname: "127.0.0.1", silent: true, gracefulShutdown: false }).ready();
  return Number(new URL(server.url).port);
}
