import { MemoryBackend, Sessions, type SessionConfig, type Visit } from "@mini/session";

export type Data = Record<string, unknown>;

const secretKey = "a key that is long enough to be one";
export const url = "http://localhost/";
export const silent = { error() {}, warn() {}, info() {}, debug() {} };

export const makeSessions = (config: Partial<SessionConfig> = {}) =>
  new Sessions({ secretKey, logger: silent, deadline: 60_000, ...config });
export const inMemory = () => makeSessions({ backend: new MemoryBackend() });

/** The Cookie header for lines of Set-Cookie. */
export const cookieOf = (lines: readonly string[]): string => lines.map((line) => line.split(";")[0]).join("; ");
export const requestWith = (cookie: string, init: RequestInit = {}) => new Request(url, { ...init, headers: { ...init.headers, cookie } });

/** The cookie of a new session with some data. */
export async function begun(sessions: Sessions, data: Data, owner?: string): Promise<string> {
  const visit = sessions.begin(owner);
  (await visit.getSession<Data>()).assign(data);
  await visit.commit();
  return cookieOf(visit.cookies);
}

export const dataOf = async (sessions: Sessions, cookie: string) => (await sessions.read<Data>(cookie)).toJSON();

export const setA = async (visit: Visit) => (await visit.getSession<Data>()).set("a", 1);

/** A backend that can be made to fail. */
export class FailingBackend extends MemoryBackend {
  isDown = false;

  override read(...args: Parameters<MemoryBackend["read"]>) {
    return this.isDown ? Promise.reject(new Error("down")) : super.read(...args);
  }

  override create(...args: Parameters<MemoryBackend["create"]>) {
    return this.isDown ? Promise.reject(new Error("down")) : super.create(...args);
  }

  override take(...args: Parameters<MemoryBackend["take"]>) {
    return this.isDown ? Promise.reject(new Error("down")) : super.take(...args);
  }
}
