import { once } from "node:events";
import { connect } from "node:net";
import { text } from "@mini/core";
import { serve } from "@mini/core/serve";
import { MemoryBackend, type SessionBackend } from "@mini/session";
import { LmdbBackend } from "@mini/session/lmdb";
import { open } from "lmdb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Signer, type Purpose } from "../../packages/session/src/signing/signing.ts";
import { temporaryFolder } from "../support/folder.ts";
import { damaged, forged, type Forgery, type Given } from "../support/forgeries.ts";
import { start } from "../support/server-session-app.ts";
import { secretKey, sessionApp, type Work } from "../support/session-app.ts";
import { WatchedBackend } from "../support/watched-backend.ts";
import { within } from "../support/within.ts";

const root = open({ path: temporaryFolder(), overlappingSync: false });
afterAll(() => root.close());

/** Everything that the client is given by the library. */
interface Kind {
  readonly what: string;
  readonly name: "session" | "pass";
  readonly purpose: Purpose;
  readonly backend: (now: () => number) => SessionBackend | undefined;
}

const kinds: readonly Kind[] = [
  { what: "a session in its cookie", name: "session", purpose: "session-data", backend: () => undefined },
  { what: "a secure cookie", name: "pass", purpose: "secure-cookie", backend: () => undefined },
  { what: "a session in memory", name: "session", purpose: "session-id", backend: (now) => new MemoryBackend({ now }) },
  { what: "a session in LMDB", name: "session", purpose: "session-id", backend: (now) => new LmdbBackend({ root, now }) },
];

/** Tells all that a handler can see. */
const look: Work = async (store, session) => {
  const all = await session();
  const { isNew, size, createdAt, expiresAt, handle, modified } = all;
  const flashes = all.peekFlashes();
  return text(
    JSON.stringify([
      isNew,
      size,
      createdAt,
      expiresAt,
      handle ?? null,
      modified,
      all,
      flashes,
      store.getSecureCookie("pass", { maxAge: 3600 }) ?? null,
    ]),
  );
};

/** What nobody's request gets: written down, so that it is not only equal to itself. */
const nobody = JSON.stringify([
  200,
  [
    ["content-type", "text/plain;charset=UTF-8"],
    ["vary", "Cookie"],
  ],
  "[true,0,1700000007000,1701209607000,null,false,{},[],null]",
]);

async function setUp({ name, purpose, backend }: Kind, encrypt: boolean) {
  let time = start;
  const now = () => time;
  const real = backend(now);
  const watched = real === undefined ? undefined : new WatchedBackend(real);
  const app = sessionApp({ now, encrypt, ...(watched !== undefined && { backend: watched }) });
  const begin = async (who: string) => {
    const client = app.browser();
    await app.run(
      async (store, session) => {
        const own = await session();
        own.set("who", who);
        own.flash("hello");
        store.setSecureCookie("pass", { who });
      },
      { client },
    );
    return client.cookies.get(name)!;
  };
  const value = await begin("us");
  time += 7000;
  const other = await begin("them");
  watched?.counted();
  const ask = async (work: Work, cookie?: string) => {
    const client = app.browser();
    const response = await app.run(work, { client, ...(cookie !== undefined && { headers: { cookie } }) });
    const headers = [...response.headers].map(([header, content]) => [header, content.replace(/=[^;,]*;/, "=?;")]);
    return JSON.stringify([response.status, headers, await response.text()]);
  };
  const payload = Buffer.from(value.split(".")[1]!, "base64url").toString();
  const held = {
    "session-data": '{"data":{"who":"us"},"createdAt":1700000000000}',
    "secure-cookie": '{"who":"us"}',
    "session-id": "A".repeat(43),
  };
  const given: Given = {
    name,
    value,
    other,
    // The real id where it can be read. Nobody can read an encrypted one: there, one of the same length.
    text: purpose === "session-id" && !encrypt ? payload : held[purpose],
    purpose,
    encrypt,
    key: secretKey,
    madeAt: start,
  };
  return { ...app, ask, given, calls: () => watched?.counted() ?? [], isKept: watched !== undefined };
}

