import { abort, HTTPError, local, RequestHandler, Rule, text } from "@mini/core";
import { serve } from "@mini/core/serve";
import { MemoryBackend, SessionMiddleware } from "@mini/session";
import { describe, expect, test } from "vitest";
import { makeApp } from "../support/one-handler.ts";
import { readRaw, sendRaw } from "../support/raw-http.ts";

/** Written out: what a visitor sends, and what the log has. */
const characters: readonly (readonly [name: string, sent: string, written: string])[] = [
  ["a line feed", "\n", "\\n"],
  ["a carriage return", "\r", "\\r"],
  ["both", "\r\n", "\\r\\n"],
  ["a tab", "\t", "\\t"],
  ["NUL", "\0", "\\x00"],
  ["backspace", "\b", "\\x08"],
  ["a vertical tab", "\v", "\\x0b"],
  ["a form feed", "\f", "\\x0c"],
  ["an escape sequence", "\x1b[2K", "\\x1b[2K"],
  ["DEL", "\x7f", "\\x7f"],
  ["NEL, U+0085", "\u0085", "\\x85"],
  ["CSI, U+009B", "\u009b2K", "\\x9b2K"],
  ["U+2028", "\u2028", "\\u2028"],
  ["U+2029", "\u2029", "\\u2029"],
  ["a mark of direction, U+200F", "\u200f", "\\u200f"],
  ["an override of direction, U+202E", "\u202e", "\\u202e"],
  ["an isolate, U+2066", "\u2066", "\\u2066"],
  ["U+061C", "\u061c", "\\u061c"],
];

const forged = "POST /login 200 after 3.1 ms: signed in";

/** Where an error may hold what a visitor has sent. */
const errors: Readonly<Record<string, (sent: string) => unknown>> = {
  "a message": (sent) => new Error(sent),
  "a message that was changed later": (sent) => Object.assign(new Error("before"), { message: sent }),
  "a message that had it before": (sent) => Object.assign(new Error(sent), { message: "after" }),
  "a name": (sent) => Object.assign(new Error("x"), { name: sent }),
  "a stack": (sent) => Object.assign(new Error("x"), { stack: `Error: ${sent}` }),
  "text that is thrown": (sent) => sent,
  "an object that is thrown": (sent) => ({ toString: () => sent }),
  "a cause": (sent) => new Error("x", { cause: new Error(sent) }),
  "a cause that is text": (sent) => new Error("x", { cause: sent }),
  "the cause of an HTTPError": (sent) => new HTTPError(502, "x", { cause: new Error(sent) }),
  "an error of an AggregateError": (sent) => new AggregateError([new Error("x"), new Error(sent)], "all"),
  "the message of an AggregateError": (sent) => new AggregateError([], sent),
};

