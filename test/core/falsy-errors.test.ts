import {
  abort,
  App,
  beforeHead,
  html,
  local,
  RequestHandler,
  Response,
  Rule,
  setCookie,
  text,
  type AppOptions,
  type Middleware,
} from "@mini/core";
import { TestClient } from "@mini/core/testing";
import { MemoryBackend, SessionMiddleware, type SessionBackend } from "@mini/session";
import { describe, expect, test } from "vitest";

/** Reasons that are not truthy. Any of them can be thrown, and is an unexpected error then. */
const reasons = [undefined, null, false, 0, Number.NaN, ""] as const;

interface Place {
  readonly method?: (fail: () => never) => unknown;
  readonly middleware?: (fail: () => never) => Middleware;
  readonly options?: (fail: () => never) => Partial<AppOptions<readonly Rule[]>>;
}

/** Everywhere that an error can come from; each has changed the session and set a cookie before. */
const places: Readonly<Record<string, Place>> = {
  "a method throws": { method: (fail) => fail() },
  "a promise is rejected": { method: async (fail) => fail() },
  "a before-hook throws": { middleware: (fail) => ({ beforeDispatch: () => change().then(fail) }) },
  "an after-hook throws": { middleware: (fail) => ({ afterDispatch: () => fail() }) },
  "handleException throws": { method: () => abort(409), middleware: (fail) => ({ handleException: () => fail() }) },
  "a beforeHead function throws": {
    method: (fail) => {
      beforeHead(() => fail());
      return text("fine");
    },
  },
  "an asynchronous beforeHead function throws": {
    method: (fail) => {
      beforeHead(async () => fail());
      return text("fine");
    },
  },
  "an error handler throws": { method: () => abort(409), options: (fail) => ({ errorHandlers: { 409: () => fail() } }) },
  "an error handler answers it": { method: (fail) => fail(), options: () => ({ errorHandlers: { 500: () => html`<p>Sorry</p>` } }) },
};

async function change(): Promise<void> {
  setCookie("paid", "yes");
  (await local.sessionStore.getSession()).set("paid", true);
}

function siteOf({ method, middleware, options }: Place, backend: SessionBackend | undefined, reason: unknown) {
  const fail = (): never => {
    throw reason;
  };
  const logged: string[] = [];
  const note = (message: string) => void logged.push(message);
  class Order extends RequestHandler {
    static override middleware = [SessionMiddleware, ...(middleware === undefined ? [] : [middleware(fail)])];
    async post() {
      await change();
      const given = await method?.(fail);
      return given instanceof Response ? given : text("done");
    }
  }
  class Paid extends RequestHandler {
    static override middleware = [SessionMiddleware];
    async get() {
      return text(String((await local.sessionStore.getSession()).get("paid") ?? false));
    }
  }
  const app = new App({
    rules: [new Rule("/", { handler: Order }), new Rule("/paid", { handler: Paid })] as readonly Rule[],
    config: { session: { secretKey: "0123456789abcdef0123456789abcdef", ...(backend && { backend }) } },
    logger: { error: note, warn: note, info: note, debug: note },
    ...options?.(fail),
  });
  return { client: new TestClient(app as App), logged };
}

describe.each(reasons.map((reason) => [JSON.stringify(reason) ?? "undefined", reason] as const))("An error of %s:", (_name, reason) => {
  for (const [title, place] of Object.entries(places)) {
    test.each(["a cookie", "a backend"])(`${title}: the session in %s keeps nothing, and it is logged once`, async (kind) => {
      const { client, logged } = siteOf(place, kind === "a backend" ? new MemoryBackend() : undefined, reason);
      const { status, headers } = await client.post("/");
      expect([status, headers.getSetCookie()]).toEqual([500, []]);
      expect(await (await client.get("/paid")).text()).toBe("false");
      expect(logged.filter((line) => line.includes(`500 after`) && line.endsWith(`: ${String(reason)}`))).toHaveLength(1);
    });
  }

  test.each(["read", "create", "swap"] as const)("%s of a backend fails: 503, and it is logged", async (failing) => {
    const backend = new MemoryBackend();
    let visits = 0;
    const method = async () => (await local.sessionStore.getSession()).set("visits", ++visits);
    const { client, logged } = siteOf({ method }, backend, reason);
    if (failing !== "create") expect((await client.post("/")).status).toBe(200);
    Object.assign(backend, { [failing]: () => Promise.reject(reason) });
    expect((await client.post("/")).status).toBe(503);
    expect(logged.filter((line) => line.endsWith(`: ${String(reason)}`))).toHaveLength(1);
  });

  test("a handler that cannot be loaded is answered with 500, and loaded at the next request", async () => {
    class Late extends RequestHandler {
      get() {
        return text("late");
      }
    }
    let tries = 0;
    const load = () => (++tries === 1 ? Promise.reject(reason) : Promise.resolve(Late));
    const logger = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };
    const app = new App({ rules: [new Rule("/", { handler: load })], logger });
    expect([(await app.fetch(new Request("http://a/"))).status, (await app.fetch(new Request("http://a/"))).status]).toEqual([500, 200]);
  });

  test('"error" in local is true if there is one', async () => {
    const seen: unknown[] = [];
    const { client } = siteOf(
      {
        method: (fail) => {
          seen.push("error" in local);
          fail();
        },
        options: () => ({
          errorHandlers: {
            500: () => {
              seen.push("error" in local, local.error);
              return html`<p>Sorry</p>`;
            },
          },
        }),
      },
      undefined,
      reason,
    );
    await client.post("/");
    expect(seen).toEqual([false, true, reason]);
  });
});
