import type { Response } from "@mini/core";
import { MemoryBackend, type SessionConfig } from "@mini/session";
import { afterEach, beforeEach, expect } from "vitest";
import { sessionApp, setCookies } from "./session-app.ts";
import { WatchedBackend } from "./watched-backend.ts";

export const never = () => new Promise<never>(() => {});
export const refuse = () => Promise.reject(new Error("connection to 10.0.0.5 refused, password hunter2"));
export const failures = [
  ["hangs", never],
  ["rejects", refuse],
  [
    "throws",
    () => {
      throw new TypeError("a bug of the driver");
    },
  ],
] as const;

/** An application whose session holds `{ a: 1 }`, and a backend that can be made to fail. */
export async function begun(config: Partial<SessionConfig> = {}, appOptions: Record<string, unknown> = {}) {
  const backend = new WatchedBackend(new MemoryBackend());
  const app = sessionApp({ backend, deadline: 40, now: Date.now, appOptions, ...config });
  await app.run(async (_store, session) => (await session()).set("a", 1));
  const cookie = app.client.cookies.get("session");
  backend.counted();
  const fail = (name: string, how: () => void | Promise<void>) => {
    backend.before = (called) => (called === name ? how() : undefined);
  };
  const repair = () => (backend.before = () => undefined);
  return { ...app, watched: backend, cookie, fail, repair };
}

/** The parts of a response that depend on an outage, and whether it reveals details. */
export async function look(response: Response) {
  const { status, headers } = response;
  const leaks = /session|hunter2|10\.0\.0\.5|backend/i.test(await response.text());
  return { status, retryAfter: headers.get("retry-after"), cookies: setCookies(response), leaks };
}

export const unavailable = { status: 503, retryAfter: "1", cookies: [], leaks: false };

/** Fails a test that causes an unhandled rejection. */
export function watchRejections(): void {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => void unhandled.push(reason);
  beforeEach(() => void process.on("unhandledRejection", note));
  afterEach(async () => {
    await new Promise(setImmediate);
    process.off("unhandledRejection", note);
    expect(unhandled.splice(0)).toEqual([]);
  });
}
