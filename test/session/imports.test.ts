import { createRequire } from "node:module";
import { MemoryBackend } from "@mini/session";
import { importCookieSession, importExpressSession, importSessions, type ExpressStoreLike } from "@mini/session/import";
import express from "express";
import Koa from "koa";
import { describe, expect, test } from "vitest";
import { listen } from "../support/node-frameworks.ts";
import { redisServer, sharedRedis } from "../support/redis.ts";
import { need } from "../support/skip.ts";
import { values, visit } from "../support/old-sessions.ts";
import { cookieOf, dataOf, makeSessions, requestWith, type Data } from "../support/visits.ts";

const load = createRequire(import.meta.url);
const expressSession = load("express-session") as ((options: object) => express.RequestHandler) & { MemoryStore: new () => Store };
const cookieSession = load("cookie-session") as (options: object) => express.RequestHandler;
const koaSession = load("koa-session") as { readonly default: (options: object, app: Koa) => Koa.Middleware };

interface Store extends ExpressStoreLike {
  length?(done: (error: unknown, count: number) => void): void;
}

/** The cookies that a middleware of another library sets when a visitor's session gets `values`. */
async function cookiesFrom(middleware: express.RequestHandler): Promise<string> {
  const app = express();
  app.use(middleware);
  app.get("/", (request, response) => {
    Object.assign(request.session as object, values);
    response.send("in");
  });
  return cookieOf((await fetch(`http://127.0.0.1:${await listen(app)}`)).headers.getSetCookie());
}

async function cookiesFromKoa(options: object, keys: readonly string[]): Promise<string> {
  const app = new Koa();
  app.keys = [...keys];
  app.use(koaSession.default(options, app));
  app.use((ctx) => {
    Object.assign(ctx.session as object, values);
    ctx.body = "in";
  });
  const callback = app.callback();
  const port = await listen((request, response) => void callback(request, response));
  return cookieOf((await fetch(`http://127.0.0.1:${port}`)).headers.getSetCookie());
}

const until = Date.parse("2100-01-01");
const secret = "an old secret";

describe.each([
  [
    "cookie-session",
    "session",
    () => cookiesFrom(cookieSession({ keys: [secret] })),
    () => importCookieSession({ keys: ["new", secret], until }),
  ],
  [
    "cookie-session with a name and a newer key",
    "cart",
    () => cookiesFrom(cookieSession({ name: "cart", keys: [secret] })),
    () => importCookieSession({ name: "cart", keys: [secret], until }),
  ],
  ["koa-session", "koa.sess", () => cookiesFromKoa({}, [secret]), () => importCookieSession({ name: "koa.sess", keys: [secret], until })],
])("a session of %s", (_library, name, cookies, make) => {
  test("is imported by the first request that uses it, whatever the request does, and its cookies are cleared", async () => {
    const { sessions, seen, cookie, cleared } = await visit({ import: make() }, await cookies());
    expect(seen).toEqual(values);
    expect(await dataOf(sessions, cookie)).toEqual(values);
    expect(new Set(cleared)).toEqual(new Set([name, `${name}.sig`].filter((each) => each !== "session")));
  });

  test("is ignored if it was changed, is unsigned, is signed with another key or is too old", async () => {
    const old = await cookies();
    const { seen } = await visit({ import: make() }, old.replace("=", "=AAAA"));
    expect(seen).toEqual({});
    expect((await visit({ import: make() }, old.split("; ")[0]!)).seen).toEqual({});
    expect((await visit({ import: importCookieSession({ name, keys: ["another"], until }) }, old)).seen).toEqual({});
    expect((await visit({ import: importCookieSession({ name, keys: [secret], until: 1 }) }, old)).seen).toEqual({});
  });

  test("does not come back after a log-out", async () => {
    const sessions = makeSessions({ backend: new MemoryBackend(), import: make() });
    const response = await sessions.run(requestWith(await cookies()), async (store) => {
      await store.deleteSession();
      return new Response(null);
    });
    const cleared = response.headers
      .getSetCookie()
      .filter((line) => line.includes("Max-Age=0"))
      .map((line) => line.split("=")[0]);
    expect(new Set(cleared)).toEqual(new Set(["session", name, `${name}.sig`]));
  });
});

const redis = await sharedRedis();
need(redisServer, redis);

const stores: readonly (readonly [string, () => Store])[] = [
  ["memory", () => new expressSession.MemoryStore()],
  ...(redis === undefined
    ? []
    : [
        [
          "Redis",
          () => {
            const { RedisStore } = load("connect-redis") as { RedisStore: new (options: object) => Store };
            return new RedisStore({ client: redis.client, prefix: redis.prefix() });
          },
        ] as const,
      ]),
];

const sessionOf = (store: Store, id: string) =>
  new Promise<unknown>((resolve, reject) => {
    store.get(id, (error: unknown, session: unknown) => (error ? reject(error as Error) : resolve(session)));
  });

