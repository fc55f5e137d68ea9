import {
  abort,
  App,
  ConfigError,
  deleteCookie,
  html,
  HTTPError,
  json,
  redirect,
  RequestHandler,
  Response,
  Rule,
  RuleError,
  setCookie,
  setHeader,
  text,
  vary,
} from "@mini/core";
import { describe, expect, test } from "vitest";
import { makeApp } from "../support/one-handler.ts";

describe("the response of a handler", () => {
  test("may be a Response, Html, a global Response, or a promise of one", async () => {
    const answers = [
      () => text("a"),
      () => html`a`,
      () => new globalThis.Response("a"),
      async () => html`a`,
      () => Promise.resolve(text("a")),
    ];
    for (const answer of answers) expect(await (await makeApp(answer).get()).text()).toBe("a");
  });

  test.each([[undefined], [null], ["text"], [5], [{}], [Promise.resolve()]])(
    "%s is refused, and class and method are named",
    async (value) => {
      const { get, logged } = makeApp(() => value);
      const response = await get();
      expect(response.status).toBe(500);
      expect(await response.text()).not.toContain("Handler");
      expect(logged).toHaveLength(1);
      expect(logged[0]).toMatch(/^GET \/ 500 after \d+\.\d ms: TypeError.*Handler\.get/);
    },
  );

  test("is returned without a promise if the handler returns none", () => {
    expect(makeApp(() => text("a")).app.fetch(new Request("http://localhost/"))).toBeInstanceOf(globalThis.Response);
    expect(makeApp(async () => text("a")).app.fetch(new Request("http://localhost/"))).toBeInstanceOf(Promise);
  });

  test("with text may be returned any number of times, and never has the cookies of another request", async () => {
    const shared = text("shared");
    let count = 0;
    const { get } = makeApp(() => {
      if (count++ === 0) setCookie("a", "1");
      return shared;
    });
    expect((await get()).headers.getSetCookie()).toHaveLength(1);
    const second = await get();
    expect([await second.text(), second.headers.getSetCookie()]).toEqual(["shared", []]);
  });

  test("with a stream may be returned once; the error for the second time names the handler", async () => {
    const shared = new Response(new Blob(["once"]).stream());
    const { get, logged } = makeApp(() => shared);
    expect(await (await get()).text()).toBe("once");
    expect((await get()).status).toBe(500);
    expect(logged.join()).toMatch(/Handler\.get/);
  });
});

describe("methods", () => {
  const { app } = makeApp(() => text("body"));
  const send = (method: string, path = "/") => app.fetch(new Request(`http://localhost${path}`, { method }));

  test("HEAD is answered by get, with the length and without the body", async () => {
    const response = await send("HEAD");
    expect([response.status, response.headers.get("content-length"), await response.text()]).toEqual([200, "4", ""]);
  });

  test("another method is 405 with Allow, OPTIONS is answered by the framework, an unknown method is 501", async () => {
    const wrong = await send("DELETE");
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS, POST"]);
    const options = await send("OPTIONS");
    expect([options.status, options.headers.get("allow")]).toEqual([204, "GET, HEAD, OPTIONS, POST"]);
    expect((await send("PROPFIND")).status).toBe(501);
  });

  test("names that every object inherits from Object are not methods", async () => {
    for (const method of ["constructor", "toString", "__proto__"]) expect((await send(method)).status).toBe(501);
  });

  test("a path without a rule is 404, a malformed one 400, one without its slash a redirect with the query", async () => {
    expect((await send("GET", "/nope")).status).toBe(404);
    expect((await send("GET", "/%zz")).status).toBe(400);
    const branch = makeApp(() => text("a"), {
      rules: [
        new Rule("/branch/", {
          handler: class extends RequestHandler {
            get() {
              return text("b");
            }
          },
        }),
      ],
    });
    const response = await branch.get("/branch?a=1&b=%20");
    expect([response.status, response.headers.get("location")]).toEqual([308, "/branch/?a=1&b=%20"]);
  });
});

