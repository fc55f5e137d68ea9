import { setImmediate as turn } from "node:timers/promises";
import { App, local, request, RequestHandler, Rule, setCookie, text } from "@mini/core";
import { expect, test } from "vitest";

/** Numbers that look random and are the same in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
}

test("1,000 parallel requests that await in between never see each other's local", async () => {
  const next = random(42);
  let running = 0;
  let most = 0;
  class Handler extends RequestHandler {
    async get({ name }: { name: string }) {
      most = Math.max(most, ++running);
      local.word = name;
      setCookie("name", name);
      for (let i = Math.floor(next() * 10); i >= 0; i--) {
        if (next() < 0.5) await Promise.resolve();
        else await turn();
        expect([local.word, request.path, local.handler === this]).toEqual([name, `/${name}`, true]);
      }
      running--;
      return text(local.word);
    }
  }
  const app = new App({ rules: [new Rule("/:name", { handler: Handler })] });
  const names = Array.from({ length: 1000 }, (_, i) => `n${i}`);
  const answers = await Promise.all(
    names.map(async (name) => {
      const response = await app.fetch(new Request(`http://localhost/${name}`));
      return [await response.text(), response.headers.getSetCookie()[0]!.split(";")[0]];
    }),
  );
  expect(answers).toEqual(names.map((name) => [name, `name=${name}`]));
  expect(most).toBeGreaterThan(500);
});
