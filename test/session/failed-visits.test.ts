import { HTTPError } from "@mini/core";
import { CookieTooLargeError, type Visit } from "@mini/session";
import { describe, expect, test } from "vitest";
import { begun, cookieOf, dataOf, FailingBackend, inMemory, makeSessions, requestWith, setA, url, type Data } from "../support/visits.ts";

describe("a visit that fails", () => {
  test("by its backend is answered 503, and the cookie that clears an ended session is sent", async () => {
    const backend = new FailingBackend();
    const sessions = makeSessions({ backend });
    const cookie = await begun(sessions, { a: 1 });
    backend.isDown = true;
    const visit = sessions.visit(requestWith(cookie));
    await expect(visit.deleteSession()).rejects.toThrow("Service Unavailable");
    let isCancelled = false;
    const body = new ReadableStream({ cancel: () => void (isCancelled = true) });
    const finished = await visit.finish(new Response(body, { headers: { "x-of-handler": "1" } }));
    expect([finished.status, await finished.text()]).toEqual([503, "Service Unavailable"]);
    expect(Object.fromEntries(finished.headers)).toEqual({
      "cache-control": "no-store",
      "content-type": "text/plain; charset=utf-8",
      "retry-after": "1",
      "set-cookie": "session=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax",
      vary: "Cookie",
      "x-content-type-options": "nosniff",
    });
    expect(isCancelled).toBe(true);
  });

  test("clears the cookie of an ended session, whatever error a changed value of another session throws", async () => {
    const backend = new FailingBackend();
    const sessions = makeSessions({ backend });
    const first = sessions.begin();
    (await first.getSession<Data>()).set("a", 1);
    (await first.getSession<Data>("other")).set("b", { c: 1 });
    (await first.getSession<Data>("third")).set("a", 1);
    await first.commit();
    const visit = sessions.visit(requestWith(cookieOf(first.cookies)));
    const value = (await visit.getSession<Data>("other")).get("b") as object;
    Object.defineProperty(value, "c", {
      enumerable: true,
      get() {
        throw new RangeError("no");
      },
    });
    await visit.deleteSession();
    backend.isDown = true;
    await expect(visit.getSession("third")).rejects.toThrow("Service Unavailable");
    const finished = await visit.finish(new Response(null));
    expect([finished.status, finished.headers.getSetCookie().filter((line) => line.startsWith("session="))]).toEqual([
      503,
      [expect.stringContaining("Max-Age=0")],
    ]);
  });

  test("at its commit rejects, and the error response gets the cookies that must be sent", async () => {
    const sessions = inMemory();
    const cookie = await begun(sessions, { a: 1 });
    const visit = sessions.visit(requestWith(cookie));
    await visit.deleteSession();
    (await visit.getSession<Data>("big", { backend: "securecookie" })).set("text", "x".repeat(5000));
    await expect(visit.finish(new Response("hello"))).rejects.toThrow(CookieTooLargeError);
    expect(visit.cookies.map((line) => line.split(";").slice(0, 2))).toEqual([["session=", " Max-Age=0"]]);
    const finished = await visit.finish(new Response("sorry", { status: 500 }), { failed: true });
    expect([finished.status, finished.headers.getSetCookie().length]).toEqual([500, 1]);
  });

  test("says so: changes are dropped, messages are put back", async () => {
    const sessions = inMemory();
    const cookie = await begun(sessions, { a: 1 });
    await sessions.run(requestWith(cookie), async (visit) => {
      (await visit.getSession()).flash("hello");
      return new Response(null);
    });
    const visit = sessions.visit(requestWith(cookie));
    const session = await visit.getSession<Data>();
    session.set("a", 2);
    expect(await session.getFlashes()).toHaveLength(1);
    const finished = await visit.finish(new Response("sorry", { status: 500 }), { failed: true });
    expect([finished.status, finished.headers.getSetCookie()]).toEqual([500, []]);
    const left = await sessions.read<Data>(cookie);
    expect([left.get("a"), left.peekFlashes().length]).toEqual([1, 1]);
  });
});

