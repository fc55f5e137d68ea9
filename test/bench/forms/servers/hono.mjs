// hono on @hono/node-server, with its parseBody.
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { answerOrder, answerPicture, bytesOf, checked, Order, Picture } from "../schemas.mjs";

const handlers = {
  // Without `all` it keeps the last of the fields with one name.
  "form-urlencoded": async (context) => context.json(answerOrder(checked(Order, await context.req.parseBody({ all: true })))),
  async "form-multipart"(context) {
    const picture = checked(Picture, await context.req.parseBody());
    return context.json(answerPicture(picture, await bytesOf(picture.photo)));
  },
};

export function start(scenario) {
  const app = new Hono();
  app.post("/", handlers[scenario]);
  return new Promise((resolve) => {
    serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => resolve(port));
  });
}
