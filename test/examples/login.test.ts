import { TestClient } from "@mini/core/testing";
import { LmdbBackend } from "@mini/session/lmdb";
import { sessionOf } from "@mini/session/testing";
import { open } from "lmdb";
import { describe, expect, test, vi } from "vitest";
import { makeApp } from "../../examples/login/app.ts";
import { hashPassword } from "../../examples/login/passwords.ts";
import { Users } from "../../examples/login/users.ts";
import { temporaryFolder } from "../support/folder.ts";
import { isLetIn, isSentAway, led, loginSite, password, secretKey, logIn, signUp } from "../support/login-site.ts";

const { newVisitor, newMember, cookieOf, withCookie, url } = loginSite();

test("a member signs up, logs out and logs in again, and gets a message for each once", async () => {
  const visitor = await newMember("ada");
  expect((await visitor.visit("/account")).text).toMatch(/^Your account is made, and you are logged in\. Account Name ada Member since/);
  expect((await visitor.visit("/account")).text).toMatch(/^Account Name ada/);

  expect(led(await visitor.visit("/log-out", { form: {} }))).toEqual([303, "/"]);
  expect((await visitor.visit("/")).text).toMatch(/^You are logged out\. Welcome/);
  expect((await visitor.visit("/")).text).toMatch(/^Welcome/);
  expect(led(await visitor.visit("/account"))).toEqual(isSentAway);

  expect(led(await logIn(visitor, { name: "ADA", password }))).toEqual([303, "/account"]);
  expect((await visitor.visit("/")).text).toMatch(/^You are logged in as ada\. Hello, ada/);
  expect(led(await visitor.visit("/log-in"))).toEqual([303, "/account"]);
  expect(led(await visitor.visit("/sign-up"))).toEqual([303, "/account"]);
});

describe("signing up", () => {
  const nameRule = "A name has 1 to 40 letters, digits, dots, hyphens or underscores.";
  const cases = [
    ["a short password", { name: "eve", password: "short" }, "A password has at least 10 characters."],
    ["a long password", { name: "eve", password: "x".repeat(201) }, "A password has at most 200 characters."],
    ["no name", { name: " ", password }, nameRule],
    ["a long name", { name: "x".repeat(41), password }, nameRule],
    ["a name with markup", { name: `"><script>`, password }, nameRule],
    ["no fields", {}, nameRule],
  ] as const;

  test.each(cases)("with %s is refused, and the form comes back", async (_title, form, problem) => {
    const answer = await newVisitor().visit("/sign-up", { form });
    expect([answer.status, answer.setCookies]).toEqual([422, []]);
    expect(answer.text).toContain(problem);
    expect(answer.markup).toMatch(/aria-invalid="true" aria-describedby="(?:name|password)-problem"/);
    expect(answer.markup).not.toMatch(/<script|short|xxxxx"? *type="password"/);
  });

  test("with a name that is taken is refused in any spelling, and the name stays in the form", async () => {
    await newMember("grace");
    for (const name of ["Grace", "ＧＲＡＣＥ"]) {
      const answer = await signUp(newVisitor(), name);
      expect([answer.status, answer.setCookies]).toEqual([422, []]);
      expect(answer.text).toContain("This name is taken.");
      expect(answer.markup).toContain(`value="${name}"`);
    }
  });

  test("twice at once makes one account", async () => {
    const answers = await Promise.all([signUp(newVisitor(), "linus"), signUp(newVisitor(), "linus")]);
    expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([303, 422]);
  });
});

describe("logging in", () => {
  test("with a wrong password or an unknown name has the same answer, and the form keeps the rest", async () => {
    await newMember("barbara");
    const wrong = await logIn(newVisitor(), { name: "barbara", password: "wrong", next: "/account/sessions" });
    const unknown = await logIn(newVisitor(), { name: "nobody", password: "wrong", next: "/account/sessions" });
    expect([wrong.status, unknown.status]).toEqual([403, 403]);
    expect(wrong.text).toContain("The name or the password is wrong.");
    expect(wrong.markup).toContain('name="name" id="name" value="barbara"');
    expect(wrong.markup).toContain('name="next" id="next" value="/account/sessions"');
    expect(unknown.markup.replace("nobody", "barbara")).toBe(wrong.markup);
  });

  test("with a name or password of any length is refused like a wrong one", async () => {
    const answer = await logIn(newVisitor(), { name: "x".repeat(5000), password: "x".repeat(5000) });
    expect(answer.status).toBe(403);
  });

  test("fails five times, the count outliving each 403, and then has to wait, with the right password too", async () => {
    await newMember("edsger");
    const visitor = newVisitor();
    await logIn(visitor, { name: "edsger", password: "wrong" });
    // Of parallel ones every one counts.
    const answers = await Promise.all(Array.from({ length: 4 }, () => logIn(visitor, { name: "edsger", password: "wrong" })));
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
    const refused = await logIn(visitor, { name: "edsger", password });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
    expect(refused.text).toMatch(/^Please wait Too many wrong passwords\. Try again in (?:\d+ seconds|a second)\./);
    expect(led(await logIn(newVisitor(), { name: "edsger", password }))).toEqual([303, "/account"]);
  });

  test("gives the session a new id without its earlier contents, and the old id is no longer valid", async () => {
    await newMember("donald");
    const visitor = newVisitor();
    for (let count = 0; count < 4; count++) await logIn(visitor, { name: "donald", password: "wrong" });
    const before = await cookieOf(visitor);
    await logIn(visitor, { name: "donald", password });
    const after = await cookieOf(visitor);
    expect(await withCookie(before)).toEqual(isSentAway);
    expect(await withCookie(after)).toEqual(isLetIn);
    // The four failures are forgotten: one more brings no pause.
    await logIn(visitor, { name: "donald", password: "wrong" });
    expect(led(await logIn(visitor, { name: "donald", password }))).toEqual([303, "/account"]);
  });

  const targets = [
    ["/account/sessions?a=1", "/account/sessions?a=1"],
    ["", "/account"],
    ["//other.example/", "/account"],
    ["https://other.example/", "/account"],
    ["/\\other.example", "/account"],
    ["javascript:alert(1)", "/account"],
    ["http://[", "/account"],
    ["account\n/sessions", "/account/sessions"],
  ] as const;

  test("goes on to the page that was asked for, and never to another site", async () => {
    const visitor = await newMember("alan");
    const next = "/account/sessions?a=1";
    expect(led(await logIn(visitor, { name: "alan", password, next }))).toEqual([303, next]);
    const found: unknown[] = [];
    // Who is logged in already goes on at once.
    for (const [asked] of targets) found.push([asked, ...led(await visitor.visit(`/log-in?${new URLSearchParams({ next: asked })}`))]);
    expect(found).toEqual(targets.map(([asked, target]) => [asked, 303, target]));
    const ownOrigin = `${new URL(url()).origin}//other.example`;
    expect(led(await visitor.visit(`/log-in?${new URLSearchParams({ next: ownOrigin })}`))).toEqual([303, "/other.example"]);
  });

  test("is possible for many at the same time: none waits so long for another's password that its session cannot be saved", async () => {
    await newMember("niklaus");
    const answers = await Promise.all(Array.from({ length: 12 }, () => logIn(newVisitor(), { name: "niklaus", password })));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 303));
  });
});

