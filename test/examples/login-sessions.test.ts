import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { describeBrowser } from "../../examples/login/browsers.ts";
import { startApp, startCompiled } from "../support/app-process.ts";
import { root, temporaryFolder } from "../support/folder.ts";
import { Visitor, type Answer } from "../support/http.ts";
import { firefox, isSentAway, led, loginFolder, loginSite, password, safari, secretKey, logIn, signUp } from "../support/login-site.ts";

const { newVisitor, newMember, cookieOf, withCookie, dataPath } = loginSite();

describe("the members' pages", () => {
  test.each(["/account", "/account/sessions", "/account/password?a=b"])(
    "%s sends others to log in, and makes no session for that",
    async (path) => {
      const answer = await newVisitor().visit(path);
      expect(led(answer)).toEqual([303, `/log-in?next=${encodeURIComponent(path)}`]);
      expect(answer.setCookies).toEqual([]);
      const form = await newVisitor().visit(answer.headers["location"] as string);
      expect(form.text).toMatch(/^Log in Log in to go on\./);
      expect(form.markup).toContain(`name="next" id="next" value="${path}"`);
    },
  );

  test("are not stored in caches", async () => {
    const visitor = await newMember("radia");
    for (const path of ["/account", "/account/sessions", "/account/password"]) {
      expect((await visitor.visit(path)).headers["cache-control"]).toBe("no-store");
    }
  });

  test("do not change anything by a form of another site", async () => {
    const visitor = await newMember("whitfield");
    const headers = { origin: "https://other.example", "sec-fetch-site": "cross-site" };
    for (const path of ["/log-out", "/account/sessions/revoke-others", "/account/password", "/log-in"]) {
      expect((await visitor.visit(path, { form: {}, headers })).status).toBe(403);
    }
    expect((await visitor.visit("/account")).status).toBe(200);
  });
});

describe("the list of sessions", () => {
  /** The browsers in it, in order, with what else is in their heading. */
  const listed = ({ markup }: Answer) =>
    Array.from(markup.matchAll(/<h2>(.*?)<\/h2>/gs), ([, heading = ""]) => heading.replaceAll(/<[^>]*>/g, "").trim());
  const revokeButtons = ({ markup }: Answer) =>
    Array.from(markup.matchAll(/action="(\/account\/sessions\/[\w-]+\/revoke)"/g), ([, action = ""]) => action);

  test("names each browser, and a revoked one is logged out at once", async () => {
    const first = newVisitor();
    const second = newVisitor();
    await signUp(newVisitor(), "margaret");
    await logIn(first, { name: "margaret", password }, firefox);
    await logIn(second, { name: "margaret", password }, safari);
    const list = await second.visit("/account/sessions");
    expect(listed(list)).toEqual(["Safari on iPhone This browser", "Firefox on Linux", "Unknown browser"]);

    const [revokeFirst = ""] = revokeButtons(list);
    const answer = await second.visit(revokeFirst, { form: {} });
    expect(led(answer)).toEqual([303, "/account/sessions"]);
    expect(led(await first.visit("/account"))).toEqual(isSentAway);
    const after = await second.visit("/account/sessions");
    expect(after.text).toMatch(/^The session has ended\. Your sessions/);
    expect(listed(after)).toEqual(["Safari on iPhone This browser", "Unknown browser"]);

    await second.visit(revokeFirst, { form: {} });
    expect((await second.visit("/account/sessions")).text).toMatch(/^There is no such session/);
  });

  test("does not end those of another member", async () => {
    const owner = await newMember("tony");
    const other = newVisitor();
    await logIn(other, { name: "tony", password });
    const [revoke = ""] = revokeButtons(await owner.visit("/account/sessions"));
    const stranger = await newMember("mallory");
    await stranger.visit(revoke, { form: {} });
    expect((await stranger.visit("/account/sessions")).text).toMatch(/There is no such session/);
    expect((await other.visit("/account")).status).toBe(200);
  });

  test("ends all others at one press", async () => {
    const visitor = await newMember("frances");
    const others = [newVisitor(), newVisitor()];
    for (const other of others) await logIn(other, { name: "frances", password });
    await visitor.visit("/account/sessions/revoke-others", { form: {} });
    const list = await visitor.visit("/account/sessions");
    expect(list.text).toMatch(/You are logged out everywhere else: 2 sessions have ended\./);
    expect(list.text).toContain("You are logged in here, and nowhere else.");
    for (const other of others) expect(led(await other.visit("/account"))).toEqual(isSentAway);
  });
});

test("a new password ends all other sessions, and this session goes on with another id", async () => {
  const visitor = await newMember("hedy");
  const other = newVisitor();
  await logIn(other, { name: "hedy", password });
  const change = (current: string, next: string) => visitor.visit("/account/password", { form: { current, password: next } });

  const wrong = await change("wrong", "a new long password");
  expect([wrong.status, wrong.text]).toEqual([422, expect.stringContaining("The current password is wrong.")]);
  const short = await change(password, "short");
  expect([short.status, short.text]).toEqual([422, expect.stringContaining("A password has at least 10 characters.")]);
  expect((await other.visit("/account")).status).toBe(200);

  const before = await cookieOf(visitor);
  expect(led(await change(password, "a new long password"))).toEqual([303, "/account"]);
  expect((await visitor.visit("/account")).text).toMatch(/The password is changed, and you are logged out everywhere else\./);
  expect(led(await other.visit("/account"))).toEqual(isSentAway);
  expect(await withCookie(before)).toEqual(isSentAway);
  expect((await logIn(newVisitor(), { name: "hedy", password })).status).toBe(403);
  expect((await logIn(newVisitor(), { name: "hedy", password: "a new long password" })).status).toBe(303);
});

