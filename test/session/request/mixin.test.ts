import { App, local, RequestHandler, Rule, text, type Middleware, type MiddlewareList } from "@mini/core";
import { TestClient } from "@mini/core/testing";
import { MemoryBackend, SessionMiddleware, SessionMixin } from "@mini/session";
import { describe, expect, test } from "vitest";
import { secretKey } from "../../support/session-app.ts";

const session = { secretKey };

function siteOf(Handler: typeof RequestHandler, middleware: MiddlewareList = []) {
  const logged: string[] = [];
  const note = (message: string) => void logged.push(message);
  const logger = { error: note, warn: note, info: note, debug: note };
  const app = new App({ rules: [new Rule("/", { handler: Handler })] as readonly Rule[], middleware, config: { session }, logger });
  return { app, client: new TestClient(app as App), logged };
}

class Sees implements Middleware {
  beforeDispatch(): void {}
}

class Plain extends SessionMixin(RequestHandler) {
  async get() {
    return text(String((await this.session).increment("visits")));
  }
}

describe("SessionMixin adds SessionMiddleware", () => {
  class Listed extends Plain {
    static override middleware: MiddlewareList = [SessionMiddleware];
  }
  class Other extends Plain {
    static override middleware: MiddlewareList = [Sees];
  }
  class Twice extends SessionMixin(Plain) {}

  test.each([
    ["for a class without a list", Plain, []],
    ["for a class that lists something else", Other, []],
    ["once for a class that lists it", Listed, []],
    ["once for a class with two mixins", Twice, []],
    ["not if the application lists it", Plain, [SessionMiddleware]],
    ["with other middleware of the application", Plain, [Sees]],
  ] as const)("%s", async (_title, Handler, middleware) => {
    const { client } = siteOf(Handler, middleware);
    expect([await (await client.get("/")).text(), await (await client.get("/")).text()]).toEqual(["1", "2"]);
  });

  test("at the first use of the session, and local.sessionStore is there from then on", async () => {
    class Late extends SessionMixin(RequestHandler) {
      async get() {
        const before = "sessionStore" in local;
        const session = await this.session;
        return text(String([before, (await local.sessionStore.getSession()) === session]));
      }
    }
    expect(await (await siteOf(Late).client.get("/")).text()).toBe("false,true");
  });

  test("with the instance that the application has, so that both know the same backend", async () => {
    const backend = new MemoryBackend();
    class Lists extends RequestHandler {
      static override middleware = [SessionMiddleware];
      async get() {
        return text(String((await local.sessionStore.getSession()).increment("visits")));
      }
    }
    const quiet = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };
    const rules = [new Rule("/", { handler: Plain }), new Rule("/lists", { handler: Lists })];
    const client = new TestClient(new App({ rules, config: { session: { secretKey, backend } }, logger: quiet }));
    const answers = [await client.get("/"), await client.get("/lists"), await client.get("/")];
    expect(await Promise.all(answers.map((each) => each.text()))).toEqual(["1", "2", "3"]);
  });

  test("and says what is missing when the settings are wrong", async () => {
    const logged: string[] = [];
    const note = (message: string) => void logged.push(message);
    const app = new App({ rules: [new Rule("/", { handler: Plain })], logger: { error: note, warn: note, info: note, debug: note } });
    expect((await app.fetch(new Request("http://a/"))).status).toBe(500);
    expect(logged.join()).toContain("ConfigError: The App has no config.session, and its secretKey is missing.");
  });
});

test("a forgotten SessionMiddleware is named, although no list has it", async () => {
  class Forgetful extends RequestHandler {
    async get() {
      return text(String((await local.sessionStore.getSession()).size));
    }
  }
  const { client, logged } = siteOf(Forgetful);
  expect((await client.get("/")).status).toBe(500);
  expect(logged.join()).toContain(
    'Cannot read local.sessionStore: SessionMiddleware sets it, and the "middleware" of Forgetful does not list SessionMiddleware.',
  );
});