describe("run", () => {
  test.each([
    ["undefined", undefined],
    ["null", null],
    ["an Error", new Error("no")],
  ])("rejects with what was thrown, %s, and drops the changes", async (_title, thrown) => {
    const sessions = inMemory();
    const cookie = await begun(sessions, { a: 0 });
    const ends = await Promise.allSettled([
      sessions.run(requestWith(cookie), async (visit) => {
        await setA(visit);
        throw thrown;
      }),
    ]);
    expect(ends).toEqual([{ status: "rejected", reason: thrown }]);
    expect(await dataOf(sessions, cookie)).toEqual({ a: 0 });
  });

  test("passes what was thrown to onError, whose response gets the cookies that must be sent", async () => {
    const sessions = inMemory();
    const cookie = await begun(sessions, { a: 1 });
    const seen: unknown[] = [];
    const response = await sessions.run(
      requestWith(cookie),
      async (visit) => {
        await visit.deleteSession();
        visit.setSecureCookie("campaign", {});
        throw undefined;
      },
      {
        onError(error) {
          seen.push(error);
          return new Response("sorry", { status: 500 });
        },
      },
    );
    expect([seen, response.status, response.headers.getSetCookie().map((line) => line.split(";")[0])]).toEqual([
      [undefined],
      500,
      ["session="],
    ]);
    expect(await sessions.count()).toBe(0);
  });

  test("rejects with the error of onError, and puts messages back", async () => {
    const sessions = inMemory();
    const cookie = await begun(sessions, { a: 1 });
    await sessions.run(requestWith(cookie), async (visit) => {
      (await visit.getSession()).flash("hello");
      return new Response(null);
    });
    const running = sessions.run(
      requestWith(cookie),
      async (visit) => {
        await (await visit.getSession()).getFlashes();
        throw new Error("first");
      },
      { onError: () => Promise.reject(new Error("second")) },
    );
    await expect(running).rejects.toThrow("second");
    expect((await sessions.read(cookie)).peekFlashes()).toHaveLength(1);
  });

  test("saves for an HTTPError and a thrown Response, and answers with them", async () => {
    const sessions = inMemory();
    const cookie = await begun(sessions, { failures: 0 });
    const add = async (visit: Visit) => void (await visit.getSession<Data>()).increment("failures");
    const refused = await sessions.run(requestWith(cookie), async (visit) => {
      await add(visit);
      throw new HTTPError(403, "<b>no</b>", { headers: { "x-why": "1" } });
    });
    expect([refused.status, refused.headers.get("content-type"), refused.headers.get("x-why"), await refused.text()]).toEqual([
      403,
      "text/plain; charset=utf-8",
      "1",
      "<b>no</b>",
    ]);
    const redirected = await sessions.run(requestWith(cookie), async (visit) => {
      await add(visit);
      throw Response.redirect("http://localhost/next");
    });
    expect([redirected.status, redirected.headers.get("location")]).toEqual([302, "http://localhost/next"]);
    expect(await dataOf(sessions, cookie)).toEqual({ failures: 2 });
  });

  test("answers 503 when a session cannot be loaded, also to HEAD, without a body", async () => {
    const backend = new FailingBackend();
    const sessions = makeSessions({ backend });
    const cookie = await begun(sessions, { a: 1 });
    backend.isDown = true;
    const work = async (visit: Visit) => new Response(String((await visit.getSession<Data>()).get("a")));
    const got = await sessions.run(requestWith(cookie), work);
    expect([got.status, got.headers.get("retry-after"), got.headers.getSetCookie()]).toEqual([503, "1", []]);
    const head = await sessions.run(requestWith(cookie, { method: "HEAD" }), work);
    expect([head.status, head.body]).toEqual([503, null]);
  });

  test("rejects with the error of the handler, even if the handler has committed the visit itself", async () => {
    const work = async (visit: Visit) => {
      await visit.commit();
      throw new Error("no");
    };
    await expect(inMemory().run(new Request(url), work)).rejects.toThrow("no");
  });

  test("does not end the process when no code awaits it", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    void inMemory().run(new Request(url), () => Promise.reject(new Error("no")));
    void makeSessions().list("user:1");
    await new Promise((resolve) => setTimeout(resolve, 0));
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });
});
