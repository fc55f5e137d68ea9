import { request, text, type AppOptions, type JsonOptions } from "@mini/core";
import { serve, type Server } from "@mini/core/serve";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { request as send } from "../support/ask.ts";
import { makeApp } from "../support/one-handler.ts";

const json = { "content-type": "application/json" };
const form = { "content-type": "application/x-www-form-urlencoded" };

/** What a handler did with a body: status, and the page's text or problem's detail. */
type Answer = readonly [status: number, said: string];
type Post = (headers: Readonly<Record<string, string>>, body: string | Uint8Array) => Promise<Answer>;

let work: () => unknown;
const { app } = makeApp(() => work());

const posts: Readonly<Record<string, Post>> = {
  "a request of the platform": async (headers, body) => {
    const sent = new Request("http://localhost/", {
      method: "POST",
      headers: { ...headers, accept: "application/json" },
      body: body as BodyInit,
    });
    const response = await app.fetch(sent);
    return answerOf(response.status, await response.text());
  },
  "a request over a socket": async (headers, body) => {
    const response = await send(server.url, { method: "POST", headers: { ...headers, accept: "application/json" }, body });
    return answerOf(response.statusCode, await response.body.text());
  },
};

function answerOf(status: number, body: string): Answer {
  return [status, status === 200 ? body : (JSON.parse(body) as { detail: string }).detail];
}

let server: Server;
beforeAll(async () => {
  server = await serve(app, { port: 0, silent: true, gracefulShutdown: false });
});
afterAll(() => server.close());

