import { MemoryBackend, type SessionConfig } from "@mini/session";
import { importSessions } from "@mini/session/import";
import { describe, expect, test } from "vitest";
import { watchRejections } from "../support/outage-app.ts";
import { begun, dataOf, makeSessions, requestWith, type Data } from "../support/visits.ts";

const down = () => Promise.reject(new Error("down"));
const broken = { onError: () => new Response(null, { status: 500 }) };

describe.each<[string, () => void]>([
  [
    "throws",
    () => {
      throw new Error("no log");
    },
  ],
  ["rejects", () => Promise.reject(new Error("no log"))],
])("a logger that %s does not change the response or end the process", (_title, fail) => {
  watchRejections();
  const logger = { error: fail, warn: fail, info: fail, debug: fail };

  /** A site whose backend has a session of `user:1` with `a: 1` and a message, and the cookie of that session. */
  async function site(settings: Partial<SessionConfig> = {}) {
    let time = Date.now();
    const now = () => time;
    const backend = new MemoryBackend({ now });
    const sessions = makeSessions({ backend, logger, now, ...settings });
    const cookie = await begun(sessions, { a: 1 }, "user:1");
    const advance = (seconds: number) => void (time += seconds * 1000);
    return { backend, sessions, cookie, advance };
  }

  test("when a session cannot be loaded", async () => {
    const { backend, sessions, cookie } = await site();
    backend.read = down;
    const response = await sessions.run(requestWith(cookie), async (visit) => Response.json((await visit.getSession()).size));
    expect(response.status).toBe(503);
  });

  test("when a change is dropped, because the session has ended", async () => {
    const { sessions, cookie } = await site();
    const response = await sessions.run(requestWith(cookie), async (visit) => {
      (await visit.getSession<Data>()).set("a", 2);
      const other = sessions.visit(requestWith(cookie));
      await other.deleteSession();
      await other.commit();
      return new Response(null, { status: 204 });
    });
    expect(response.status).toBe(204);
  });

  test("when messages cannot be put back", async () => {
    const { backend, sessions, cookie } = await site();
    await sessions.run(requestWith(cookie), async (visit) => {
      (await visit.getSession()).flash("hello");
      return new Response(null);
    });
    const work = sessions.run(
      requestWith(cookie),
      async (visit) => {
        const session = await visit.getSession<Data>();
        await session.getFlashes();
        session.set("a", 2);
        backend.swap = down;
        return new Response(null);
      },
      broken,
    );
    expect((await work).status).toBe(503);
  });

  test("when the message of an error handler cannot be saved", async () => {
    const backend = new MemoryBackend();
    backend.create = down;
    const response = await makeSessions({ backend, logger }).run(
      requestWith(""),
      async (visit) => {
        await visit.getSession();
        throw new Error("no");
      },
      {
        async onError(_error, visit) {
          (await visit.getSession()).flash("Something went wrong.");
          return new Response(null, { status: 500 });
        },
      },
    );
    expect(response.status).toBe(500);
  });

  test("when work after the response fails", async () => {
    const { backend, sessions, cookie, advance } = await site({ idleTimeout: 100 });
    const done: string[] = [];
    const failAs = (name: string) => () => {
      done.push(name);
      return down();
    };
    Object.assign(backend, { touch: failAs("touch"), prune: failAs("prune") });
    backend.owners.remove = failAs("remove");
    advance(70);
    expect(await dataOf(sessions, cookie)).toEqual({ a: 1 });
    await sessions.run(requestWith(cookie), async (visit) => Response.json((await visit.getSession()).size));
    await begun(sessions, { a: 1 });
    await sessions.revokeAll("user:1");
    await expect.poll(() => done.toSorted()).toEqual(["prune", "remove", "touch"]);
  });

  test("when an imported session cannot be removed from its old store", async () => {
    const source = importSessions({ cookieNames: ["old"], read: () => ({ data: { a: 1 }, forget: down }) });
    const sessions = makeSessions({ import: source, logger });
    const response = await sessions.run(requestWith("old=1"), async (visit) => Response.json((await visit.getSession()).size));
    expect(response.status).toBe(200);
  });

  test("when a proxy is not trusted", async () => {
    const request = requestWith("", { headers: { "x-forwarded-proto": "https" } });
    const response = await makeSessions({ logger }).run(request, async (visit) => {
      (await visit.getSession<Data>()).set("a", 1);
      return new Response(null, { status: 204 });
    });
    expect(response.status).toBe(204);
  });
});
