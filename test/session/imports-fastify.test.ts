import { createServer } from "node:http";
import { createRequire } from "node:module";
import fastifyCookie from "@fastify/cookie";
import { ConfigError } from "@mini/core";
import { MemoryBackend } from "@mini/session";
import { importFastifySession, importIronSession, importSecureSession, type ExpressStoreLike } from "@mini/session/import";
import fastify, { type FastifyInstance, type FastifyPluginCallback } from "fastify";
import { getIronSession, sealData, unsealData } from "iron-session";
import { afterEach, describe, expect, test } from "vitest";
import { values, visit } from "../support/old-sessions.ts";
import { cookieOf, dataOf, makeSessions, requestWith } from "../support/visits.ts";

// Required, because their types of `request.session` conflict with ours.
const load = createRequire(import.meta.url);
const secureSession = load("@fastify/secure-session") as FastifyPluginCallback<Record<string, unknown>>;
const fastifySession = load("@fastify/session") as FastifyPluginCallback<Record<string, unknown>> & {
  readonly MemoryStore: new (map: Map<string, unknown>) => ExpressStoreLike;
};
type Decode = Parameters<typeof importSecureSession>[0]["decode"];

const until = Date.parse("2100-01-01");
const secret = "an old secret, and it has enough characters";
const another = "another secret, and it has enough characters";
const closing: (() => unknown)[] = [];

afterEach(() => Promise.all(closing.splice(0).map((close) => close())));

/** The cookies that a plugin of Fastify sets when a visitor's session gets `values`. */
async function cookiesFrom(register: (app: FastifyInstance) => unknown): Promise<string> {
  const app = fastify({ trustProxy: true });
  closing.push(() => app.close());
  await register(app);
  app.get("/", async (request) => {
    for (const [name, value] of Object.entries(values)) (request.session as unknown as Map<string, unknown>).set(name, value);
    return "in";
  });
  const response = await fetch(await app.listen({ port: 0, host: "127.0.0.1" }), { headers: { "x-forwarded-proto": "https" } });
  return cookieOf(response.headers.getSetCookie());
}

