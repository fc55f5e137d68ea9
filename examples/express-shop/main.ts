import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SqliteBackend } from "@mini/session/sqlite";
import { DatabaseSync } from "@photostructure/sqlite";
import { makeShop } from "./app.ts";
import { Users } from "./users.ts";

/** README.md describes the variables. */
const { SECRET_KEY, DATA_PATH, PORT, HOST, TRUST_PROXY } = process.env;
const folder = DATA_PATH || fileURLToPath(new URL("data", import.meta.url));
mkdirSync(folder, { recursive: true });

/** The key that the first start makes, so that a restart does not log anybody out. */
function keptKey(): string {
  const file = join(folder, "secret-key");
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString("base64url"), { mode: 0o600 });
  return readFileSync(file, "utf8");
}

const users = new Users(join(folder, "shop.db"));
const sessions = new DatabaseSync(join(folder, "sessions.db"));
const backend = new SqliteBackend({ database: sessions });
const app = makeShop({ secretKey: SECRET_KEY || keptKey(), backend, users, trustProxy: TRUST_PROXY || "loopback" });

const hostname = HOST || "127.0.0.1";
const server = app.listen(Number(PORT || 8080), hostname, (error) => {
  if (error !== undefined) throw error;
  const address = server.address();
  console.info(`Listening on http://${hostname}:${typeof address === "object" ? address?.port : address}`);
});
const pruning = setInterval(() => void backend.prune(1000), 60 * 60 * 1000);

// Requests in flight need the databases, so these are closed last.
function close() {
  clearInterval(pruning);
  server.close(() => {
    void backend.close().then(() => {
      sessions.close();
      users.close();
    });
  });
}
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, close);
