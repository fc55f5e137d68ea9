import { expectStatus } from "@mini/core/testing";
import { flashesOf, sessionOf, withSession } from "@mini/session/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { Users } from "../../examples/notes/users.ts";
import { firefox, notesSite, password, textOf, titlesOn } from "./notes-site.ts";

describe("signing up", () => {
  test("logs the visitor in, and says welcome once", async () => {
    const { app, signUp } = notesSite();
    const ada = await signUp("ada");
    expect((await sessionOf(ada, app)).get("userId")).toBe(1);
    expect(await flashesOf(ada, app)).toEqual([{ message: "Welcome, ada.", level: "success" }]);
    expect(await textOf(ada.get("/"))).toContain("Welcome, ada.");
    expect(await textOf(ada.get("/"))).not.toContain("Welcome, ada.");
  });

  test("that is refused shows the problems beside the fields after a redirect, once, and never the password", async () => {
    const { newVisitor } = notesSite();
    const client = newVisitor();
    const sent = await expectStatus(client.post("/sign-up", { form: { name: "a b", password: "short" } }), 303);
    expect(sent.headers.get("location")).toBe("/sign-up");
    const page = await textOf(client.get("/sign-up"));
    expect(page).toContain('value="a b" aria-invalid="true" aria-describedby="name-problem"');
    expect(page).toContain('<p class="problem" id="name-problem">A name has 1 to 30 letters, digits, dots, hyphens or underscores.</p>');
    expect(page).toContain('<p class="problem" id="password-problem">A password has 10 characters or more.</p>');
    expect(page).not.toContain("short");
    expect(await textOf(client.get("/sign-up"))).not.toContain("problem");
  });

  test("with a name that is taken is refused, in upper or lower case", async () => {
    const { newVisitor, signUp } = notesSite();
    await signUp("ada");
    const client = newVisitor();
    await client.post("/sign-up", { form: { name: "ADA", password } });
    expect(await textOf(client.get("/sign-up"))).toContain("Somebody has this name already.");
  });
});

describe("logging in", () => {
  test("leads to the page that was asked for, with a new session", async () => {
    const { app, newVisitor, signUp } = notesSite();
    await signUp("ada");
    const client = newVisitor();
    expect((await expectStatus(client.get("/?q=milk"), 303)).headers.get("location")).toBe("/log-in");
    await withSession(client, app, (session) => session.flash("For whoever was here before."));
    const before = client.cookies.get("session");
    const sent = await expectStatus(client.post("/log-in", { form: { name: "Ada", password }, headers: { "user-agent": firefox } }), 303);
    expect(sent.headers.get("location")).toBe("/?q=milk");
    expect(client.cookies.get("session")).not.toBe(before);
    expect((await sessionOf(client, app)).get("browser")).toBe("Firefox on Android");
    expect(await flashesOf(client, app)).toEqual([]);
  });

  test("with a wrong password and with an unknown name say the same", async () => {
    const { newVisitor, signUp } = notesSite();
    await signUp("ada");
    for (const name of ["ada", "nobody"]) {
      const client = newVisitor();
      await expectStatus(client.post("/log-in", { form: { name, password: "wrong" } }), 303);
      expect(await textOf(client.get("/log-in"))).toContain('<p class="problem" id="form-problem">The name or the password is wrong.</p>');
    }
  });

  test("has to wait after five failures of any client, and only for that name", async () => {
    const { newVisitor, signUp } = notesSite();
    await signUp("ada");
    await signUp("grace");
    const attempt = (name: string, word = "wrong") => newVisitor().post("/log-in", { form: { name, password: word } });
    const many = await Promise.all(Array.from({ length: 7 }, () => attempt("ada")));
    expect(many.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([303, 303, 303, 303, 303, 429, 429]);
    const refused = await expectStatus(attempt("ADA", password), 429);
    expect([Number(refused.headers.get("retry-after")) > 800, await refused.text()]).toEqual([
      true,
      expect.stringContaining("Try again in 15 minutes."),
    ]);
    expect((await expectStatus(attempt("grace", password), 303)).headers.get("location")).toBe("/");
  });

  test("is needed for every page, event, picture and program", async () => {
    const { newVisitor } = notesSite();
    for (const path of ["/", "/notes/new", "/devices", "/live?after=0", "/pictures/11111111-1111-1111-1111-111111111111.png"]) {
      expect((await expectStatus(newVisitor().get(path), 303)).headers.get("location")).toBe("/log-in");
    }
    const answer = await expectStatus(newVisitor().get("/api/notes", { headers: { accept: "application/json" } }), 401);
    expect(await answer.json()).toEqual({ title: "Unauthorized", status: 401, detail: "Log in first." });
  });
});

test("while 22 passwords are hashed, files are sent, and another log-in or sign-up is a page with 503 that counts for no name", async () => {
  const { data, newVisitor } = notesSite();
  const users = new Users(data.database);
  let [started, isOver] = [0, false];
  onTestFinished(() => void (isOver = true));
  // As soon as a password is compared, the next one takes its place, so that there is no moment at which one more would be let in.
  const checks = Array.from({ length: 22 }, async () => {
    while (!isOver) expect(await users.check(`nobody${started++}`, password)).toBeUndefined();
  });
  const files = await expectStatus(newVisitor().get("/static/style.css"), 200);
  expect(files.headers.get("content-type")).toBe("text/css; charset=utf-8");
  for (const path of ["/log-in", "/sign-up"]) {
    const answer = await expectStatus(newVisitor().post(path, { form: { name: "ada", password }, headers: { accept: "text/html" } }), 503);
    expect(await answer.text()).toContain("Too many people are logging in. Try again in a moment.");
  }
  isOver = true;
  await Promise.all(checks);
  expect(data.database.prepare("SELECT name FROM attempts WHERE name = 'ada'").all()).toEqual([]);
});

describe("devices", () => {
  test("are listed, and one can log out another", async () => {
    const { newMember, newBrowser } = notesSite();
    const ada = await newMember("ada");
    const phone = await newBrowser(1, "Firefox on Android");
    const page = await textOf(ada.get("/devices"));
    expect(titlesOn(page).toSorted()).toEqual(['Chrome on Linux <span class="badge">This device</span>', "Firefox on Android "]);
    const [, handle = ""] = /name="handle" value="([^"]+)"/.exec(page) ?? [];
    await expectStatus(ada.post("/devices", { form: { handle } }), 303);
    await expectStatus(phone.get("/"), 303);
    await expectStatus(ada.get("/"), 200);
  });

  test("are all logged out at once, this one too", async () => {
    const { app, newMember, newBrowser } = notesSite();
    const ada = await newMember("ada");
    const phone = await newBrowser(1);
    await expectStatus(ada.post("/devices", { form: {} }), 303);
    expect(await flashesOf(ada, app)).toEqual([{ message: "You are logged out everywhere.", level: "info" }]);
    for (const client of [ada, phone]) await expectStatus(client.get("/"), 303);
  });
});
