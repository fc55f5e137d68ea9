import { MemoryBackend, type SessionBackend } from "@mini/session";
import type { SessionImport } from "@mini/session/import";
import { cookieOf, makeSessions, requestWith, type Data } from "./visits.ts";

/** The data that a visitor has in the session of another library. */
export const values = { user: 5, cart: ["a"] };

/** Returns what a visitor with these cookies sees, and the cookies that they have afterwards. */
export async function visit(config: { import: SessionImport; backend?: SessionBackend }, cookie: string, change?: (session: Data) => void) {
  const sessions = makeSessions({ backend: new MemoryBackend(), ...config });
  let seen: unknown;
  const response = await sessions.run(requestWith(cookie), async (store) => {
    const session = await store.getSession<Data>();
    seen = session.toJSON();
    change?.(session as unknown as Data);
    return new Response(null);
  });
  const lines = response.headers.getSetCookie();
  return {
    sessions,
    seen,
    status: response.status,
    cookie: cookieOf(lines.filter((line) => !line.includes("Max-Age=0"))),
    cleared: [...new Set(lines.filter((line) => line.includes("Max-Age=0")).map((line) => line.split("=")[0]))],
  };
}
