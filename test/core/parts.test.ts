import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { App, type HTTPError, json, type Part, type PartOptions, request, RequestHandler, Rule } from "@mini/core";
import { serve } from "@mini/core/serve";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { temporaryFolder } from "../support/folder.ts";
import { makeApp } from "../support/one-handler.ts";

const none = () => undefined;
const silent = { error: none, warn: none, info: none, debug: none };

const part = (disposition: string, content = "v") => `--b0\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${content}\r\n`;
const end = "--b0--\r\n";
const headers = { "content-type": "multipart/form-data; boundary=b0" };

/** A body that arrives in pieces of a size. */
function inPieces(body: string, size: number): ReadableStream<Uint8Array> {
  const bytes = Buffer.from(body);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) controller.close();
      else controller.enqueue(bytes.subarray(at, (at += size)));
    },
  });
}

/** Sends a body, and answers what the handler makes of the parts; the status for anything but 200. */
async function send(body: string | ReadableStream, show: (part: Part) => unknown, options?: PartOptions): Promise<unknown> {
  const { client } = makeApp(
    async () => {
      const shown: unknown[] = [];
      for await (const each of request.parts(options)) shown.push(await show(each));
      return json(shown);
    },
    { logger: silent },
  );
  const response = await client.post("/", { body: body as BodyInit, headers });
  return response.status === 200 ? response.json() : response.status;
}

/** What `request.form()` reads, as {@link content} says it. */
async function sendForm(body: ReadableStream): Promise<unknown> {
  const { client } = makeApp(
    async () => {
      const form = await request.form(z.record(z.string(), z.union([z.string(), z.file()])));
      const fields = Object.entries(form.ok ? form.data : {});
      const shown = fields.map(async ([name, value]) =>
        typeof value === "string" ? [name, null, "text/plain", value] : [name, value.name, value.type, await value.text()],
      );
      return json(await Promise.all(shown));
    },
    { logger: silent },
  );
  return (await client.post("/", { body: body as BodyInit, headers })).json();
}

const content = async (each: Part) => [each.name, each.filename ?? null, each.type, await each.text()];

describe.each([1, 2, 3, 5, 17, 1000])("parts that arrive in pieces of %i bytes", (size) => {
  test.each<[title: string, body: string, expected: unknown]>([
    [
      "fields and files",
      part('name="a"', "1") + part('name="f"; filename="x.css"\r\nContent-Type: text/css', "ü\r\n--b\r\n") + end,
      [
        ["a", null, "text/plain", "1"],
        ["f", "x.css", "text/css", "ü\r\n--b\r\n"],
      ],
    ],
    ["content of no bytes", part('name="a"', "") + end, [["a", null, "text/plain", ""]]],
    [
      "content that looks like a boundary",
      part('name="a"', "\r\n--b01\r\n--b0-\r\n--b0--x\r\n--b0 x") + end,
      [["a", null, "text/plain", "\r\n--b01\r\n--b0-\r\n--b0--x\r\n--b0 x"]],
    ],
    [
      "text around the parts and blanks after a boundary",
      `hello\r\n${part('name="a"').replace("--b0\r\n", "--b0 \t\r\n")}--b0-- \r\nbye`,
      [["a", null, "text/plain", "v"]],
    ],
    ["no line break at the end", `${part('name="a"')}--b0--`, [["a", null, "text/plain", "v"]]],
    ["base64", part('name="a"\r\nContent-Transfer-Encoding: base64', "aGVs\r\nbG8=") + end, [["a", null, "text/plain", "hello"]]],
    ["no parts", end, []],
  ])("are read: %s", async (_title, body, expected) => {
    expect(await send(inPieces(body, size), content)).toEqual(expected);
    expect(await sendForm(inPieces(body, size))).toEqual(expected);
  });

  test.each<[title: string, body: string]>([
    ["no end", part('name="a"')],
    ["an end that is cut", `${part('name="a"')}--b0-`],
    ["a head that is cut", "--b0\r\nContent-Disp"],
    ["a part without a name", part("x=y") + end],
    ["a part without headers", `--b0\r\n\r\nv\r\n${end}`],
    ["a head of 20 kB", part(`name="${"a".repeat(20_000)}"`) + end],
    ["a boundary with 20 kB of blanks", part('name="a"') + `--b0${" ".repeat(20_000)}\r\n` + end],
  ])("are 400 with %s", async (_title, body) => {
    expect(await send(inPieces(body, size), content)).toBe(400);
  });
});

