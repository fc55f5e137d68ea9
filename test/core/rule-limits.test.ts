import { App, json, request, RequestHandler, Rule, RuleError, Submount, text } from "@mini/core";
import { serve } from "@mini/core/serve";
import { TestClient } from "@mini/core/testing";
import { describe, expect, test } from "vitest";

const none = () => undefined;
const silent = { error: none, warn: none, info: none, debug: none };
const multipart = { "content-type": "multipart/form-data; boundary=b" };
const form = (size: number) => {
  const around = '--b\r\ncontent-disposition: form-data; name="a"\r\n\r\n\r\n--b--\r\n';
  return around.replace("\r\n\r\n\r\n", `\r\n\r\n${"x".repeat(size - around.length)}\r\n`);
};

class Sizes extends RequestHandler {
  async post() {
    switch (request.args.get("read")) {
      case "text":
        return text(String((await request.text()).length));
      case "web":
        return text(String((await request.web.text()).length));
      case "form":
        return text(String(((await request.formData()).get("a") as string).length));
      case null:
      default: {
        let size = 0;
        for await (const part of request.parts()) size += (await part.bytes()).length;
        return text(String(size));
      }
    }
  }
}

const rules = [
  new Rule("/usual", { handler: Sizes }),
  ...Submount("/of-rule", [
    new Rule("/large", { handler: Sizes, maxBodySize: 3000 }),
    new Rule("/small", { handler: Sizes, maxBodySize: 100 }),
  ]),
];

describe.each(["text", "web", "form", "parts"])("maxBodySize of a rule, for a body that is read as %s,", (read) => {
  const cases: readonly (readonly [path: string, size: number, isAllowed: boolean])[] = [
    ["/usual", 1000, true],
    ["/usual", 1001, false],
    ["/of-rule/large", 3000, true],
    ["/of-rule/large", 3001, false],
    ["/of-rule/small", 100, true],
    ["/of-rule/small", 101, false],
  ];
  const expected = cases.map(([path, size, isAllowed]) => [path, size, isAllowed ? 200 : 413]);
  const app = () => new App({ rules, maxBodySize: 1000, logger: silent });

  test("replaces that of the application", async () => {
    const client = new TestClient(app());
    const answers: unknown[] = [];
    for (const [path, size] of cases) {
      const response = await client.post(`${path}?read=${read}`, { headers: multipart, body: form(size) });
      answers.push([path, size, response.status]);
    }
    expect(answers).toEqual(expected);
  });

  test("replaces that of the application over a socket, with a length and without", async () => {
    const server = await serve(app(), { port: 0, silent: true });
    try {
      for (const isStream of [false, true]) {
        const answers: unknown[] = [];
        for (const [path, size] of cases) {
          const body = isStream ? new Blob([form(size)]).stream() : form(size);
          const url = new URL(`${path}?read=${read}`, server.url);
          const response = await fetch(url, { method: "POST", headers: multipart, body, duplex: "half" } as RequestInit);
          answers.push([path, size, response.status]);
        }
        expect(answers).toEqual(expected);
      }
    } finally {
      await server.close();
    }
  });
});

test.each([-1, 1.5, Number.NaN, "1"])("maxBodySize %j of a rule is refused", (maxBodySize) => {
  const make = () => new Rule("/", { handler: Sizes, maxBodySize: maxBodySize as number });
  expect(make).toThrow(RuleError);
  expect(make).toThrow('The maxBodySize of the rule "/" must be a whole number of bytes, 0 or more.');
});

test("maxBodySize 0 of a rule refuses every body", async () => {
  class None extends RequestHandler {
    async post() {
      return json(await request.text());
    }
  }
  const client = new TestClient(new App({ rules: [new Rule("/", { handler: None, maxBodySize: 0 })], logger: silent }));
  expect([(await client.post("/", { body: "x" })).status, (await client.post("/")).status]).toEqual([413, 200]);
});
