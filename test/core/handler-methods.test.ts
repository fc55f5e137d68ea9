import { describe, expect, test } from "vitest";
import { App, RequestHandler, Rule, RuleError, text } from "@mini/core";

const logger = { error() {}, warn() {}, info() {}, debug() {} };
const appOf = (...rules: readonly Rule[]) => new App({ rules, logger });
const answer = text.bind(undefined, "answered");

class Reader extends RequestHandler {
  get() {
    return answer();
  }
}
class Writer extends RequestHandler {
  get() {
    return answer();
  }
  post() {
    return answer();
  }
  remove() {
    return answer();
  }
}
class Dav extends RequestHandler {
  propfind() {
    return answer();
  }
  query() {
    return answer();
  }
  lock() {
    return answer();
  }
  "m-search"() {
    return answer();
  }
}

/** Status, and Allow if there is one. */
async function ask(app: App, method: string, path = "/") {
  const { status, headers } = await app.fetch(new Request(`http://localhost${path}`, { method }));
  const allow = headers.get("allow");
  return allow === null ? status : `${status} ${allow}`;
}

describe("methods beyond the general ones", () => {
  test("QUERY and those of WebDAV that cannot be names of helpers are answered by a class that has these methods", async () => {
    const app = appOf(new Rule("/", { handler: Dav }));
    expect(await ask(app, "PROPFIND")).toBe(200);
    expect(await ask(app, "QUERY")).toBe(200);
    expect(await ask(app, "OPTIONS")).toBe("204 OPTIONS, PROPFIND, QUERY");
    expect(await ask(app, "GET")).toBe("405 OPTIONS, PROPFIND, QUERY");
  });

  test("other methods are answered if a rule lists them", async () => {
    const app = appOf(new Rule("/", { handler: Dav, methods: ["LOCK", "m-search"] }));
    expect(await ask(app, "LOCK")).toBe(200);
    expect(await ask(app, "M-SEARCH")).toBe(200);
    expect(await ask(app, "PUT")).toBe("405 LOCK, M-SEARCH, OPTIONS");
    expect(await ask(app, "PROPFIND")).toBe(501);
  });

  test("a request whose method has the name of a helper does not call the helper", async () => {
    const app = appOf(new Rule("/", { handler: Dav }), new Rule("/writer", { handler: Writer }));
    expect(await ask(app, "LOCK")).toBe(501);
    expect(await ask(app, "REMOVE", "/writer")).toBe(501);
  });

  test("a method that only other rules answer is 405, and a method that no rule answers is 501", async () => {
    const app = appOf(new Rule("/", { handler: Dav }), new Rule("/reader", { handler: Reader }));
    expect(await ask(app, "PROPFIND", "/reader")).toBe("405 GET, HEAD, OPTIONS");
    expect(await ask(app, "PROPPATCH", "/reader")).toBe(501);
    expect(await ask(appOf(new Rule("/", { handler: Reader })), "PROPFIND")).toBe(501);
  });

  test.each(["TRACE", "CONNECT"])("%s in the methods of a rule is an error at start", (method) => {
    const action = "get";
    expect(() => appOf(new Rule("/", { handler: Reader, action, methods: [method] }))).toThrow(
      `The rule "/" cannot work: no rule can answer ${method}; remove it from methods.`,
    );
  });
});

describe("the methods of a rule and those of its class", () => {
  test("a method that the rule lists and the class lacks is an error at start", () => {
    expect(() => appOf(new Rule("/", { handler: Reader, methods: ["GET", "POST"] }))).toThrow(
      'The rule "/" lists POST in its methods, and Reader has no method post(): add it, or remove POST from methods.',
    );
    expect(() => appOf(new Rule("/", { handler: Dav, methods: ["M-POST"] }))).toThrow('Dav has no method "m-post"()');
  });

  test("a rule may list HEAD for get, and OPTIONS, which the framework answers", async () => {
    const head = appOf(new Rule("/", { handler: Reader, methods: ["HEAD"] }));
    expect(await ask(head, "HEAD")).toBe(200);
    expect(await ask(head, "GET")).toBe("405 HEAD, OPTIONS");
    const listed = appOf(new Rule("/", { handler: Writer, methods: ["GET", "OPTIONS"] }));
    expect(await ask(listed, "OPTIONS")).toBe("204 GET, HEAD, OPTIONS");
  });

  test("an action answers the methods that its rule lists, and no others", async () => {
    const app = appOf(new Rule("/remove", { handler: Writer, action: "remove", methods: ["POST"] }));
    expect(await ask(app, "POST", "/remove")).toBe(200);
    expect(await ask(app, "GET", "/remove")).toBe("405 OPTIONS, POST");
    expect(await ask(app, "OPTIONS", "/remove")).toBe("204 OPTIONS, POST");
  });

  test("an action without methods answers the methods of its class that change something, and never GET", async () => {
    class Account extends Writer {
      put() {
        return answer();
      }
    }
    for (const handler of [Account, async () => Account]) {
      const app = appOf(new Rule("/remove", { handler, action: "remove" }));
      expect(await ask(app, "GET", "/remove")).toBe("405 OPTIONS, POST, PUT");
      expect(await ask(app, "HEAD", "/remove")).toBe("405 OPTIONS, POST, PUT");
      expect(await ask(app, "POST", "/remove")).toBe(200);
    }
  });

  test("an action without methods is an error at start if its class has none of these", () => {
    expect(() => appOf(new Rule("/list", { handler: Reader, action: "get" }))).toThrow(RuleError);
    expect(() => appOf(new Rule("/lock", { handler: Dav, action: "lock" }))).toThrow(
      'The rule "/lock" has the action "lock" and does not say which HTTP methods call it: add methods: ["POST"], or methods: ["GET"] if it changes nothing.',
    );
  });
});

