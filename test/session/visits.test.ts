import { Readable } from "node:stream";
import { text } from "@mini/core";
import { SessionCommittedError } from "@mini/session";
import { describe, expect, test } from "vitest";
import { begun, cookieOf, dataOf, inMemory, requestWith, setA, url, type Data } from "../support/visits.ts";

describe("a visit that is finished with a response", () => {
  test("returns the response itself when no session was used", async () => {
    const response = new Response("hello");
    expect(await inMemory().visit(requestWith("session=garbage")).finish(response)).toBe(response);
  });

  test("only reads: Vary is added to that of the response, and no cookie", async () => {
    const visit = inMemory().visit(new Request(url));
    await visit.getSession();
    const finished = await visit.finish(new Response("hello", { headers: { vary: "accept, COOKIE" } }));
    expect([...finished.headers]).toEqual([
      ["content-type", "text/plain;charset=UTF-8"],
      ["vary", "accept, COOKIE"],
    ]);
  });

  test.each([
    ["an immutable redirect", () => Response.redirect("http://localhost/next", 303), 303, ""],
    ["304", () => new Response(null, { status: 304, headers: { etag: '"1"' } }), 304, ""],
    ["204", () => new Response(null, { status: 204 }), 204, ""],
    ["JSON", () => Response.json({ a: 1 }), 200, '{"a":1}'],
    ["a stream", () => new Response(Readable.toWeb(Readable.from([Buffer.from("a"), Buffer.from("b")])) as ReadableStream), 200, "ab"],
    ["a Response of @mini/core", () => text("core", { status: 201 }), 201, "core"],
    ["an error status", () => new Response("no", { status: 500, statusText: "Sorry" }), 500, "no"],
  ])("%s: gets the cookie and keeps the rest", async (_title, make, status, body) => {
    const sessions = inMemory();
    const visit = sessions.visit(new Request(url));
    await setA(visit);
    const given: Response = make();
    const finished = await visit.finish(given);
    expect([finished.status, finished.statusText, await finished.text()]).toEqual([status, given.statusText, body]);
    expect(finished.headers.get("cache-control")).toBe("no-store");
    expect(finished.headers.getSetCookie()).toEqual([expect.stringMatching(/^session=v1\.[\w.-]+; Path=\/; HttpOnly; SameSite=Lax$/)]);
    expect(given.headers.has("set-cookie")).toBe(false);
    expect(await dataOf(sessions, cookieOf(finished.headers.getSetCookie()))).toEqual({ a: 1 });
  });

  test("keeps cookies of the program, and a Cache-Control that is private already", async () => {
    const visit = inMemory().visit(new Request(url));
    await setA(visit);
    const headers = new Headers({ "cache-control": "private, max-age=5" });
    headers.append("set-cookie", "one=1");
    headers.append("set-cookie", "two=2");
    const finished = await visit.finish(new Response("hello", { headers }));
    expect(finished.headers.getSetCookie().map((line) => line.split("=")[0])).toEqual(["one", "two", "session"]);
    expect(finished.headers.get("cache-control")).toBe("private, max-age=5");
  });

  test.each([
    ["what is no response", () => "hello", "it is not a Response"],
    ["nothing", () => undefined, "it is not a Response"],
    ["Response.error()", () => Response.error(), "its status is 0"],
  ])("%s is refused, and nothing is saved", async (_title, make, problem) => {
    const sessions = inMemory();
    const visit = sessions.visit(new Request(url));
    await setA(visit);
    await expect(visit.finish(make() as Response)).rejects.toThrow(new TypeError(`Cannot finish a visit with this response: ${problem}.`));
    expect(await sessions.count()).toBe(0);
  });

  test("a response that was read is refused, and nothing is saved", async () => {
    const sessions = inMemory();
    const visit = sessions.visit(new Request(url));
    await setA(visit);
    const response = new Response("hello");
    await response.text();
    await expect(visit.finish(response)).rejects.toThrow("its body was read already");
    expect(await sessions.count()).toBe(0);
  });

  test("cannot be finished again, changed or used for the first time", async () => {
    const visit = inMemory().visit(new Request(url));
    const session = await visit.getSession<Data>();
    await visit.finish(new Response("one"));
    await expect(visit.finish(new Response("two"))).rejects.toThrow(SessionCommittedError);
    await expect(visit.commit()).rejects.toThrow(SessionCommittedError);
    expect(() => session.set("a", 1)).toThrow(SessionCommittedError);
    const unused = inMemory().visit(new Request(url));
    await unused.finish(new Response("one"));
    await expect(unused.getSession()).rejects.toThrow(SessionCommittedError);
  });

  test("is finished once when it is finished twice at the same time", async () => {
    const sessions = inMemory();
    const visit = sessions.visit(new Request(url));
    await setA(visit);
    const ends = await Promise.allSettled([visit.finish(new Response("one")), visit.finish(new Response("two"))]);
    expect(ends.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect(await sessions.count()).toBe(1);
  });

  test("waits for work that the program does not await", async () => {
    const sessions = inMemory();
    const cookie = await begun(sessions, { a: 1 });
    const visit = sessions.visit(requestWith(cookie));
    void visit.deleteSession();
    const finished = await visit.finish(new Response("bye"));
    expect(finished.headers.getSetCookie()).toEqual([
      "session=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax",
    ]);
    expect(await sessions.count()).toBe(0);
  });

  test("HEAD and prefetch get no messages, and leave them where they are", async () => {
    const sessions = inMemory();
    const cookie = await begun(sessions, { a: 1 });
    await sessions.run(requestWith(cookie), async (visit) => {
      (await visit.getSession()).flash("hello");
      return new Response(null);
    });
    for (const init of [{ method: "HEAD" }, { headers: { "sec-purpose": "prefetch" } }]) {
      const visit = sessions.visit(requestWith(cookie, init));
      expect(await (await visit.getSession()).getFlashes()).toEqual([]);
      await visit.finish(new Response(null));
    }
    expect((await sessions.read(cookie)).peekFlashes()).toHaveLength(1);
  });
});

describe("Secure", () => {
  const lineFor = async (request: Request, options?: { secure?: boolean }) => {
    const visit = inMemory().visit(request, options);
    await setA(visit);
    return (await visit.finish(new Response(null))).headers.getSetCookie()[0]!.includes("; Secure");
  };

  test("depends on the URL, or on what the program says", async () => {
    expect(await lineFor(new Request("http://a/"))).toBe(false);
    expect(await lineFor(new Request("https://a/"))).toBe(true);
    expect(await lineFor(new Request("http://a/", { headers: { "x-forwarded-proto": "https" } }))).toBe(false);
    expect(await lineFor(new Request("http://a/"), { secure: true })).toBe(true);
    expect(await lineFor(new Request("https://a/"), { secure: false })).toBe(false);
  });
});
