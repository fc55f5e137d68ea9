import { App, json, RequestHandler, Rule, text } from "@mini/core";
import { serve } from "@mini/core/serve";
import { SessionMiddleware } from "@mini/session";
import { afterEach, expect, test } from "vitest";
import { request } from "../support/ask.ts";

const names = ["Request", "Response", "Headers", "AbortController"] as const;
const natives = Object.fromEntries(names.map((name) => [name, globalThis[name]]));
afterEach(() => {
  Object.assign(globalThis, natives);
});

/** Counts what is made of the platform's classes from here on. */
function count(): Map<string, number> {
  const made = new Map<string, number>();
  for (const name of names) {
    const counting = new Proxy(natives[name] as typeof Request, {
      construct(target, args, newTarget) {
        made.set(name, (made.get(name) ?? 0) + 1);
        return Reflect.construct(target, args, newTarget) as object;
      },
    });
    Object.assign(globalThis, { [name]: counting });
  }
  return made;
}

class Hello extends RequestHandler {
  get() {
    return text("hello");
  }
}
class Untouched extends RequestHandler {
  static override middleware = [SessionMiddleware];
  get({ id }: { id: string }) {
    return json({ id });
  }
}
class Native extends RequestHandler {
  get() {
    return new globalThis.Response("native");
  }
}

test("answering a plain request creates no native Request, Response, Headers or AbortController", async () => {
  const rules = [
    new Rule("/", { handler: Hello }),
    new Rule("/untouched/:id", { handler: Untouched }),
    new Rule("/native", { handler: Native }),
  ];
  const app = new App({ rules, config: { session: { secretKey: "a key that is long enough to be one" } } });
  const server = await serve(app, { port: 0, silent: true, gracefulShutdown: false });
  const get = async (path: string) => (await request(new URL(path, server.url))).body.text();
  try {
    const made = count();
    expect([await get("/"), await get("/untouched/5?a=1")]).toEqual(["hello", '{"id":"5"}']);
    expect(Object.fromEntries(made)).toEqual({});
    // The count sees what a handler makes itself.
    await get("/native");
    expect(made.get("Response")).toBe(1);
  } finally {
    await server.close();
  }
});
