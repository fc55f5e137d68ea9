import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Response, setCookie, text } from "@mini/core";
import { describe, expect, test } from "vitest";
import { linkInstalled } from "../support/build-packages.ts";
import { root, temporaryFolder } from "../support/folder.ts";
import { problemsOf, takeProblems, type Scanned } from "../support/response-scan.ts";
import { runNode } from "../support/run-node.ts";
import { sessionApp } from "../support/session-app.ts";
import { readSetCookie } from "../support/set-cookie.ts";

const guarded = ["vary", "Accept, cookie", "cache-control", "max-age=0, Private"];
const session = "session=v1.e30.1.AA; Path=/; HttpOnly; SameSite=Lax";

/** A response that sets one cookie of sessions, and breaks no rule. */
const good: Scanned = {
  status: 200,
  headers: ["content-type", "text/html", ...guarded, "set-cookie", session],
  text: "fine",
  secure: false,
  debug: false,
  accessed: true,
  known: (name) => (name === "session" ? { isReadable: false, isInsecure: false } : undefined),
  failed: false,
  kept: false,
};

const withCookies = (...lines: readonly string[]) => ({ headers: [...guarded, ...lines.flatMap((line) => ["set-cookie", line])] });
const stack = "Error: no\n    at Handler.get (/srv/app/handlers.ts:10:5)\n    at node:internal/process:95:5";

describe("the scan of responses", () => {
  test.each<readonly [string, Partial<Scanned>]>([
    ["one that sets a session's cookie", {}],
    ["one that asked for no session and has no Vary", { accessed: false, headers: ["content-type", "text/plain"] }],
    ["Vary: *", { headers: ["vary", "*", "cache-control", "no-store", "set-cookie", session] }],
    ["cookies of one name on two paths", withCookies(session, "session=; Path=/a; Max-Age=0; HttpOnly; SameSite=Lax")],
    ["a readable cookie that is not a session's", withCookies("theme=dark; Path=/")],
    [
      "a readable cookie of a session that is meant so",
      { known: () => ({ isReadable: true, isInsecure: false }), ...withCookies("a=b; SameSite=Lax") },
    ],
    ["a cookie without Secure that is meant so", { secure: true, known: () => ({ isReadable: false, isInsecure: true }) }],
    ["a cookie that a failed request clears", { failed: true, ...withCookies("session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax") }],
    ["a cookie of what was committed before the failure", { failed: true, kept: true }],
    ["a stack with debug", { status: 500, debug: true, text: stack }],
    ["an error without a stack", { status: 500, text: "<h1>500</h1> look at 10:30 or 11:30" }],
    ["a stack that is no error's", { text: stack }],
  ])("has nothing against %s", (_title, changes) => {
    expect(problemsOf({ ...good, ...changes })).toEqual([]);
  });

  test.each<readonly [string, Partial<Scanned>, string]>([
    ["a header's name", { headers: [...good.headers, "x y", "1"] }, 'a header cannot have the name "x y"'],
    ["a line break in a header", { headers: [...good.headers, "x", "1\r\ny: 2"] }, "the header x has a value that no header can have"],
    ["a blank at the end of a header", { headers: [...good.headers, "x", "1 "] }, "the header x has a value that no header can have"],
    ["a character beyond a byte", { headers: [...good.headers, "x", "\u0100"] }, "the header x has a value that no header can have"],
    ["a stack in text", { status: 500, text: stack }, "an error's response shows a stack"],
    ["a stack in a page", { status: 404, text: "<pre>at file:///srv/a.js:1:2</pre>" }, "an error's response shows a stack"],
    ["a stack in JSON", { status: 400, text: JSON.stringify({ stack }) }, "an error's response shows a stack"],
    ["a session without Vary", { headers: ["vary", "Accept"] }, "a session was asked for, and the response does not vary by Cookie"],
    [
      "a cookie without Vary",
      { accessed: false, headers: ["cache-control", "private", "set-cookie", session] },
      "the response sets the cookie session and does not vary by Cookie",
    ],
    [
      "a cookie that caches may store",
      { headers: ["vary", "Cookie", "cache-control", "public, x-private", "set-cookie", session] },
      "the response sets the cookie session and may be stored by shared caches",
    ],
    ["a value that is too long", withCookies(`a=${"b".repeat(4096)}`), "a cookie's name and value have more than 4096 bytes"],
    ["two cookies of one place", withCookies(session, session), "the cookie session is set twice"],
    ["__Host- without Secure", withCookies("__Host-a=b; Path=/"), "the cookie __Host-a lacks Secure, which its prefix asks for"],
    ["__secure- without Secure", withCookies("__secure-a=b"), "the cookie __secure-a lacks Secure, which its prefix asks for"],
    [
      "__Host- on a path",
      withCookies("__Host-a=b; Path=/a; Secure"),
      "the cookie __Host-a has a Domain or another Path than /, which its prefix forbids",
    ],
    [
      "__Host- with a domain",
      withCookies("__Host-a=b; Path=/; Secure; Domain=a.example"),
      "the cookie __Host-a has a Domain or another Path than /, which its prefix forbids",
    ],
    ["SameSite=None in the open", withCookies("a=b; SameSite=None"), "the cookie a is SameSite=None without Secure"],
    ["Partitioned in the open", withCookies("a=b; Partitioned"), "the cookie a is Partitioned without Secure"],
    ["a cookie for ever", withCookies("a=b; Max-Age=34560001"), "the cookie a has a Max-Age over 400 days"],
    ["a session that scripts can read", withCookies("session=a; SameSite=Lax"), "the cookie session lacks HttpOnly"],
    ["a session without SameSite", withCookies("session=a; HttpOnly"), "the cookie session lacks SameSite"],
    ["a session over https in the open", { secure: true }, "the cookie session lacks Secure on https"],
    ["a failed request that sets a session", { failed: true }, "the cookie session is set by a request that failed"],
    [
      "a cookie that is cleared with a value",
      withCookies("session=a; Max-Age=0; HttpOnly; SameSite=Lax"),
      "the cookie session is cleared with a value",
    ],
    ["a cookie that cannot be read", withCookies("a"), "a line of Set-Cookie has no name that a cookie can have"],
  ])("finds %s", (_title, changes, problem) => {
    expect(problemsOf({ ...good, ...changes })).toEqual([problem]);
  });

  test.each([
    ["=a", "has no name that a cookie can have"],
    ["a b=c", "has no name that a cookie can have"],
    ["a=b c", "has a value that no cookie can have"],
    ['a="b', "has a value that no cookie can have"],
    ["a=b\\c", "has a value that no cookie can have"],
    ["a=é", "has a value that no cookie can have"],
    ["a=b,c", "has a value that no cookie can have"],
    ["a=b\0", "has a control character"],
    ["a=b; Path=/\x7f", "has a control character"],
    ["a=b; Httponly=1", "has an attribute httponly that says nothing"],
    ["a=b; Max-Age=-1", "has an attribute max-age that says nothing"],
    ["a=b; Expires=tomorrow", "has an attribute expires that says nothing"],
    ["a=b; Path=a", "has an attribute path that says nothing"],
    ["a=b; Domain=a..b", "has an attribute domain that says nothing"],
    ["a=b; SameSite=lax", "has an attribute samesite that says nothing"],
    ["a=b; Priority=High", 'has the attribute "priority", which is none'],
    ["a=b; Path=/; path=/", "has the attribute path twice"],
  ])("cannot read the cookie %j", (line, problem) => {
    expect(readSetCookie(line)).toBe(problem);
  });

  test("reads a cookie with every attribute", () => {
    const line =
      'a="b"; Max-Age=0; Domain=.a-b.example; Path=/x y; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; Partitioned; SameSite=None';
    expect(readSetCookie(line)).toMatchObject({ name: "a", value: '"b"' });
  });
});