test("a part is yielded before the next one arrives", async () => {
  let arrive!: (text: string) => void;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => void (arrive = (text) => (text === "" ? controller.close() : controller.enqueue(Buffer.from(text)))),
  });
  arrive(part('name="a"', "1") + "--b0\r\n");
  const seen = await send(body, async (each) => {
    const text = await each.text();
    if (each.name === "a") {
      arrive('Content-Disposition: form-data; name="b"\r\n\r\n2\r\n--b0--\r\n');
      arrive("");
    }
    return text;
  });
  expect(seen).toEqual(["1", "2"]);
});

describe("the file name of a part", () => {
  test.each([
    ["../../etc/passwd", "passwd"],
    ["/etc/passwd", "passwd"],
    ["C:\\dir\\x.txt", "x.txt"],
    ["a/", ""],
    ["x\u0000y\u001b.txt", "xy.txt"],
    ["", ""],
  ])("%j is %j", async (sent, expected) => {
    expect(await send(part(`name="f"; filename="${sent}"`) + end, (each) => each.filename)).toEqual([expected]);
  });
});

describe("a limit of a form in parts", () => {
  const three = part('name="a"', "12345") + part('name="b"', "1") + part('name="f"; filename="x"', "1234567") + end;

  test.each<[PartOptions, expected: unknown]>([
    [{}, ["12345", "1", "1234567"]],
    [{ maxParts: 3, maxPartSize: 5, maxFileSize: 7 }, ["12345", "1", "1234567"]],
    [{ maxParts: 2 }, 413],
    [{ maxPartSize: 4 }, 413],
    [{ maxFileSize: 6 }, 413],
  ])("%j", async (options, expected) => {
    expect(await send(inPieces(three, 4), (each) => each.text(), options)).toEqual(expected);
    const { client } = makeApp(
      async () => {
        const form = await request.form(z.object({ a: z.string(), b: z.string(), f: z.file() }), options);
        return json(form.ok ? [form.data.a, form.data.b, await form.data.f.text()] : form.problems());
      },
      { logger: silent },
    );
    const response = await client.post("/", { body: three, headers });
    expect(response.status === 200 ? await response.json() : response.status).toEqual(expected);
  });

  test("ends the reading of a million parts at the first part over the limit", async () => {
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({ pull: (controller) => (sent++, controller.enqueue(Buffer.from(part('name="a"')))) });
    expect(await send(body, (each) => each.name)).toBe(413);
    expect(sent).toBeLessThan(1100);
  });
});

describe("the content of a part", () => {
  const two = part('name="a"', "1") + part('name="b"', "2") + end;

  test("can be bytes, or a stream", async () => {
    expect(await send(two, async (each) => [...(await each.bytes())])).toEqual([[49], [50]]);
    expect(await send(inPieces(two, 3), (each) => new Response(each.stream).text())).toEqual(["1", "2"]);
  });

  test("is skipped if it is not read", async () => {
    expect(await send(two, (each) => each.name)).toEqual(["a", "b"]);
  });

  test("can be read once", async () => {
    const message = (error: unknown) => (error as Error).message;
    const seen = await send(two, async (each) => {
      await each.text();
      return each.bytes().catch(message);
    });
    expect(seen).toEqual([
      'Cannot read the part "a": it was read before, or is being read.',
      'Cannot read the part "b": it was read before, or is being read.',
    ]);
    const kept: Part[] = [];
    const late = await send(two, async (each) => {
      kept.push(each);
      return kept.length === 2 ? kept[0]!.text().catch(message) : "";
    });
    expect(late).toEqual(["", 'Cannot read the part "a": the next part was requested.']);
  });

  test("is complete when the application goes on without waiting for it", async () => {
    const texts: Promise<string>[] = [];
    expect(await send(inPieces(two, 1), (each) => void texts.push(each.text()))).toEqual([null, null]);
    expect(await Promise.all(texts)).toEqual(["1", "2"]);
  });
});

