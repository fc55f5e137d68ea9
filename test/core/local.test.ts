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
});
