import { Writable } from "node:stream";
import { abort, App, type AppOptions, RequestHandler, request, Rule, text } from "@mini/core";
import { serve } from "@mini/core/serve";
import { TestClient } from "@mini/core/testing";
import { pino } from "pino";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createLogger, format, transports } from "winston";
import { sendRaw } from "../support/raw-http.ts";

class User extends RequestHandler {
  get({ id }: { id: string }) {
    if (id === "7") abort(404);
    if (id === "8") throw new Error("the disk is full");
    return text(request.id);
  }
}

type Settings = Partial<Omit<AppOptions, "rules">>;

function siteWith(settings: Settings): App {
  return new App({ rules: [new Rule("/users/:id", { endpoint: "user", handler: User })], requestLog: true, ...settings });
}

interface Entry {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>> | undefined;
}

/** An application that logs, and its log. */
function loggedSite(settings: Settings = {}) {
  const log: Entry[] = [];
  const level = (name: string) => (message: string, fields?: Entry["fields"]) => void log.push({ level: name, message, fields });
  const logger = { error: level("error"), warn: level("warn"), info: level("info"), debug: level("debug") };
  return { log, client: new TestClient(siteWith({ logger, ...settings })) };
}

const uuid = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

describe("with requestLog", () => {
  test("each request is one entry, with the rule and the id of the request as fields", async () => {
    const { client, log } = loggedSite();
    const response = await client.get("/users/5?token=secret", { headers: { "user-agent": "a browser" } });
    const id = await response.text();
    expect(id).toMatch(uuid);
    expect(log).toEqual([
      {
        level: "info",
        message: expect.stringMatching(/^GET \/users\/5 200 in \d+(?:\.\d)? ms$/) as string,
        fields: {
          method: "GET",
          path: "/users/5",
          status: 200,
          ms: expect.any(Number) as number,
          rule: "/users/:id",
          endpoint: "user",
          requestId: id,
          ip: undefined,
          userAgent: "a browser",
        },
      },
    ]);
  });

  test.each([
    ["/users/7", 404, "/users/:id"],
    ["/nowhere", 404, undefined],
    ["/users/%zz", 400, undefined],
  ])("the answer to %s is logged with its status %i", async (path, status, rule) => {
    const { client, log } = loggedSite();
    await client.get(path);
    expect(log).toMatchObject([{ level: "info", fields: { path, status, rule } }]);
  });

  test("an error is an entry with the same request id, and has the error itself", async () => {
    const { client, log } = loggedSite();
    await client.get("/users/8");
    expect(log.map(({ level }) => level)).toEqual(["error", "info"]);
    const [error, info] = log;
    expect(error!.fields).toMatchObject({ requestId: info!.fields!["requestId"], rule: "/users/:id", status: 500 });
    expect((error!.fields!["err"] as Error).message).toBe("the disk is full");
  });

  test("a request that the server refuses itself is logged too", async () => {
    const log: unknown[] = [];
    const logger = { error() {}, warn() {}, info: (message: string) => void log.push(message), debug() {} };
    const server = await serve(siteWith({ logger }), { port: 0, silent: true });
    await sendRaw(server.port, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n");
    await server.close();
    expect(log).toEqual([expect.stringMatching(/^GET \/ 400 in [\d.]+ ms$/)]);
  });

  test("a logger that throws does not keep a request from being answered", async () => {
    const fail = () => {
      throw new Error("no log");
    };
    const client = new TestClient(siteWith({ logger: { error: fail, warn: fail, info: fail, debug: fail } }));
    expect((await client.get("/users/5")).status).toBe(200);
    expect((await client.get("/users/8")).status).toBe(500);
  });

  test("a logger that fails later does not end the process", async () => {
    const fail = (): unknown => Promise.reject(new Error("no log"));
    const site = siteWith({ logger: { error: fail, warn: fail, info: fail, debug: fail } });
    site.logger.warn("a warning of the application");
    const client = new TestClient(site);
    expect([(await client.get("/users/5")).status, (await client.get("/users/8")).status]).toEqual([200, 500]);
  });

  test("texts of the client are cut, and have no control characters", async () => {
    const { client, log } = loggedSite();
    await client.get(`/${"a".repeat(5000)}`, { headers: { "user-agent": `x\u0085${"b".repeat(5000)}` } });
    expect(log[0]!.fields!["path"]).toBe(`/${"a".repeat(999)}…`);
    expect(log[0]!.fields!["userAgent"]).toBe(`x\\x85${"b".repeat(998)}…`);
  });
});

test("without requestLog nothing is logged", async () => {
  const { client, log } = loggedSite({ requestLog: false });
  await client.get("/users/5");
  expect(log).toEqual([]);
});

describe("the id of a request", () => {
  const idFor = async (header: string, trustProxy: boolean) => {
    const { client } = loggedSite({ trustProxy });
    return (await client.get("/users/5", { headers: { "x-request-id": header } })).text();
  };

  test("is that of a trusted proxy", async () => {
    expect(await idFor("01J:a_b.c=+/@-9", true)).toBe("01J:a_b.c=+/@-9");
  });

  test("is a new id for a client that is not trusted", async () => {
    expect(await idFor("chosen", false)).toMatch(uuid);
  });

  test.each(["", "a b", "a;b", "<b>", "x".repeat(129), "a, b", "ä"])("is a new id if the proxy sends %j", async (header) => {
    expect(await idFor(header, true)).toMatch(uuid);
  });
});

describe("loggers", () => {
  afterEach(() => vi.restoreAllMocks());

  /** A stream, and the JSON lines that were written to it. */
  const lines = () => {
    const written: string[] = [];
    const stream = new Writable({
      write(chunk, _encoding, done) {
        written.push(String(chunk));
        done();
      },
    });
    return { stream, entries: () => written.map((line) => JSON.parse(line) as Record<string, unknown>) };
  };

  test("console gets one line, and what is not in the message at its end", async () => {
    const info = vi.spyOn(console, "info").mockReturnValue();
    await new TestClient(siteWith({})).get("/users/5", { headers: { "user-agent": "a 'browser'", "x-request-id": "no" } });
    const [line] = info.mock.calls[0] as [string];
    expect(info.mock.calls).toHaveLength(1);
    expect(line).toMatch(
      /^GET \/users\/5 200 in [\d.]+ ms \{ rule: '\/users\/:id', endpoint: 'user', requestId: '[\da-f-]{36}', userAgent: "a 'browser'" \}$/,
    );
  });

  test("pino gets the fields, and errors as its err, with the hook of the guide", async () => {
    const { stream, entries } = lines();
    const logger = pino(
      {
        hooks: {
          logMethod(args, method) {
            const [message, fields] = args as unknown as [string, object?];
            method.call(this, fields ?? {}, message);
          },
        },
      },
      stream,
    );
    await new TestClient(siteWith({ logger })).get("/users/8");
    expect(entries()).toMatchObject([
      { level: 50, status: 500, rule: "/users/:id", err: { type: "Error", message: "the disk is full" } },
      { level: 30, status: 500, method: "GET", path: "/users/8", msg: expect.stringMatching(/^GET \/users\/8 500 in/) as string },
    ]);
  });

  test("winston gets the fields as it is", async () => {
    const { stream, entries } = lines();
    const logger = createLogger({ format: format.json(), transports: [new transports.Stream({ stream })] });
    await new TestClient(siteWith({ logger })).get("/users/5");
    expect(entries()).toMatchObject([{ level: "info", status: 200, rule: "/users/:id", message: expect.stringMatching(/^GET/) as string }]);
  });

  test("fields of any kind can be logged to console", () => {
    const info = vi.spyOn(console, "info").mockReturnValue();
    const circular: Record<string, unknown> = {};
    circular["self"] = circular;
    const deep = Array.from({ length: 100 }).reduce<object>((inner) => ({ inner }), {});
    const hostile = new Proxy({}, { ownKeys: () => fail(), get: () => fail(), getPrototypeOf: () => fail() });
    const fail = () => {
      throw new Error("no");
    };
    const app = siteWith({});
    for (const value of [
      1n,
      Symbol("s"),
      circular,
      deep,
      hostile,
      "x".repeat(100_000),
      Array.from({ length: 100_000 }, () => 1),
      "a\nb\u202e",
      () => 1,
    ]) {
      app.logger.info("entry", { value });
    }
    for (const [line] of info.mock.calls as [string][]) {
      expect(line.length).toBeLessThan(2000);
      expect(line).not.toMatch(/[\n\u202e]/);
    }
    expect(info.mock.calls).toHaveLength(9);
  });
});