/** All that a server answers to some bytes, without the line of the Date. */
async function bytes(port: number, sent: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  const parts: Buffer[] = [];
  socket.on("data", (part: Buffer) => parts.push(part));
  socket.end(Buffer.from(sent.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"), "latin1"));
  await within("the answer to a request that closes its connection", once(socket, "close"));
  return Buffer.concat(parts)
    .toString("latin1")
    .replace(/\r\nDate: [^\r]*/i, "");
}

describe.each(kinds.flatMap((kind) => [false, true].map((encrypt) => [kind.what, encrypt, kind] as const)))(
  "the cookie of %s, encrypted: %s",
  (_what, encrypt, kind) => {
    let site: Awaited<ReturnType<typeof setUp>>;
    beforeAll(async () => {
      site = await setUp(kind, encrypt);
    });

    /** The forgeries whose answer is another than nobody's. */
    async function otherwise(forgeries: readonly Forgery[], work: Work, expected: string): Promise<string[]> {
      const different: string[] = [];
      for (const [title, cookie] of forgeries) {
        const answer = await site.ask(work, cookie);
        if (answer !== expected) different.push(`${title}: ${answer}`);
      }
      return different;
    }

    test("is accepted where it belongs", async () => {
      expect(await site.ask(look)).toBe(nobody);
      const { name, value, other } = site.given;
      for (const [cookie, who] of [
        [value, "us"],
        [other, "them"],
      ] as const) {
        expect(await site.ask(look, `${name}=${cookie}`)).toContain(`{\\"who\\":\\"${who}\\"}`);
      }
      expect(site.calls()).toEqual(site.isKept ? ["read", "read"] : []);
    });

    test("damaged in any way is answered like a missing one: the same bytes, no call, nothing logged", async () => {
      const forgeries = damaged(site.given);
      expect(forgeries.length).toBeGreaterThan(9 * site.given.value.length);
      expect(await otherwise(forgeries, look, nobody)).toEqual([]);
      expect([site.calls(), site.logged]).toEqual([[], []]);
    });

    test("forged in any way is answered like a missing one: the same bytes, no call, nothing logged", async () => {
      expect(await otherwise(forged(site.given), look, nobody)).toEqual([]);
      expect([site.calls(), site.logged]).toEqual([[], []]);
    });

    test("forged in any way is answered like a missing one on the wire: the same bytes except the Date", async () => {
      const server = await serve(site.app, { port: 0, silent: true, gracefulShutdown: false });
      try {
        const head = `GET / HTTP/1.1\r\nHost: localhost\r\nx-work: ${site.number(look)}\r\n`;
        const none = await bytes(server.port, `${head}\r\n`);
        expect(none).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
        expect(none.endsWith("\r\n\r\n[true,0,1700000007000,1701209607000,null,false,{},[],null]")).toBe(true);
        const different: string[] = [];
        for (const [title, cookie] of forged(site.given)) {
          // The parser of HTTP refuses what no header may hold, long before a cookie is looked at.
          // oxlint-disable-next-line no-control-regex
          if (/[\0-\x1f\x7f]/.test(cookie)) continue;
          const answer = await bytes(server.port, `${head}Cookie: ${cookie}\r\n\r\n`);
          if (answer !== none) different.push(`${title}: ${answer}`);
        }
        expect(different).toEqual([]);
        expect([site.calls(), site.logged]).toEqual([[], []]);
      } finally {
        await server.close();
      }
    });

    test("forged in any way leads to the same new session as a missing one", async () => {
      const write: Work = async (store, session) => {
        (await session()).set("who", "me");
        store.setSecureCookie("pass", { who: "me" });
      };
      const forgeries = forged(site.given);
      const plain = await site.ask(write);
      expect(plain).toMatch(/^\[200,.*\["set-cookie","session=\?; Path=\/; HttpOnly; SameSite=Lax"\].*,"done"\]$/);
      expect(await otherwise(forgeries, write, plain)).toEqual([]);
      expect(site.calls()).toEqual(site.isKept ? Array.from({ length: forgeries.length + 1 }, () => "create") : []);
    });
  },
);

/** Ids that were signed here and lead nowhere. */
const deadEnds: readonly (readonly [string, (site: Awaited<ReturnType<typeof setUp>>, sign: (id: string) => string) => Promise<string>])[] =
  [
    ["that was never given", async (_site, sign) => sign("A".repeat(43))],
    [
      "whose session has ended",
      async (site) => {
        await site.ask((store) => store.deleteSession(), `session=${site.given.other}`);
        return site.given.other;
      },
    ],
    [
      "that was replaced by another",
      async (site) => {
        await site.ask(async (_store, session) => (await session()).regenerate(), `session=${site.given.value}`);
        return site.given.value;
      },
    ],
  ];

describe.each(
  kinds
    .filter(({ purpose }) => purpose === "session-id")
    .flatMap((kind) => [false, true].map((encrypt) => [kind.what, encrypt, kind] as const)),
)("the id of %s, encrypted: %s", (_what, encrypt, kind) => {
  test.each(deadEnds)("%s is answered like a missing one, after one call", async (_title, lead) => {
    const site = await setUp(kind, encrypt);
    const ids = new Signer({ secretKeys: [secretKey], purpose: "session-id", encrypt, now: () => start });
    const value = await lead(site, (id) => ids.sign("session", id));
    site.calls();
    expect(await site.ask(look, `session=${value}`)).toBe(nobody);
    expect([site.calls(), site.logged]).toEqual([["read"], []]);
    expect(await site.ask(look, `session=${value}; session=${value}`)).toBe(nobody);
    expect(site.calls()).toEqual(["read"]);
  });
});