describe("errors", () => {
  test("an HTTPError is answered with its status, message and headers", async () => {
    const { get, logged } = makeApp(() => {
      throw new HTTPError(429, "Slow <down>", { headers: { "retry-after": "5" } });
    });
    const response = await get("/", { accept: "text/html" });
    expect([response.status, response.headers.get("retry-after"), response.headers.get("content-type")]).toEqual([
      429,
      "5",
      "text/html; charset=utf-8",
    ]);
    expect(await response.text()).toContain("Slow &lt;down&gt;");
    expect(logged).toEqual([]);
  });

  test("abort() sends a message and headers, and logs a cause without sending it", async () => {
    const { get, logged } = makeApp(() => abort(429, "Slow", { headers: { "retry-after": "5" }, cause: new Error("internal") }));
    const response = await get("/");
    expect([response.status, response.headers.get("retry-after"), ...logged]).toEqual([429, "5", expect.stringContaining("internal")]);
    expect(await response.text()).toMatch(/^(?!.*internal).*Slow/s);
  });

  test("are answered with problem+json if the client prefers it", async () => {
    const { get } = makeApp(() => abort(403, "No."));
    const response = await get("/", { accept: "application/json" });
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(await response.json()).toMatchObject({ status: 403, title: "Forbidden", detail: "No." });
  });

  test("keep the content type of the page and both values of Vary, if their headers have others", async () => {
    const { get } = makeApp(() => {
      throw new HTTPError(409, "Taken.", { headers: { "Content-Type": "text/plain", Vary: "Origin", "Retry-After": "1" } });
    });
    const html = await get();
    expect([html.headers.get("content-type"), html.headers.get("vary")]).toEqual(["text/html; charset=utf-8", "Origin, Accept"]);
    const problem = await get("/", { accept: "application/json" });
    expect([problem.headers.get("content-type"), problem.headers.get("vary")]).toEqual(["application/problem+json", "Origin, Accept"]);
    expect(problem.headers.get("retry-after")).toBe("1");
  });

  test("that are unexpected are logged once with method and path, and the response does not describe them", async () => {
    const { get, logged } = makeApp(() => Promise.reject(new Error("secret detail")));
    const response = await get("/?token=hidden");
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("secret");
    expect(logged).toHaveLength(1);
    expect(logged[0]).toMatch(/^GET \/ 500 after \d+\.\d ms: Error: secret detail/);
    expect(logged[0]).not.toContain("hidden");
  });

  test("that are their own cause do not fill the log", async () => {
    const { get, logged } = makeApp(() => {
      const error = new Error("round");
      throw Object.assign(error, { cause: error });
    });
    expect((await get()).status).toBe(500);
    expect(logged.join().split("caused by")).toHaveLength(11);
  });

  test("are shown with debug, which production refuses", async () => {
    const { get } = makeApp(() => Promise.reject(new Error("the <detail>")), { debug: true });
    expect(await (await get()).text()).toContain("the &lt;detail&gt;");
    const before = process.env["NODE_ENV"];
    process.env["NODE_ENV"] = "production";
    try {
      expect(() => makeApp(() => text(""), { debug: true })).toThrow(ConfigError);
    } finally {
      process.env["NODE_ENV"] = before;
    }
  });

  test("are answered by errorHandlers, with the status of the error", async () => {
    const { get } = makeApp(() => abort(403), { errorHandlers: { 403: () => html`mine`, 404: () => text("own", { status: 410 }) } });
    const response = await get();
    expect([response.status, await response.text()]).toEqual([403, "mine"]);
    expect((await get("/nope")).status).toBe(410);
  });

  test("in an error handler are answered with 500, and both errors are logged", async () => {
    const { get, logged } = makeApp(() => Promise.reject(new Error("one")), {
      errorHandlers: {
        500: () => {
          throw new Error("two");
        },
      },
    });
    expect((await get()).status).toBe(500);
    expect(logged.map((message) => /Error: (\w+)/.exec(message)![1])).toEqual(["one", "two"]);
  });

  test.each([[undefined], ["text"], [null], [5]])("can be any value: throwing %s is a 500", async (thrown) => {
    const { get } = makeApp(() => {
      throw thrown;
    });
    expect((await get()).status).toBe(500);
  });

  test("drop cookies and headers of the handler, except clearing ones", async () => {
    const { get } = makeApp(() => {
      setCookie("made", "1");
      deleteCookie("gone");
      setHeader("x-made", "1");
      vary("Accept");
      throw new Error("no");
    });
    const response = await get();
    expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(/^gone=;/)]);
    expect(response.headers.has("x-made")).toBe(false);
  });
});