test("the pause ends by itself, and the password can be tried again", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const data = open({ path: temporaryFolder(), overlappingSync: false });
  const users = new Users(data);
  const own = makeApp({ secretKey, backend: new LmdbBackend({ root: data }), users });
  await users.add("john", password);
  const client = new TestClient(own);
  const tryIt = async (given: string) => {
    const answer = await client.post("/log-in", { form: { name: "john", password: given } });
    return [answer.status, answer.headers.get("retry-after")];
  };
  try {
    for (let count = 0; count < 5; count++) expect(await tryIt("wrong")).toEqual([403, null]);
    expect((await sessionOf(client, own)).get("failures")).toBe(5);
    expect(await tryIt(password)).toEqual([429, "30"]);
    vi.setSystemTime(Date.now() + 29_500);
    expect(await tryIt(password)).toEqual([429, "1"]);
    vi.setSystemTime(Date.now() + 500);
    expect(await tryIt("wrong")).toEqual([403, null]);
    expect(await tryIt(password)).toEqual([429, "30"]);
    vi.setSystemTime(Date.now() + 30_000);
    expect(await tryIt(password)).toEqual([303, null]);
  } finally {
    vi.useRealTimers();
    await data.close();
  }
});

test("a password that is changed while it is compared does not let anybody in", async () => {
  const data = open({ path: temporaryFolder(), overlappingSync: false });
  const users = new Users(data);
  const alonzo = await users.add("alonzo", password);
  const other = await users.add("other", "another long password");
  const checking = users.check("alonzo", password);
  // Written before this turn of the event loop ends, so that it is always in time.
  data.openDB({ name: "users", encoding: "json" }).putSync(alonzo!.id, { ...alonzo, password: other!.password });
  expect(await checking).toBeUndefined();
  expect(await users.check("alonzo", "another long password")).toMatchObject({ id: alonzo!.id });
  await data.close();
});

test("of the passwords that are hashed at once, two are under way, 20 wait, and the next one is refused with 503", async () => {
  const hashes = Array.from({ length: 22 }, () => hashPassword(password));
  await expect(hashPassword(password)).rejects.toMatchObject({ status: 503, headers: { "retry-after": "5" } });
  expect(await Promise.all(hashes)).toHaveLength(22);
});
