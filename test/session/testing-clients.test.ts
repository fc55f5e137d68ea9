import { App, local, redirect, RequestHandler, Rule, text } from "@mini/core";
import { TestClient } from "@mini/core/testing";
import { MemoryBackend, SessionMiddleware, Sessions, type SessionConfig } from "@mini/session";
import { actingAs, flashesOf, sessionOf, withSession } from "@mini/session/testing";
import { describe, expect, test } from "vitest";
import { everyMedium } from "../support/media.ts";

type Data = Record<string, unknown>;

class Page extends RequestHandler {
  static override middleware = [SessionMiddleware];
  async get() {
    return text(JSON.stringify(await local.sessionStore.getSession<Data>()));
  }
  async post() {
    const session = await local.sessionStore.getSession<Data>();
    session.increment("count");
    session.flash("Saved.", "success");
    return redirect("/", 303);
  }
}

const makeApp = (session: SessionConfig | Sessions) => new App({ rules: [new Rule("/", { handler: Page })], config: { session } });

describe.each(await everyMedium())("tests of an application with sessions in $name", (medium) => {
  const settings = () => ({ secretKey: "a key that is long enough to be one", backend: medium.open(Date.now), deadline: 60_000 });

  test.each([
    ["settings", (): SessionConfig => settings()],
    ["Sessions", () => new Sessions(settings())],
  ])("change and read the session of a client, with %s in the configuration", async (_title, make) => {
    const app = makeApp(make());
    const client = new TestClient(app, { baseUrl: "https://shop.example/" });
    expect((await sessionOf(client, app)).isNew).toBe(true);
    await withSession<Data>(client, app, (session) => session.set("count", 41));
    await client.post("/");
    const session = await sessionOf<Data>(client, app);
    expect([session.isNew, session.get("count"), session.toJSON()]).toEqual([false, 42, { count: 42 }]);
    for (let times = 0; times < 2; times++) expect(await flashesOf(client, app)).toEqual([{ message: "Saved.", level: "success" }]);
    expect(await (await client.get("/")).text()).toBe('{"count":42}');
  });

  test("log a client in, with nothing that its session held before", async () => {
    const app = makeApp(settings());
    const client = new TestClient(app);
    await withSession<Data>(client, app, (session) => session.set("cart", 1));
    const before = client.cookies.get("session");
    await actingAs<Data>(client, app, "user:42", (session) => session.set("userId", "42"));
    expect(client.cookies.get("session")).not.toBe(before);
    expect(await (await client.get("/")).text()).toBe('{"userId":"42"}');
    if (medium.isServerSide) expect(await new Sessions(app.config.session as SessionConfig).list("user:42")).toHaveLength(1);
  });
});

test("a change of a test that throws or cannot be saved rejects, and changes nothing", async () => {
  const app = makeApp({ secretKey: "a key that is long enough to be one" });
  const client = new TestClient(app);
  const failing = withSession<Data>(client, app, (session) => {
    session.set("a", 1);
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  await expect(withSession<Data>(client, app, (session) => session.set("a", "x".repeat(5000)))).rejects.toThrow("Cannot send the cookie");
  expect((await sessionOf(client, app)).isNew).toBe(true);
});

test("an application without settings of sessions is refused with what is missing", async () => {
  class Plain extends RequestHandler {
    get() {
      return text("plain");
    }
  }
  const app = new App({ rules: [new Rule("/", { handler: Plain })] });
  await expect(withSession(new TestClient(app), app, () => undefined)).rejects.toThrow("The session secretKey is missing.");
});

test("a clock that a test moves right after a response does not end a session that was in use", async () => {
  let time = 1_800_000_000_000;
  const now = () => time;
  const backend = new MemoryBackend({ now });
  const app = makeApp({ secretKey: "a key that is long enough to be one", backend, now, maxAge: 5000, idleTimeout: 300 });
  const client = new TestClient(app, { now });
  await client.post("/");
  const seen: string[] = [];
  for (const seconds of [200, 299, 299, 301]) {
    time += seconds * 1000;
    seen.push(await (await client.get("/")).text());
  }
  expect(seen).toEqual(['{"count":1}', '{"count":1}', '{"count":1}', "{}"]);
});