describe("at start", () => {
  test.each([[{ maxBodySize: -1 }], [{ maxBodySize: 1.5 }], [{ config: null }], [{ trustProxy: ["nonsense"] }]])(
    "%j is refused",
    (options) => {
      expect(() => makeApp(() => text(""), options as never)).toThrow(ConfigError);
    },
  );

  test.each([[{ path: "/" }], ["/"], [null]])("%j in the list of rules is refused", (entry) => {
    expect(() => makeApp(() => text(""), { rules: [entry as never] })).toThrow(RuleError);
  });

  test.each([
    [{}, "no handler class"],
    [{ handler: class {} }, "no handler class"],
    [{ handler: class extends RequestHandler {}, action: "nope" }, 'action "nope"'],
  ])("a rule with %o is refused by name", (options, problem) => {
    expect(() => makeApp(() => text(""), { rules: [new Rule("/bad", options as never)] })).toThrow(problem);
    expect(() => makeApp(() => text(""), { rules: [new Rule("/bad", options as never)] })).toThrow('"/bad"');
  });
});

test("json and redirect answer with their types", async () => {
  const { get } = makeApp(() => json({ a: "é" }));
  const response = await get();
  expect([response.headers.get("content-type"), await response.json()]).toEqual(["application/json", { a: "é" }]);
  const moved = await makeApp(() => redirect("/there", 303)).get();
  expect([moved.status, moved.headers.get("location")]).toEqual([303, "/there"]);
});

describe("the table of rules", () => {
  test("names methods, host, path, endpoint, handler and middleware", () => {
    class Around {}
    class Listed extends RequestHandler {
      static override middleware = [Around];
      get() {
        return text("");
      }
      show() {
        return text("");
      }
    }
    const rules = [
      new Rule("/", { endpoint: "home", handler: Listed }),
      new Rule("/show", { handler: Listed, action: "show", methods: ["GET"], host: "example.org" }),
      new Rule("/lazy", { handler: async () => Listed }),
      new Rule("/old", { redirectTo: "/new" }),
    ];
    expect(new App({ rules }).router.describe()).toEqual([
      { methods: ["GET"], host: undefined, path: "/", endpoint: "home", handler: "Listed", middleware: ["Around"] },
      { methods: ["GET"], host: "example.org", path: "/show", endpoint: undefined, handler: "Listed.show", middleware: ["Around"] },
      { methods: undefined, host: undefined, path: "/lazy", endpoint: undefined, handler: "(loaded at the first request)", middleware: [] },
      { methods: undefined, host: undefined, path: "/old", endpoint: undefined, handler: "(redirects to /new)", middleware: [] },
    ]);
  });

  test("is only on the 404 page with debug, the most similar rules first", async () => {
    class About extends RequestHandler {
      get() {
        return text("");
      }
    }
    const rules = [new Rule("/about", { handler: About })];
    const body = async (debug: boolean) => (await makeApp(() => text(""), { rules, debug }).get("/abuot/<b>")).text();
    expect(await body(true)).toMatch(/%3Cb%3E[^]*\/about[^]*home/);
    expect(await body(false)).not.toContain("/about");
    const own = makeApp(() => abort(404, "No such thing."), { debug: true });
    expect(await (await own.get()).text()).toContain("No such thing.");
  });

  test("redirects of rules keep the query", async () => {
    const rules = [new Rule("/old/:id", { redirectTo: "/new/:id" }), new Rule("/asked", { redirectTo: "/new\\?a=1" })];
    const { get } = makeApp(() => text(""), { rules });
    const location = async (path: string) => (await get(path)).headers.get("location");
    expect(await Promise.all(["/old/5?b=2", "/asked?b=2", "/asked"].map(location))).toEqual(["/new/5?b=2", "/new?a=1&b=2", "/new?a=1"]);
    expect((await get("/old/5")).status).toBe(308);
  });
});