describe.each(stores)("a session of express-session in %s", (_title, open) => {
  async function old() {
    const store = open();
    const cookie = await cookiesFrom(expressSession({ secret, store, resave: false, saveUninitialized: false }));
    const id = decodeURIComponent(cookie.slice("connect.sid=".length)).slice(2).split(".")[0]!;
    return { store, cookie, id, source: importExpressSession({ secret: ["new", secret], store }) };
  }

  test("is imported by the first request that uses it, and its cookie is cleared", async () => {
    const { cookie, source } = await old();
    const moved = await visit({ import: source }, cookie);
    expect([moved.seen, moved.cleared]).toEqual([values, ["connect.sid"]]);
    expect(await dataOf(moved.sessions, moved.cookie)).toEqual(values);
  });

  test("can be used for 30 seconds by requests that were sent before, and no longer", async () => {
    const { store, cookie, id, source } = await old();
    await visit({ import: source }, cookie);
    await expect.poll(async () => (await sessionOf(store, id)) as object).toHaveProperty("cookie.originalMaxAge", 30_000);
    expect((await visit({ import: source }, cookie)).seen).toEqual(values);
    const later = importExpressSession({ secret, store, now: () => Date.now() + 31_000 });
    expect((await visit({ import: later }, cookie)).seen).toEqual({});
  });

  test("is removed from its store by a log-out, whether it was loaded before or not", async () => {
    for (const isLoaded of [true, false]) {
      const { store, cookie, id, source } = await old();
      const sessions = makeSessions({ backend: new MemoryBackend(), import: source });
      await sessions.run(requestWith(cookie), async (visiting) => {
        if (isLoaded) await visiting.getSession();
        await visiting.deleteSession();
        return new Response(null);
      });
      expect(await sessionOf(store, id)).toBeFalsy();
    }
  });

  test("is ignored when its cookie was changed", async () => {
    const { cookie, store, source } = await old();
    for (const wrong of [`${cookie}A`, cookie.replace("s%3A", "s%3AB"), "connect.sid=%", "connect.sid=s%3A", cookie.split(".")[0]!]) {
      expect((await visit({ import: source }, wrong)).seen).toEqual({});
    }
    expect((await visit({ import: importExpressSession({ secret: "another", store }) }, cookie)).seen).toEqual({});
  });
});

describe("importing", () => {
  const failing = importSessions({ cookieNames: ["old"], read: () => Promise.reject(new Error("down")) });

  test("is answered 503 while the old store is down, for requests that have an old cookie and use a session", async () => {
    expect((await visit({ import: failing }, "old=1")).status).toBe(503);
    expect((await visit({ import: failing }, "other=1")).status).toBe(200);
    const unused = await makeSessions({ import: failing }).run(requestWith("old=1"), () => new Response(null));
    expect(unused.status).toBe(200);
  });

  test("finds no session when a store in files says that the file is missing", async () => {
    const store = new expressSession.MemoryStore();
    const cookie = await cookiesFrom(expressSession({ secret, store, resave: false, saveUninitialized: false }));
    store.get = (_id, done) => done(Object.assign(new Error("no such file"), { code: "ENOENT" }));
    const { status, seen } = await visit({ import: importExpressSession({ secret, store }) }, cookie);
    expect([status, seen]).toEqual([200, {}]);
  });

  test("does nothing for a visitor who has a session, and for other sessions than the default one", async () => {
    const source = importSessions({ cookieNames: ["old"], read: () => ({ data: values }) });
    const first = await visit({ import: source }, "old=1");
    const changed = await first.sessions.run(requestWith(`${first.cookie}; old=1`), async (store) => {
      (await store.getSession<Data>()).set("user", 6);
      return Response.json((await store.getSession<Data>("second")).toJSON());
    });
    expect(await changed.json()).toEqual({});
    expect(await dataOf(first.sessions, first.cookie)).toEqual({ ...values, user: 6 });
  });

  test("leaves the old session where it is when the request fails", async () => {
    const forgotten: boolean[] = [];
    const source = importSessions({
      cookieNames: ["old"],
      read: () => ({ data: values, forget: async (hasEnded) => void forgotten.push(hasEnded) }),
    });
    const sessions = makeSessions({ import: source });
    const response = await sessions.run(
      requestWith("old=1"),
      async (store) => {
        await store.getSession();
        throw new Error("no");
      },
      { onError: () => new Response(null, { status: 500 }) },
    );
    expect([response.headers.getSetCookie(), forgotten]).toEqual([[], []]);
  });

  test("is refused at the start when it was not made by a function of the package", () => {
    expect(() => makeSessions({ import: { cookieNames: ["old"] } as never })).toThrow(
      'The session setting "import" must be made by a function of @mini/session/import',
    );
  });
});
