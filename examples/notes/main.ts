import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { serve } from "@mini/core/serve";
import { SqliteBackend } from "@mini/session/sqlite";
import { makeApp } from "./app.ts";
import { openData } from "./database.ts";

/** README.md describes the variables. */
const { SECRET_KEY, DATA_PATH, PORT, HOST, TRUSTED_HOSTS, NODE_ENV } = process.env;
if (!SECRET_KEY && NODE_ENV === "production") throw new Error("Set SECRET_KEY, and keep it: with another key, everybody is logged out.");

const data = openData(DATA_PATH || fileURLToPath(new URL("data", import.meta.url)));
const backend = new SqliteBackend({ database: data.sessions });
const app = makeApp({
  secretKey: SECRET_KEY || randomBytes(32).toString("base64url"),
  data,
  backend,
  trustedHosts: TRUSTED_HOSTS ? TRUSTED_HOSTS.split(",") : undefined,
  // The proxy is on this machine, and reports the address and the scheme of its clients.
  trustProxy: "loopback",
});
const server = await serve(app, { port: Number(PORT || 8080), hostname: HOST || "127.0.0.1", gracefulShutdown: false });
const pruning = setInterval(() => void backend.prune(1000), 60 * 60 * 1000);

// Requests in flight need the databases, so these are closed last.
async function close() {
  clearInterval(pruning);
  await server.close();
  await backend.close();
  data.sessions.close();
  data.database.close();
}
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void close());
