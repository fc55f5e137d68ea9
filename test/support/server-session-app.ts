import { createHash } from "node:crypto";
import { MemoryBackend, type SessionConfig } from "@mini/session";
import { Signer } from "../../packages/session/src/signing/signing.ts";
import { secretKey, sessionApp, type SessionApp } from "./session-app.ts";
import { WatchedBackend } from "./watched-backend.ts";

export const start = 1_700_000_000_000;
/** The value of a cookie for an id, signed as the store does it. */
export const sign = (name: string, payload: string) =>
  new Signer({ secretKeys: [secretKey], purpose: "session-id", now: () => start }).sign(name, payload);

/** The id in the cookie of a client. */
export function idIn(app: Pick<SessionApp, "client">): string {
  return idOf(app.client.cookies.get("session")!);
}

/** The id in a cookie. */
export function idOf(cookie: string): string {
  return Buffer.from(cookie.split(".")[1]!, "base64url").toString();
}

/** The key of the record of an id. */
export const keyOf = (id: string) => createHash("sha256").update(id).digest("base64url");

/** An application whose session contains `{ a: 1, list: [1] }`, and its backend. */
export async function begun(config: Partial<SessionConfig> = {}) {
  let time = start;
  const backend = new WatchedBackend(new MemoryBackend({ now: () => time }));
  const app = sessionApp({ backend, ...config, now: () => time });
  const pass = (seconds: number) => void (time += seconds * 1000);
  const bodies: string[] = [];
  const made = await app.run(async (_store, session) => (await session()).assign({ a: 1, list: [1] }));
  bodies.push(await made.text());
  backend.counted();
  return { ...app, pass, watched: backend, bodies };
}
