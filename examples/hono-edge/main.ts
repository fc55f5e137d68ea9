import { randomBytes } from "node:crypto";
import { serve } from "@hono/node-server";
import { makeApp } from "./app.ts";

const { SECRET_KEY, PORT, HOST, NODE_ENV } = process.env;
if (!SECRET_KEY) {
  if (NODE_ENV === "production") throw new Error("Set SECRET_KEY, and keep it: with another key, everybody is logged out.");
  console.info("SECRET_KEY is not set: made one for this run, so a restart ends every session.");
}
const app = makeApp(SECRET_KEY || randomBytes(32).toString("base64url"));
const hostname = HOST || "127.0.0.1";
const server = serve({ fetch: app.fetch, port: Number(PORT || 8080), hostname }, ({ port }) => {
  console.info(`Listening on http://${hostname}:${port}`);
});
process.once("SIGTERM", () => server.close());
process.once("SIGINT", () => server.close());