async function cookiesFromIron(options: object): Promise<string> {
  const server = createServer((request, response) => {
    void (async () => {
      const session = await getIronSession<object>(request, response, { cookieName: "old", password: secret, ...options });
      Object.assign(session, values);
      await session.save();
      response.end("in");
    })();
  });
  closing.push(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return cookieOf((await fetch(`http://127.0.0.1:${port}`)).headers.getSetCookie());
}

/** The cookies whose value is another one: each is refused. */
const changedFrom = (cookie: string): readonly string[] => {
  const [name, value] = [cookie.slice(0, cookie.indexOf("=")), cookie.slice(cookie.indexOf("=") + 1)];
  return [`A${value}`, value.slice(0, -3), value.slice(3), value.replace(/[.*;]|%3B/, ""), "", "%", "%00", ";", "A".repeat(3000)].map(
    (each) => `${name}=${each}`,
  );
};

describe("a session of iron-session", () => {
  const make = (options: object = {}) => importIronSession({ unsealData, cookieName: "old", password: secret, until, ...options });

  test("is imported by the first request that uses it, and its cookie is cleared", async () => {
    for (const ttl of [undefined, 0, 3600]) {
      const moved = await visit({ import: make() }, await cookiesFromIron(ttl === undefined ? {} : { ttl }));
      expect([moved.seen, moved.cleared]).toEqual([values, ["old"]]);
      expect(await dataOf(moved.sessions, moved.cookie)).toEqual(values);
    }
  });

  test("is found by the number of its password", async () => {
    const first = await cookiesFromIron({ password: { 1: secret } });
    const second = await cookiesFromIron({ password: { 1: secret, 2: another } });
    expect((await visit({ import: make({ password: { 1: secret, 2: another } }) }, first)).seen).toEqual(values);
    expect((await visit({ import: make({ password: { 1: secret, 2: another } }) }, second)).seen).toEqual(values);
    expect((await visit({ import: make() }, second)).seen).toEqual({});
    expect((await visit({ import: make({ password: { 2: another } }) }, first)).seen).toEqual({});
  });

  test("is ignored when its cookie was changed, has another password, or is too old", async () => {
    const cookie = await cookiesFromIron({});
    for (const wrong of changedFrom(cookie)) expect((await visit({ import: make() }, wrong)).seen).toEqual({});
    for (const id of ["__proto__", "constructor", "toString", "2"]) {
      expect((await visit({ import: make() }, cookie.replace("*1*", `*${id}*`))).seen).toEqual({});
    }
    expect((await visit({ import: make({ password: another }) }, cookie)).seen).toEqual({});
    expect((await visit({ import: make({ until: 1 }) }, cookie)).seen).toEqual({});
    const expired = `old=${await sealData(values, { password: secret, ttl: -3600 })}`;
    expect((await visit({ import: make() }, expired)).seen).toEqual({});
  });

  test("is ignored when the sealed value is not an object", async () => {
    for (const sealed of [["a"], "text", 5, null, {}]) {
      const moved = await visit({ import: make() }, `old=${await sealData(sealed, { password: secret })}`);
      expect([moved.status, moved.seen, moved.cookie]).toEqual([200, {}, ""]);
    }
  });

  test("needs a password that iron-session accepts", () => {
    for (const password of ["short", {}, { 1: secret, 2: "short" }]) {
      expect(() => make({ password })).toThrow(ConfigError);
      expect(() => make({ password })).toThrow(/each password must have at least 32 characters/);
    }
  });
});

describe("a session of @fastify/session", () => {
  async function old(options: object = {}) {
    const store = new fastifySession.MemoryStore(new Map());
    const cookie = await cookiesFrom(async (app) => {
      await app.register(fastifyCookie);
      await app.register(fastifySession, { secret, store, cookie: { maxAge: 3_600_000 }, ...options });
    });
    const id = decodeURIComponent(cookie.slice(cookie.indexOf("=") + 1)).split(".")[0]!;
    return { store, cookie, id };
  }

  const found = (store: ExpressStoreLike, id: string) =>
    new Promise((resolve, reject) => {
      store.get(id, (error, session) => (error ? reject(error as Error) : resolve(session)));
    });

  test("is imported by the first request that uses it, and its cookie is cleared", async () => {
    for (const [options, names] of [
      [{}, {}],
      [
        { cookieName: "old", cookiePrefix: "s:" },
        { cookieName: "old", cookiePrefix: "s:" },
      ],
      [{ cookie: {} }, {}],
    ] as const) {
      const { store, cookie } = await old(options);
      const source = importFastifySession({ secret: [another, secret], store, ...names });
      const moved = await visit({ import: source }, cookie);
      expect([moved.seen, moved.cleared]).toEqual([values, [names.cookieName ?? "sessionId"]]);
      expect(await dataOf(moved.sessions, moved.cookie)).toEqual(values);
    }
  });

  test("can be used for 30 seconds by requests that were sent before, and no longer", async () => {
    const { store, cookie, id } = await old();
    const source = importFastifySession({ secret, store });
    await visit({ import: source }, cookie);
    await expect.poll(() => found(store, id)).toHaveProperty("cookie.originalMaxAge", 30_000);
    expect((await visit({ import: source }, cookie)).seen).toEqual(values);
    const later = importFastifySession({ secret, store, now: () => Date.now() + 31_000 });
    expect((await visit({ import: later }, cookie)).seen).toEqual({});
  });

  test("is removed from its store by a log-out", async () => {
    const { store, cookie, id } = await old();
    const sessions = makeSessions({ backend: new MemoryBackend(), import: importFastifySession({ secret, store }) });
    await sessions.run(requestWith(cookie), async (visiting) => {
      await visiting.deleteSession();
      return new Response(null);
    });
    expect(await found(store, id)).toBeUndefined();
  });

  test("is ignored when its cookie was changed, has another secret, or is too old", async () => {
    const { store, cookie } = await old();
    const source = importFastifySession({ secret, store });
    for (const wrong of changedFrom(cookie)) expect((await visit({ import: source }, wrong)).seen).toEqual({});
    expect((await visit({ import: importFastifySession({ secret: another, store }) }, cookie)).seen).toEqual({});
    expect((await visit({ import: importFastifySession({ secret, store, cookiePrefix: "s:" }) }, cookie)).seen).toEqual({});
    const later = importFastifySession({ secret, store, now: () => Date.now() + 3_601_000 });
    expect((await visit({ import: later }, cookie)).seen).toEqual({});
  });
});

describe("a session of @fastify/secure-session", () => {
  const keys = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)] as const;

  /** Reads the cookies with the plugin, in a Fastify that does not listen. */
  async function reader(options: { readonly cookieName?: string; readonly key: unknown; readonly expiry?: number }) {
    const app = fastify();
    closing.push(() => app.close());
    await app.register(secureSession, options);
    await app.ready();
    return importSecureSession({ cookieName: options.cookieName, decode: app.getDecorator<Decode>("decodeSecureSession") });
  }

  const cookies = (options = {}) => cookiesFrom((app) => app.register(secureSession, { key: keys[0], ...options }));

  test("is imported by the first request that uses it, also with a newer key", async () => {
    for (const key of [keys[0], [keys[1], keys[0]]]) {
      const moved = await visit({ import: await reader({ key }) }, await cookies());
      expect(moved.seen).toEqual(values);
      expect(await dataOf(moved.sessions, moved.cookie)).toEqual(values);
    }
  });

  test("has its cookie cleared when ours has another name", async () => {
    const source = await reader({ key: keys[0], cookieName: "old" });
    const { seen, cleared } = await visit({ import: source }, await cookies({ cookieName: "old" }));
    expect([seen, cleared]).toEqual([values, ["old"]]);
  });

  test("is ignored when its cookie was changed, has another key, or is too old", async () => {
    const cookie = await cookies();
    const source = await reader({ key: keys[0] });
    for (const wrong of changedFrom(cookie)) {
      const { status, seen } = await visit({ import: source }, wrong);
      expect([status, seen]).toEqual([200, {}]);
    }
    expect((await visit({ import: await reader({ key: keys[1] }) }, cookie)).seen).toEqual({});
    expect((await visit({ import: await reader({ key: keys[0], expiry: -1 }) }, cookie)).seen).toEqual({});
  });
});