describe.each(characters)("%s", (_name, sent, written) => {
  test.each(Object.entries(errors))("in %s is escaped in the log", async (_where, make) => {
    const { get, logged } = makeApp(() => Promise.reject(make(`sent${sent}${forged}`)));
    await get();
    expect(logged).toHaveLength(1);
    const lines = logged[0]!.split(/[\r\n\u0085\u2028\u2029]/);
    expect(lines.filter((line) => line.startsWith("POST /login"))).toEqual([]);
    // oxlint-disable-next-line no-control-regex
    expect(logged[0]!.replaceAll("\n", "")).not.toMatch(/[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/);
    if (_where !== "a message that had it before" && _where !== "a stack") expect(logged[0]).toContain(`sent${written}${forged}`);
  });

  test("in what the application logs itself is escaped", async () => {
    const { get, logged } = makeApp(() => {
      for (const level of ["error", "warn", "info", "debug"] as const) local.app.logger[level](`sent${sent}`);
      return text("fine");
    });
    await get();
    expect(logged).toEqual(Array.from({ length: 4 }, () => `sent${written}`));
  });

  test("in the error of a session's backend is escaped in the log", async () => {
    const backend = new MemoryBackend();
    backend.create = () => Promise.reject(new Error(`sent${sent}`));
    class Count extends RequestHandler {
      static override middleware = [SessionMiddleware];
      async get() {
        (await local.sessionStore.getSession()).set("a", 1);
        return text("fine");
      }
    }
    const { get, logged } = makeApp(() => text(""), {
      rules: [new Rule("/count", { handler: Count })],
      config: { session: { secretKey: "0123456789abcdef0123456789abcdef", backend } },
    });
    expect((await get("/count")).status).toBe(503);
    expect(logged).toEqual([expect.stringMatching(/^Cannot .*: sent/)]);
    expect(logged[0]).toContain(`sent${written}`);
  });
});

describe("the log of an error", () => {
  const logOf = async (error: unknown): Promise<string> => {
    const { get, logged } = makeApp(() => Promise.reject(error));
    await get();
    expect(logged).toHaveLength(1);
    return logged[0]!;
  };

  test("has the frames of its stack, one in each line", async () => {
    const [first, ...frames] = (await logOf(new TypeError("first\nsecond"))).split("\n");
    expect(first).toMatch(/^GET \/ 500 after \d+\.\d ms: TypeError: first\\nsecond$/);
    expect(frames.length).toBeGreaterThan(0);
    for (const frame of frames) expect(frame).toMatch(/^ {4}at /);
  });

  test("has no frames that come from its message", async () => {
    const lines = (await logOf(new Error("x\n    at evil (/etc/passwd:1:1)"))).split("\n");
    expect(lines[0]).toContain("x\\n    at evil (/etc/passwd:1:1)");
    expect(lines.slice(1).join("\n")).not.toContain("evil");
    const changed = await logOf(Object.assign(new Error("x\n    at evil (/etc/passwd:1:1)"), { message: "changed" }));
    expect(changed).toContain(": Error: changed");
    expect(changed).not.toMatch(/\n.*evil/);
  });

  test("has the whole stack in one line, if the end of the message is not known", async () => {
    const error = Object.assign(new Error("before"), { stack: "Error: before\n    at here (a.js:1:2)", message: "after" });
    expect(await logOf(error)).toMatch(/ms: Error: after \(its stack: Error: before\\n {4}at here \(a\.js:1:2\)\)$/);
  });

  test("keeps the code that Node writes into the stack of its own errors", async () => {
    let thrown: unknown;
    try {
      new URL("no url");
    } catch (error) {
      thrown = error;
    }
    expect(await logOf(thrown)).toContain("Invalid URL");
    expect(await logOf(new Error(""))).toMatch(/: Error(?:: )?\n {4}at /);
  });

  test("has all causes and all errors of an AggregateError, nested ones too", async () => {
    const reset = new Error("reset", { cause: new Error("cable", { cause: "a fox" }) });
    const error = new Error("no page", { cause: new AggregateError([reset, new Error("refused")], "no server") });
    const log = await logOf(error);
    for (const part of [
      "Error: no page",
      "\n  caused by AggregateError: no server",
      "\n  error 1 of 2: Error: reset",
      "\n  caused by Error: cable",
      "\n  caused by a fox",
      "\n  error 2 of 2: Error: refused",
    ]) {
      expect(log).toContain(part);
    }
  });

  test("has a cause that is undefined, and none if there is none", async () => {
    expect(await logOf(new HTTPError(502, "x", { cause: undefined }))).toMatch(/ 502 after .* ms: undefined$/);
    const { get, logged } = makeApp(() => abort(502));
    await get();
    expect(logged).toEqual([]);
  });

  test("is bounded for errors that are circular, many or long", async () => {
    const one = new AggregateError([], "one");
    one.errors.push(one, one, one);
    const circle = await logOf(one);
    expect(circle.split("AggregateError: one")).toHaveLength(101);
    expect(circle).toMatch(/\n {2}\d+ more errors are left out$/);
    const many = await logOf(new AggregateError(Array.from({ length: 5000 }, (_, i) => new Error(`number ${i}.`))));
    expect(many).toContain("error 99 of 5000: Error: number 98.");
    expect(many).toMatch(/\n {2}4901 more errors are left out$/);
    const long = await logOf(new Error("y".repeat(50_000)));
    expect(long.length).toBeLessThan(15_000);
    expect(long).toContain("characters more)");
  });
});

test("a target with control characters, which HTTP/1 forbids, is not logged", async () => {
  const { app, logged } = makeApp(() => Promise.reject(new Error("x")));
  const server = await serve(app, { port: 0, silent: true, gracefulShutdown: false });
  try {
    const bytes = await sendRaw(server.port, "GET /?a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const escape = await sendRaw(server.port, "GET /\x1b[2K HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    expect([readRaw(bytes)[0]!.status, readRaw(escape)[0]!.status]).toEqual([500, 400]);
    expect(logged).toHaveLength(1);
  } finally {
    await server.close();
  }
});