describe("of a test", () => {
  test("every response of an application is checked, with its use of sessions", async () => {
    const app = sessionApp({ baseUrl: "https://localhost" });
    const open = await app.run(() => setCookie("session", "made.by.hand", { httpOnly: false }));
    expect([open.status, takeProblems()]).toEqual([
      200,
      [
        "GET / 200: the cookie session lacks HttpOnly",
        "GET / 200: the cookie session lacks Secure on https",
        "GET / 200: the response sets the cookie session and does not vary by Cookie",
        "GET / 200: the response sets the cookie session and may be stored by shared caches",
      ],
    ]);
    const shown = await app.run(() => text(new Error("no").stack!, { status: 500 }));
    expect([shown.status, takeProblems()]).toEqual([500, ["GET / 500: an error's response shows a stack"]]);
    await app.run((store) => {
      store.getSecureCookie("named");
      setCookie("named", "made.by.hand", { httpOnly: false, secure: true });
      return new Response("", { headers: { "cache-control": "private" } });
    });
    expect(takeProblems()).toEqual(["GET / 200: the cookie named lacks HttpOnly"]);
  });

  test("a response that breaks a rule fails the test", async () => {
    const program = `
      import { test } from "vitest";
      import { App, RequestHandler, Response, Rule, setCookie } from ${JSON.stringify(join(root, "packages/core/src/index.ts"))};
      class Handler extends RequestHandler {
        get() {
          setCookie("a", "1", { path: "/" });
          return new Response(null, { headers: [["set-cookie", "a=2; Path=/"]] });
        }
      }
      const app = new App({ rules: [new Rule("/", { handler: Handler })] });
      test("all is well", async () => {
        await app.fetch(new Request("http://localhost/"));
      });
      test("and elsewhere", () => {});
    `;
    const config = `export default { test: { include: ["*.test.ts"], setupFiles: [${JSON.stringify(join(root, "test/support/scan-setup.ts"))}] } };`;
    const folder = temporaryFolder({ "some.test.ts": program, "vitest.config.mjs": config });
    mkdirSync(join(folder, "node_modules"));
    linkInstalled(folder, "vitest");
    const env = { NO_COLOR: "1", FORCE_COLOR: undefined, VITEST: undefined, VITEST_POOL_ID: undefined, VITEST_WORKER_ID: undefined };
    const { code, stdout, stderr } = await runNode([join(root, "node_modules/vitest/vitest.mjs"), "run"], { cwd: folder, env });
    expect(stderr).toMatch(/GET \/ 200: the cookie a is set twice/);
    expect(stdout).toMatch(/Tests {2}1 failed \| 1 passed \(2\)/);
    expect(code).toBe(1);
  });
});
