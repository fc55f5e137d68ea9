import { getRequestListener } from "@hono/node-server";
import { HTTPError } from "@mini/core";
import type { Sessions, Visit } from "@mini/session";
import { Elysia, NotFoundError, redirect, status } from "elysia";
import { describe, expect, test } from "vitest";
import { gate } from "../../support/gate.ts";
import { ask, expectSaved, serveListener } from "../../support/node-listener.ts";
import { cookieOf, dataOf, FailingBackend, inMemory, makeSessions, setA, type Data } from "../../support/visits.ts";

type Handler = (context: { readonly visit: Visit; readonly request: Request }) => unknown;

/** An application as the guide has it, served on a socket. */
async function serve(routes: Readonly<Record<string, Handler>>, sessions: Sessions = inMemory()): Promise<string> {
  const visits = new WeakMap<Request, Visit>();
  const failed = new WeakSet<Request>();
  const app = new Elysia()
    .derive({ as: "global" }, ({ request }) => ({ visit: visits.get(request)! }))
    .onError({ as: "global" }, ({ request, code, error }) => {
      const ownStatus = (error as { readonly status?: number } | undefined)?.status ?? 500;
      if (typeof code !== "number" && ownStatus >= 500) failed.add(request);
    });
  for (const [path, handler] of Object.entries(routes)) app.get(path, handler);
  const answer = async (request: Request) => {
    const visit = sessions.visit(request);
    visits.set(request, visit);
    const response = await app.handle(request);
    return visit.finish(response, { failed: failed.has(request) });
  };
  // The listener replaces Request and Response of the process if it may, which other test files would see.
  const listener = getRequestListener(answer, { overrideGlobalObjects: false });
  return serveListener((incoming, outgoing) => void listener(incoming, outgoing));
}

test.each([
  ["text", () => "hello", 200, "hello"],
  ["an object", () => ({ a: 1 }), 200, '{"a":1}'],
  ["a status", () => status(418, "tea"), 418, "tea"],
  ["a redirect", () => redirect("http://localhost/next", 303), 303, ""],
  ["a response of its own", () => new Response("own", { status: 201, headers: { vary: "Accept" } }), 201, "own"],
  ["an immutable response", () => Response.redirect("http://localhost/next"), 302, ""],
  ["a stream", () => new Response(new Blob(["streamed"]).stream()), 200, "streamed"],
])("a handler of Elysia that returns %s: the session is committed before the head", async (_title, answer, code, text) => {
  const sessions = inMemory();
  const url = await serve({ "/": async ({ visit }) => (await setA(visit), answer()) }, sessions);
  const got = await ask(url);
  expect([got.status, got.text]).toEqual([code, text]);
  await expectSaved(got, sessions, { a: 1 });
});

test("a session that is only read adds Vary, and a request without a session gets the response as it is", async () => {
  const url = await serve({ "/": async ({ visit }) => String((await visit.getSession<Data>()).get("a")), "/plain": () => "plain" });
  const [read, plain, missing] = [await ask(url), await ask(`${url}/plain`), await ask(`${url}/missing`)];
  expect([read.text, read.lines, read.headers.vary]).toEqual(["undefined", [], "Cookie"]);
  expect([plain.text, plain.lines, plain.headers.vary]).toEqual(["plain", [], undefined]);
  expect([missing.status, missing.lines]).toEqual([404, []]);
});

describe("an error of a handler", () => {
  class Conflict extends Error {
    readonly status = 409;
  }

  test.each([
    ["a status that is thrown", () => status(403, "no"), 403, 2],
    ["an error of Elysia", () => new NotFoundError(), 404, 2],
    ["an HTTPError", () => new HTTPError(400, "no"), 400, 2],
    ["an error with the status 409", () => new Conflict("no"), 409, 2],
    ["an unexpected error", () => new Error("no"), 500, 1],
    // Elysia tells the code of the error then, as if it knew it.
    ["an unexpected error with a code", () => Object.assign(new Error("no"), { code: "ENOENT" }), 500, 1],
  ])("%s: changes are saved if it is expected, and dropped if not", async (_title, make, code, value) => {
    const sessions = inMemory();
    const url = await serve(
      {
        "/set": async ({ visit }) => (await setA(visit), "set"),
        "/fail": async ({ visit }) => {
          (await visit.getSession<Data>()).set("a", 2);
          throw make();
        },
      },
      sessions,
    );
    const cookie = cookieOf((await ask(`${url}/set`)).lines);
    expect((await ask(`${url}/fail`, { headers: { cookie } })).status).toBe(code);
    expect(await dataOf(sessions, cookie)).toEqual({ a: value });
  });
});

test("when the backend is down, a load and a commit are answered with 503, and no cookie is sent", async () => {
  const backend = new FailingBackend();
  const url = await serve(
    {
      "/set": async ({ visit }) => (await setA(visit), "set"),
      "/lost": async ({ visit }) => {
        await setA(visit);
        backend.isDown = true;
        return "lost";
      },
    },
    makeSessions({ backend }),
  );
  const cookie = cookieOf((await ask(`${url}/set`)).lines);
  const commit = await ask(`${url}/lost`);
  expect([commit.status, commit.text, commit.lines]).toEqual([503, "Service Unavailable", []]);
  const load = await ask(`${url}/set`, { headers: { cookie } });
  expect([load.status, load.lines]).toEqual([503, []]);
});

test("two requests at once keep each other's changes, and a log-out is not undone by a slow request", async () => {
  const sessions = inMemory();
  let gates = { slow: gate(), begun: gate() };
  const set: (key: string, isSlow?: boolean) => Handler =
    (key, isSlow = false) =>
    async ({ visit }) => {
      const session = await visit.getSession<Data>();
      if (isSlow) {
        gates.begun.open();
        await gates.slow.opened;
      }
      session.set(key, 1);
      return "set";
    };
  const end: Handler = async ({ visit }) => (await visit.deleteSession(), "ended");
  const url = await serve({ "/quick": set("quick"), "/slow": set("slow", true), "/end": end }, sessions);
  const cookie = cookieOf((await ask(`${url}/quick`)).lines);
  const headers = { cookie };

  const slow = ask(`${url}/slow`, { headers });
  await gates.begun.opened;
  await ask(`${url}/quick`, { headers });
  gates.slow.open();
  await slow;
  expect(await dataOf(sessions, cookie)).toEqual({ quick: 1, slow: 1 });

  gates = { slow: gate(), begun: gate() };
  const late = ask(`${url}/slow`, { headers });
  await gates.begun.opened;
  await ask(`${url}/end`, { headers });
  gates.slow.open();
  expect((await late).lines).toEqual([]);
  expect((await sessions.read(cookie)).isNew).toBe(true);
});