describe.each(Object.keys(posts))("the body of %s", (kind) => {
  const post = posts[kind]!;
  const postJson = (body: string, options?: JsonOptions) => {
    work = async () => text(JSON.stringify(await request.json(options)));
    return post(json, body);
  };

  test.each([
    ["", 0],
    ["{", 1],
    ["nul", 3],
    ['{"a":1,}', 7],
    ["[1,]", 3],
    ['["]", ]', 6],
    ["[1 2]", 3],
    ['"abc', 4],
    ["\u0000", 0],
    ["{'a':1}", 1],
    [`["${"]".repeat(40)}", ${"1, ".repeat(40)}x, 2]`, 165],
    ["[tru]", 4],
    ["{} {}", 3],
    ["[-]", 2],
    ["\u{1f600}", 0],
  ])("%j is 400 with the position %i, and the message does not quote the body", async (body, position) => {
    expect(await postJson(body)).toEqual([400, `The body is not valid JSON at position ${position}.`]);
  });

  test("that is long and not JSON is 400 too", async () => {
    expect(await postJson(`[${"1,".repeat(50_000)}x]`)).toEqual([400, "The body is not valid JSON."]);
  });

  test("may have a byte order mark, and bytes that are not valid UTF-8 become replacement characters", async () => {
    expect(await postJson('\u{feff}{"a":1}')).toEqual([200, '{"a":1}']);
    expect(await post(json, Uint8Array.of(0x22, 0xff, 0x22))).toEqual([200, '"\ufffd"']);
  });

  test("may be nested 64 levels deep or as deep as configured; a deeper body is 400", async () => {
    const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
    expect(await postJson(nested(64))).toEqual([200, nested(64)]);
    expect(await postJson(nested(65))).toEqual([400, "The body is JSON that is nested too deeply."]);
    expect(await postJson(`{"a":`.repeat(65) + "1" + "}".repeat(65))).toEqual([400, "The body is JSON that is nested too deeply."]);
    expect(await postJson(nested(400_000))).toEqual([400, "The body is JSON that is nested too deeply."]);
    expect((await postJson("[[]]", { maxDepth: 1 }))[0]).toBe(400);
    expect(await postJson("[1]", { maxDepth: 1 })).toEqual([200, "[1]"]);
  });

  test.each([
    '{"__proto__":{"admin":true}}',
    '[{"a":{"__proto__":1}}]',
    String.raw`{"\u005f_proto_\u005f":{"admin":true}}`,
    '{"constructor":{"prototype":{"admin":true}}}',
  ])("%s is 400, because a copy of it would change a prototype", async (body) => {
    const [status, said] = await postJson(body);
    expect([status, said]).toEqual([
      400,
      expect.stringMatching(/^The body is JSON with the key (__proto__|constructor), which is not allowed\.$/),
    ]);
  });

  test.each(['{"constructor":"Acme"}', '{"prototype":1}', '{"constructor":{"a":1}}', '["__proto__"]'])("%s is accepted", async (body) => {
    expect(await postJson(body)).toEqual([200, body]);
  });

  test.each([
    ["text/plain", 415],
    ["", 415],
    ["application/json, text/html", 415],
    ["multipart/form-data; boundary=json", 415],
    ["application/+json", 415],
    ["APPLICATION/JSON ; charset=UTF-8", 200],
    ['application/json; charset="utf-8"', 200],
    ["application/problem+json", 200],
    ["application/json; charset=utf-16", 415],
    ["application/json; charset=iso-8859-1", 415],
    ["application/json; charset=", 415],
  ])("with the content type %j is answered with %i", async (type, status) => {
    work = async () => text(JSON.stringify(await request.json()));
    expect((await post({ "content-type": type }, "[1]"))[0]).toBe(status);
  });

  test("that is compressed is 415", async () => {
    work = async () => text(await request.text());
    expect(await post({ ...form, "content-encoding": "gzip" }, "a=1")).toEqual([415, "The body must not be compressed."]);
    expect(await post({ ...form, "content-encoding": "identity" }, "a=1")).toEqual([200, "a=1"]);
  });

  test("may have 1,000 fields or as many as configured; one with more is refused", async () => {
    work = async () => text(String(Array.from(await request.formData()).length));
    expect(await post(form, "a=1&".repeat(999) + "a=1")).toEqual([200, "1000"]);
    expect(await post(form, "a=1&".repeat(1000) + "a=1")).toEqual([413, "The form is over the limit of 1000 fields."]);
    const parts = (count: number) => '--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n'.repeat(count) + "--x--\r\n";
    const multipart = { "content-type": "multipart/form-data; boundary=x" };
    expect(await post(multipart, parts(1000))).toEqual([200, "1000"]);
    expect(await post(multipart, parts(1001))).toEqual([413, "The form is over the limit of 1000 fields."]);
    work = async () => text(String(Array.from(await request.formData({ maxFields: 2 })).length));
    expect((await post(form, "a=1&a=2&a=3"))[0]).toBe(413);
    expect((await post(multipart, parts(3)))[0]).toBe(413);
    expect(await post(form, "a=1&a=2")).toEqual([200, "2"]);
  });

  test("may have fields of any name, and none of them changes a prototype", async () => {
    work = async () => {
      const fields = await request.formData();
      return text(
        JSON.stringify([...fields.keys(), Object.getPrototypeOf(fields) === FormData.prototype, ({} as { admin?: unknown }).admin]),
      );
    };
    expect(await post(form, "__proto__=1&constructor[prototype][admin]=1&a[b]=2")).toEqual([
      200,
      '["__proto__","constructor[prototype][admin]","a[b]",true,null]',
    ]);
  });

  test.each([
    ["multipart/form-data", "--x--"],
    ["multipart/form-data; boundary=x", "nothing of the kind"],
    ["multipart/form-data; boundary=x", '--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n1'],
    ["multipart/form-data; boundary=y", '--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n'],
  ])("%s %j is 400", async (type, body) => {
    work = async () => text(String(await request.formData()));
    expect(await post({ "content-type": type }, body)).toEqual([400, "The body is not valid multipart/form-data."]);
  });

  test("can have files, which are streams with name, type and size", async () => {
    work = async () => {
      const file = (await request.formData()).get("file") as File;
      const chunks: Uint8Array[] = [];
      for await (const chunk of file.stream()) chunks.push(chunk);
      return text(JSON.stringify([file.name, file.type, file.size, Buffer.concat(chunks).toString("hex")]));
    };
    const head = '--x\r\ncontent-disposition: form-data; name="file"; filename="../a.png"\r\ncontent-type: image/png\r\n\r\n';
    const body = Buffer.concat([Buffer.from(head), Buffer.from([0, 255, 13, 10, 1]), Buffer.from("\r\n--x--\r\n")]);
    expect(await post({ "content-type": "multipart/form-data; boundary=x" }, body)).toEqual([
      200,
      '["../a.png","image/png",5,"00ff0d0a01"]',
    ]);
  });
});

test("a handler that reads the body stream itself is answered with 413 at the limit of the server", async () => {
  const options: Partial<AppOptions<never>> = { maxBodySize: 10 };
  const { app: small, logged } = makeApp(async () => {
    let size = 0;
    for await (const chunk of request.web.body as ReadableStream<Uint8Array>) size += chunk.length;
    return text(String(size));
  }, options as object);
  const server = await serve(small, { port: 0, silent: true, gracefulShutdown: false });
  try {
    const fine = await send(server.url, { method: "POST", body: "x".repeat(10) });
    expect([fine.statusCode, await fine.body.text()]).toEqual([200, "10"]);
    const { statusCode, body } = await send(server.url, { method: "POST", body: "x".repeat(11) });
    await body.dump();
    expect([statusCode, logged]).toEqual([413, []]);
  } finally {
    await server.close();
  }
});