describe("saveTo()", () => {
  const file = part('name="f"; filename="x"', "content") + end;

  test("writes a file, and replaces one that was there", async () => {
    const folder = temporaryFolder({ old: "old" });
    expect(await send(inPieces(file, 3), (each) => each.saveTo(join(folder, "old")))).toEqual([7]);
    expect(await send(file, (each) => each.saveTo(pathToFileURL(join(folder, "new"))))).toEqual([7]);
    expect(readdirSync(folder).toSorted()).toEqual(["new", "old"]);
    expect([readFileSync(join(folder, "old"), "utf8"), readFileSync(join(folder, "new"), "utf8")]).toEqual(["content", "content"]);
  });

  test.each<[title: string, body: string, status: number]>([
    ["is over the limit", file, 413],
    ["is damaged", part('name="f"; filename="x"', "con"), 400],
  ])("leaves no file if the form %s", async (_title, body, status) => {
    const folder = temporaryFolder({});
    writeFileSync(join(folder, "x"), "old");
    const options = { maxFileSize: 5 };
    expect(await send(inPieces(body, 2), (each) => each.saveTo(join(folder, "x")), options)).toBe(status);
    expect([readdirSync(folder), readFileSync(join(folder, "x"), "utf8")]).toEqual([["x"], "old"]);
  });

  test("fails where no file can be written", async () => {
    const folder = temporaryFolder({});
    expect(await send(file, (each) => each.saveTo(join(folder, "none/x")))).toBe(500);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("leaves no file if the client disconnects", async () => {
    const folder = temporaryFolder({});
    let settle!: (value: unknown) => void;
    const outcome = new Promise((resolve) => void (settle = resolve));
    class Upload extends RequestHandler {
      async post() {
        for await (const each of request.parts()) await each.saveTo(join(folder, "x")).then(settle, settle);
        return json(null);
      }
    }
    const server = await serve(new App({ rules: [new Rule("/", { handler: Upload })], logger: silent }), { port: 0, silent: true });
    try {
      const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
      socket.write(
        `POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${headers["content-type"]}\r\ncontent-length: 1000\r\n\r\n${part('name="f"; filename="x"', "con")}`,
      );
      setImmediate(() => socket.end());
      expect(await outcome).toMatchObject({ status: 400 });
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      await server.close();
    }
  });
});

class First extends RequestHandler {
  async post() {
    for await (const each of request.parts()) return json(each.name);
    return json(null);
  }
}

class Limited extends RequestHandler {
  async post() {
    const limited = request.form(z.any(), { maxParts: 1 });
    return json(await limited.catch((error: unknown) => (error as HTTPError).status));
  }
}

test.each([
  ["a handler may leave before the last part", First, "a"],
  ["a form may be over its limit", Limited, 413],
])("%s, and the connection goes on", async (_title, handler, expected) => {
  const server = await serve(new App({ rules: [new Rule("/", { handler })], logger: silent }), { port: 0, silent: true });
  try {
    for (const _again of [1, 2]) {
      const body = part('name="a"') + part('name="b"', "x".repeat(200_000)) + end;
      const response = await fetch(server.url, { method: "POST", headers, body });
      expect([response.status, await response.json()]).toEqual([200, expected]);
    }
  } finally {
    await server.close();
  }
});

test("a body of another type is 415", async () => {
  const { client } = makeApp(async () => json((await request.parts().next()).done), { logger: silent });
  expect((await client.post("/", { form: { a: "1" } })).status).toBe(415);
});
