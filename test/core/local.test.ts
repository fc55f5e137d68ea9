import { inspect } from "node:util";
import { local, LocalError, request, RequestHandler, Response, Rule, text, withoutRequest } from "@mini/core";
import type { Middleware } from "@mini/core";
import { describe, expect, test } from "vitest";
import { makeApp } from "../support/one-handler.ts";

declare module "@mini/core" {
  interface Local {
    word: string;
  }
}

describe("local", () => {
  test("is separate for each request, while others run", async () => {
    const gates = new Map<string, () => void>();
    const { app } = makeApp(async () => {
      local.word = request.args.get("word")!;
      await new Promise<void>((resolve) => gates.set(local.word, resolve));
      return text(local.word);
    });
    const words = ["a", "b", "c"];
    const answers = words.map((word) => app.fetch(new Request(`http://localhost/?word=${word}`)));
    for (const word of words.toReversed()) gates.get(word)!();
    expect(await Promise.all(answers.map(async (answer) => (await answer).text()))).toEqual(words);
  });

  test("can be read in the pull of a stream", async () => {
    const { get } = makeApp(() => {
      local.word = "streamed";
      const source: UnderlyingDefaultSource<Uint8Array> = {
        pull(controller) {
          controller.enqueue(new TextEncoder().encode(local.word));
          controller.close();
        },
      };
      return new Response(new ReadableStream(source, { highWaterMark: 0 }));
    });
    expect(await (await get()).text()).toBe("streamed");
  });

  test("is empty inside withoutRequest(), and back after it", async () => {
    const { get } = makeApp(async () => {
      local.word = "mine";
      const begun = withoutRequest(async () => {
        const before = "word" in local;
        await new Promise(setImmediate);
        return [before, "word" in local, "request" in local];
      });
      return text(JSON.stringify([await begun, local.word, request.path]));
    });
    expect(await (await get()).json()).toEqual([[false, false, false], "mine", "/"]);
    expect(withoutRequest(() => "done")).toBe("done");
  });

  test("throws an error that says that no request is running, or which middleware sets the name", async () => {
    expect(() => local.word).toThrow(LocalError);
    expect("word" in local).toBe(false);
    class Words implements Middleware {
      static readonly provides = ["word"] as const;
      beforeDispatch() {
        local.word = "x";
      }
    }
    const other = class extends RequestHandler {
      static override middleware = [Words];
      get() {
        return text(local.word);
      }
    };
    const { get, logged } = makeApp(() => text(local.word), { rules: [new Rule("/other", { handler: other })] });
    expect(await (await get("/other")).text()).toBe("x");
    expect((await get()).status).toBe(500);
    expect(logged.join()).toMatch(/LocalError.*word.*Words/);
  });

  test("has a name that was set to undefined, until it is deleted", async () => {
    const { get } = makeApp(() => {
      const loose = local as { user?: unknown };
      loose.user = undefined;
      const set = ["user" in local, loose.user ?? "none"];
      delete loose.user;
      return text(JSON.stringify([...set, "user" in local]));
    });
    expect(await (await get()).json()).toEqual([true, "none", false]);
  });

  test.each(["request", "app", "handler", "error"])("does not allow code to set or delete %s", async (name) => {
    const { get } = makeApp(() => {
      expect(() => Reflect.set(local, name, 1)).toThrow(`Cannot set local.${name}`);
      expect(() => Reflect.deleteProperty(local, name)).toThrow(`Cannot delete local.${name}`);
      return text("fine");
    });
    expect((await get()).status).toBe(200);
  });
});

/** What the language and its tools ask of any object. */
const probes: Readonly<Record<string, (object: object) => unknown>> = {
  await: async (object) => (await (object as unknown)) === object,
  "Promise.resolve": async (object) => (await Promise.resolve(object)) === object,
  "JSON.stringify": (object) => JSON.stringify({ object }),
  inspect: (object) => typeof inspect(object),
  "inspect with proxies": (object) => typeof inspect(object, { showProxy: true }),
  "Object.keys": (object) => Object.keys(object),
  spread: (object) => Object.keys({ ...object }),
  "Object.prototype.toString": (object) => Object.prototype.toString.call(object),
  isPrototypeOf: (object) => Array.isArray(object) || object instanceof Error,
  "a comparison": (object) => [object === local, object === request].includes(true),
};
const given: Readonly<Record<string, unknown>> = {
  await: true,
  "Promise.resolve": true,
  "JSON.stringify": '{"object":{}}',
  inspect: "string",
  "inspect with proxies": "string",
  "Object.keys": [],
  spread: [],
  "Object.prototype.toString": "[object Object]",
  isPrototypeOf: false,
  "a comparison": true,
};

describe.each([
  ["local", local],
  ["request", request],
] as const)("%s, read by operations of the language", (_name, object) => {
  test.each(Object.entries(probes))("do not throw for %s, inside a request and outside", async (title, probe) => {
    let inside: unknown;
    const { get } = makeApp(async () => {
      inside = await probe(object);
      return text("fine");
    });
    expect((await get()).status).toBe(200);
    expect([inside, await probe(object)]).toEqual([given[title], given[title]]);
  });
});

test('"in" tells which members request has', async () => {
  const { get } = makeApp(() => text(JSON.stringify(["path" in request, "cookies" in request, "then" in request, "word" in request])));
  expect(await (await get()).json()).toEqual([true, true, false, false]);
});