test("logging out ends the session while other requests use it", async () => {
  const visitor = await newMember("ken");
  const cookie = await cookieOf(visitor);
  const revoke = { form: {}, headers: { cookie } };
  const answers = await Promise.all([
    ...Array.from({ length: 6 }, () => newVisitor().visit("/account/sessions/none/revoke", revoke)),
    visitor.visit("/log-out", { form: {} }),
    ...Array.from({ length: 6 }, () => newVisitor().visit("/account/sessions/none/revoke", revoke)),
  ]);
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 303));
  expect(await withCookie(cookie)).toEqual(isSentAway);
  expect(answers.flatMap(({ setCookies }) => setCookies)).toHaveLength(1);
});

test("neither an id, nor a cookie, nor a password can be read in the files", async () => {
  const visitor = await newMember("claude");
  const cookie = (await cookieOf(visitor)).replace("session=", "");
  const [, id = ""] = cookie.split(".");
  const files = readFileSync(join(dataPath, "data.mdb"), "latin1");
  expect(files).toContain("claude");
  for (const secret of [cookie, id, Buffer.from(id, "base64url").toString(), password, secretKey]) {
    expect(secret.length).toBeGreaterThan(20);
    expect(files).not.toContain(secret);
  }
});

test("every page is a whole document with one heading, labels, and neither style nor script in it", async () => {
  const member = await newMember("grete");
  const pages = [
    ...["/", "/log-in", "/sign-up", "/none"].map((path) => [newVisitor(), path] as const),
    ...["/", "/account", "/account/sessions", "/account/password"].map((path) => [member, path] as const),
  ];
  for (const [visitor, path] of pages) {
    const { status, markup } = await visitor.visit(path);
    expect([path, status]).toEqual([path, path === "/none" ? 404 : 200]);
    expect(markup).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(markup.match(/<h1>/g), path).toHaveLength(1);
    expect(markup).not.toMatch(/<style|<script| style=| on\w+=/);
    const fields = markup.match(/<input name=/g) ?? [];
    expect(markup.match(/<label class="field">[^<]*(?:<small>[^<]*<\/small>\s*)?<input name=/g) ?? []).toHaveLength(fields.length);
  }
  for (const [path, type] of [
    ["/static/style.css", "text/css; charset=utf-8"],
    ["/static/icon.svg", "image/svg+xml; charset=utf-8"],
  ] as const) {
    const { status, headers } = await member.visit(path);
    expect([status, headers["content-type"], headers["vary"]]).toEqual([200, type, "Accept-Encoding"]);
  }
});

describe("starting and ending it", () => {
  test("users and sessions outlive a restart, and ending it has code 0", async () => {
    const environment = { SECRET_KEY: secretKey, DATA_PATH: temporaryFolder() };
    const first = startApp(environment, loginFolder);
    const visitor = new Visitor(await first.url());
    await signUp(visitor, "vint");
    expect(await first.stop()).toEqual({ code: 0, signal: null });
    expect(first.output).toEqual({ stdout: expect.stringMatching(/^Listening on \S+\n$/), stderr: "" });

    const second = startCompiled(environment, loginFolder);
    const url = await second.url();
    // On another port, which cookies do not tell apart.
    const later = new Visitor(url);
    expect((await later.visit("/account", { headers: { cookie: await visitor.jar.getCookieString(url) } })).text).toContain("Name vint");
    expect(led(await logIn(later, { name: "vint", password }))).toEqual([303, "/account"]);
    await Promise.all([visitor.close(), later.close()]);
    expect(await second.stop("SIGINT")).toEqual({ code: 0, signal: null });
  });

  test("without SECRET_KEY it makes one for the run and says so in one line", async () => {
    const own = startCompiled({ DATA_PATH: temporaryFolder() }, loginFolder);
    await own.url();
    await own.stop();
    const said = "SECRET_KEY is not set: made one for this run, so a restart logs everybody out.";
    expect(own.output.stdout.split("\n")).toEqual([said, expect.stringContaining("Listening on"), ""]);
  });

  test("a DATA_PATH that cannot be used is refused in one line, with code 1", async () => {
    const path = join(root, "package.json");
    const own = startCompiled({ SECRET_KEY: secretKey, DATA_PATH: join(path, "data") }, loginFolder);
    expect(await own.ended).toEqual({ code: 1, signal: null });
    expect(own.output.stderr).toMatch(/^Cannot keep data in .*package\.json.*\. Name another folder in DATA_PATH\.\n$/);
  });
});

test.each([
  [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36 Edg/126.0",
    "Edge on Windows",
  ],
  [
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36",
    "Chrome on Android",
  ],
  ["Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15", "Safari on macOS"],
  [firefox, "Firefox on Linux"],
  [safari, "Safari on iPhone"],
  ["<script>", "Unknown browser"],
  ["", "Unknown browser"],
])("%s is called %s", (userAgent, expected) => {
  expect(describeBrowser(userAgent)).toBe(expected);
});
