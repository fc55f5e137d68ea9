import { App, html, local, redirect, request, RequestHandler, Rule, text } from "@mini/core";
import { TestClient } from "@mini/core/testing";
import { MemoryBackend, requireFresh, SessionMiddleware, type SessionBackend } from "@mini/session";
import { describe, expect, test } from "vitest";
import { secretKey } from "../../support/session-app.ts";

class Page extends RequestHandler {
  static override middleware = [SessionMiddleware, requireFresh(600)];

  get() {
    return html`<p>secret`;
  }
  post() {
    return text("done");
  }
}

class LogIn extends RequestHandler {
  static override middleware = [SessionMiddleware];

  get() {
    return text("please log in");
  }
  async post() {
    (await local.sessionStore.getSession()).regenerate({ owner: "user:1", keep: [] });
    return redirect(request.args.get("next") ?? "/", 303);
  }
}

class Change extends RequestHandler {
  static override middleware = [SessionMiddleware];

  async post() {
    const session = await local.sessionStore.getSession();
    session.increment("changes");
    if (request.args.has("renew")) session.regenerate();
    return text("changed");
  }
}

class Tell extends RequestHandler {
  static override middleware = [SessionMiddleware];

  async get() {
    const { owner, authenticatedAt, createdAt } = await local.sessionStore.getSession();
    return text(JSON.stringify([owner ?? null, authenticatedAt ?? null, createdAt]));
  }
}

const start = 1_700_000_000_000;

function siteOf(backend?: (now: () => number) => SessionBackend) {
  let clock = start;
  const now = () => clock;
  const rules = [
    new Rule("/page/:name", { endpoint: "page", handler: Page }),
    new Rule("/log-in", { endpoint: "log-in", handler: LogIn }),
    new Rule("/change", { endpoint: "change", handler: Change }),
    new Rule("/tell", { endpoint: "tell", handler: Tell }),
  ] as const;
  const app = new App({ rules, config: { session: { secretKey, now, ...(backend && { backend: backend(now) }) } } });
  return { client: new TestClient(app, { now }), pass: (seconds: number) => void (clock += seconds * 1000) };
}

const places = [
  ["its cookie", undefined],
  ["memory", (now: () => number) => new MemoryBackend({ now })],
] as const;
const browser = { headers: { accept: "text/html,*/*;q=0.8" } };

describe.each(places)("a session in %s", (_name, backend) => {
  test("has its owner and the time of the log-in, also after changes and new ids", async () => {
    const { client, pass } = siteOf(backend);
    const tell = async () => (await client.get("/tell")).json();
    expect(await tell()).toEqual([null, null, start]);
    pass(10);
    await client.post("/log-in");
    expect(await tell()).toEqual(["user:1", start + 10_000, start + 10_000]);
    pass(10);
    await client.post("/change");
    expect(await tell()).toEqual(["user:1", start + 10_000, start + 10_000]);
    await client.post("/change?renew");
    expect(await tell()).toEqual(["user:1", start + 10_000, start + 20_000]);
    await client.post("/log-in");
    expect(await tell()).toEqual(["user:1", start + 20_000, start + 20_000]);
  });

  test("is let in for a number of seconds after its log-in, and comes back after another log-in", async () => {
    const { client, pass } = siteOf(backend);
    const visit = async () => {
      const response = await client.get("/page/keys?a=1&b=%2F", browser);
      return [response.status, response.headers.get("location")];
    };
    const away = [303, "/log-in?next=%2Fpage%2Fkeys%3Fa%3D1%26b%3D%252F"];
    expect(await visit()).toEqual(away);
    const led = await client.post(away[1] as string);
    expect(led.headers.get("location")).toBe("/page/keys?a=1&b=%2F");
    expect(await visit()).toEqual([200, null]);
    pass(600);
    await client.post("/change?renew");
    expect(await visit()).toEqual([200, null]);
    pass(1);
    expect(await visit()).toEqual(away);
    await client.post("/log-in");
    expect(await visit()).toEqual([200, null]);
    // The clock was set back.
    pass(-61);
    expect(await visit()).toEqual(away);
  });
});

test.each(["/shop", { path: "/shop", isStripped: true }])(
  "the way back of an application with the basePath %j begins with it",
  async (basePath) => {
    const rules = [
      new Rule("/page/:name", { endpoint: "page", handler: Page }),
      new Rule("/log-in", { endpoint: "log-in", handler: LogIn }),
    ] as const;
    const app = new App({ rules, basePath, config: { session: { secretKey } } });
    const arrivesAs = typeof basePath === "string" ? basePath : "";
    const client = new TestClient(app);
    const response = await client.get(`${arrivesAs}/page/keys?a=1`, browser);
    expect(response.headers.get("location")).toBe("/shop/log-in?next=%2Fshop%2Fpage%2Fkeys%3Fa%3D1");
    const back = await client.post(`${arrivesAs}/log-in?next=%2Fshop%2Fpage%2Fkeys%3Fa%3D1`);
    expect(back.headers.get("location")).toBe("/shop/page/keys?a=1");
  },
);

test("a request that changes something is sent to the log-in without a way back, because it is not sent again", async () => {
  const { client } = siteOf();
  const response = await client.post("/page/keys", browser);
  expect([response.status, response.headers.get("location")]).toEqual([303, "/log-in"]);
});

test("the way back never leads to another host", async () => {
  const { client } = siteOf();
  for (const path of ["//evil.example/page/x", "/page/x?next=//evil.example", "/page/%2F%2Fevil.example"]) {
    const { headers } = await client.get(`http://localhost${path}`, { ...browser });
    const next = new URL(headers.get("location") ?? "/", "http://localhost").searchParams.get("next");
    expect(new URL(next ?? "/", "http://localhost").host, path).toBe("localhost");
  }
});

test("a client that does not accept HTML gets 401 as problem+json", async () => {
  const { client } = siteOf();
  for (const method of ["GET", "POST"]) {
    const response = await client.request("/page/keys", { method, headers: { accept: "application/json" } });
    expect([response.status, response.headers.get("content-type"), response.headers.get("www-authenticate")]).toEqual([
      401,
      "application/problem+json",
      "Cookie",
    ]);
    expect(response.headers.get("vary")?.split(", ").toSorted()).toEqual(["Accept", "Cookie"]);
    expect(await response.json()).toEqual({ title: "Unauthorized", status: 401, detail: "Log in again to do this." });
  }
});

test.each([0, -1, Number.NaN, "600", undefined])("requireFresh(%j) is refused", (seconds) => {
  expect(() => requireFresh(seconds as number)).toThrow(/requireFresh\(\) needs a number of seconds over 0/);
});