describe("a class that no request can reach is an error at start:", () => {
  const answers = { get: answer } as const;
  test.each([
    ["without any method", class Empty extends RequestHandler {}, "Empty has no method for any HTTP method: write get() { ... }"],
    [
      "with an arrow function in a field",
      class Arrow extends RequestHandler {
        get = () => answer();
      },
      "a field such as get = () => ... is not found",
    ],
    [
      "with an accessor",
      class Accessor extends RequestHandler {
        get get() {
          return answers.get;
        }
      },
      "Accessor has no method for any HTTP method",
    ],
    [
      "with a static method",
      class Static extends RequestHandler {
        static get() {
          return answer();
        }
      },
      'get() is static; remove "static"',
    ],
    [
      "with GET in capitals",
      class Capitals extends RequestHandler {
        GET() {
          return answer();
        }
      },
      'The rule "/" cannot call GET of Capitals: write get().',
    ],
    [
      "with POST in capitals beside get",
      class Beside extends RequestHandler {
        get() {
          return answer();
        }
        POST() {
          return answer();
        }
      },
      'The rule "/" cannot call POST of Beside: write post().',
    ],
    [
      "with a helper only",
      class Helper extends RequestHandler {
        render() {
          return answer();
        }
      },
      "Helper has no method for any HTTP method",
    ],
  ])("%s", (_title, handler, message) => {
    expect(() => appOf(new Rule("/", { handler }))).toThrow(RuleError);
    expect(() => appOf(new Rule("/", { handler }))).toThrow(message);
  });

  test("inherited methods are enough", async () => {
    expect(await ask(appOf(new Rule("/", { handler: class Inherits extends Writer {} })), "POST")).toBe(200);
  });
});

describe("a class that is loaded at the first request", () => {
  const lazy = (handler: typeof RequestHandler) => async () => handler;

  test("has its methods in Allow before it was loaded", async () => {
    for (const method of ["OPTIONS", "PUT"]) {
      const app = appOf(new Rule("/", { handler: lazy(Writer) }), new Rule("/:any", { handler: lazy(Reader) }));
      expect(await ask(app, method)).toMatch(/^(?:204|405) GET, HEAD, OPTIONS, POST$/);
    }
  });

  test("leaves methods that it does not have to other rules, like a class that was there from the start", async () => {
    class Deleter extends RequestHandler {
      delete() {
        return answer();
      }
    }
    for (const handler of [Reader, lazy(Reader)]) {
      const app = appOf(
        new Rule("/users/me", { handler: Writer, methods: ["POST"] }),
        new Rule("/users/:id", { handler }),
        new Rule("/:kind/:id", { handler: lazy(Deleter) }),
      );
      expect(await ask(app, "DELETE", "/users/me")).toBe(200);
      expect(await ask(app, "PUT", "/users/me")).toBe("405 DELETE, GET, HEAD, OPTIONS, POST");
      expect(await ask(app, "OPTIONS", "/users/me")).toBe("204 DELETE, GET, HEAD, OPTIONS, POST");
    }
  });

  test("that lacks a method of its rule is a logged 500, for every method", async () => {
    const logged: unknown[] = [];
    const app = new App({
      rules: [new Rule("/", { handler: lazy(Writer), methods: ["GET", "PATCH"] })],
      logger: { ...logger, error: (...line: readonly unknown[]) => void logged.push(line.map(String).join(" ")) },
    });
    for (const method of ["OPTIONS", "PUT", "PATCH", "GET"]) expect(await ask(app, method)).toBe(500);
    expect(logged).toHaveLength(4);
    expect(logged[0]).toContain("Writer has no method patch()");
  });

  test("answers requests that arrive while it is loaded, each with its own method", async () => {
    const app = appOf(new Rule("/", { handler: lazy(Writer) }));
    const all = ["GET", "POST", "PUT", "OPTIONS", "HEAD"].map((method) => ask(app, method));
    expect(await Promise.all(all)).toEqual([200, 200, "405 GET, HEAD, OPTIONS, POST", "204 GET, HEAD, OPTIONS, POST", 200]);
  });

  test("is loaded again after a failure, however it failed", async () => {
    const failures: (() => unknown)[] = [
      () => {
        throw new Error("not ready");
      },
      () => Promise.reject(new Error("not ready")),
      () => Promise.reject(),
      () => undefined,
      () => Promise.resolve(class {}),
      () => Promise.resolve(class Nothing extends RequestHandler {}),
    ];
    let calls = 0;
    const load = () => (calls < failures.length ? failures[calls++]!() : Promise.resolve(Reader)) as Promise<typeof Reader>;
    const app = appOf(new Rule("/", { handler: load }));
    for (const _failure of failures) expect(await ask(app, "GET")).toBe(500);
    expect([await ask(app, "GET"), await ask(app, "GET")]).toEqual([200, 200]);
  });
});

describe("without the final slash of a rule", () => {
  test("OPTIONS is redirected, like the methods that the rule answers", async () => {
    for (const handler of [Reader, async () => Reader]) {
      const app = appOf(new Rule("/docs/", { handler }));
      expect(await ask(app, "GET", "/docs")).toBe(308);
      expect(await ask(app, "OPTIONS", "/docs")).toBe(308);
      expect(await ask(app, "OPTIONS", "//docs")).toBe(308);
      expect(await ask(app, "PUT", "/docs")).toBe(404);
      expect(await ask(app, "OPTIONS", "/other")).toBe(404);
    }
  });
});
