import { json, request } from "@mini/core";
import { describe, expect, test } from "vitest";
import { makeApp } from "../support/one-handler.ts";

const { client } = makeApp(async () => {
  const fields = Array.from(await request.formData());
  const shown = fields.map(async ([name, value]) => [
    name,
    ...(typeof value === "string" ? [value] : [value.name, value.type, await value.text()]),
  ]);
  return json(await Promise.all(shown));
});

async function send(body: string | Uint8Array, boundary = "b0"): Promise<unknown> {
  const headers = { "content-type": `multipart/form-data; boundary=${boundary}` };
  const response = await client.post("/", { headers, body: body as BodyInit });
  return response.status === 200 ? response.json() : response.status;
}

const part = (disposition: string, more = "") => `--b0\r\nContent-Disposition: ${disposition}\r\n${more}\r\nv\r\n`;
const end = "--b0--\r\n";
const field = part('form-data; name="a"');

describe("a multipart form is read as other clients write it:", () => {
  test.each<[string, string, unknown]>([
    ["a name without quotes", part("form-data; name=a") + end, [["a", "v"]]],
    [
      "filename and filename*",
      part(`form-data; name="f"; filename="x_y.txt"; filename*=utf-8''x%20%C3%BC.txt`) + end,
      [["f", "x ü.txt", "text/plain", "v"]],
    ],
    ["filename* alone", part(`form-data; name="f"; filename*=UTF-8'en'x%20y.txt`) + end, [["f", "x y.txt", "text/plain", "v"]]],
    ["filename* in ISO-8859-1", part(`form-data; name="f"; filename*=iso-8859-1''%FC.txt`) + end, [["f", "ü.txt", "text/plain", "v"]]],
    [
      ".NET",
      part("form-data; name=f; filename=x.txt; filename*=utf-8''x.txt", "Content-Type: image/png\r\n") + end,
      [["f", "x.txt", "image/png", "v"]],
    ],
    ["the filename first", part('form-data; filename="x.txt"; name="f"') + end, [["f", "x.txt", "text/plain", "v"]]],
    ["no blank after a semicolon", part('form-data;name="a"') + end, [["a", "v"]]],
    ["a semicolon at the end", part('form-data; name="a";') + end, [["a", "v"]]],
    ["blanks around an equals sign", part('form-data ; name = "a"') + end, [["a", "v"]]],
    ["the type in capitals", part('Form-Data; NAME="a"') + end, [["a", "v"]]],
    ["text before the first part", `hello\r\n${field}${end}`, [["a", "v"]]],
    ["an empty line before the first part", `\r\n${field}${end}`, [["a", "v"]]],
    ["text after the last part", `${field}${end}bye`, [["a", "v"]]],
    ["no line break at the end", `${field}--b0--`, [["a", "v"]]],
    [
      "blanks after a boundary",
      field.replace("--b0\r\n", "--b0 \t\r\n") + field + "--b0-- \r\n",
      [
        ["a", "v"],
        ["a", "v"],
      ],
    ],
    ["a header over two lines", part('form-data;\r\n name="f";\r\n\tfilename="x"') + end, [["f", "x", "text/plain", "v"]]],
    [
      "base64, as mail libraries write it",
      part('form-data; name="a"', "Content-Transfer-Encoding: base64\r\n").replace("\r\nv\r\n", "\r\naGVs\r\nbG8=\r\n") + end,
      [["a", "hello"]],
    ],
    ["quotes as browsers write them", part('form-data; name="a%22b%0D%0Ac"') + end, [['a"b\r\nc', "v"]]],
    ["quotes as others write them", part(String.raw`form-data; name="a\"b\\c"`) + end, [[String.raw`a"b\c`, "v"]]],
    [
      "a path of Windows",
      part(String.raw`form-data; name="f"; filename="C:\dir\x.txt"`) + end,
      [["f", String.raw`C:\dir\x.txt`, "text/plain", "v"]],
    ],
    ["an empty file", part('form-data; name="f"; filename=""').replace("\r\nv\r\n", "\r\n\r\n") + end, [["f", "", "text/plain", ""]]],
    ["content that is empty", '--b0\r\ncontent-disposition: form-data; name="a"\r\n\r\n\r\n' + end, [["a", ""]]],
    [
      "content that looks like a boundary",
      field.replace("\r\nv\r\n", "\r\n--b01\r\n--b0x\r\n--b\r\n") + end,
      [["a", "--b01\r\n--b0x\r\n--b"]],
    ],
    ["names that reach no prototype", part('form-data; name="__proto__"') + end, [["__proto__", "v"]]],
    ["no parts", end, []],
  ])("%s", async (_title, body, expected) => {
    expect(await send(body)).toEqual(expected);
  });

  test("a boundary in quotes, and bytes that are not text", async () => {
    const head = '--b 0\r\ncontent-disposition: form-data; name="f"; filename="x"\r\n\r\n';
    const body = Buffer.concat([Buffer.from(head), Buffer.from([0, 13, 10, 45, 45, 255]), Buffer.from("\r\n--b 0--")]);
    expect(await send(body, '"b 0"')).toEqual([["f", "x", "text/plain", "\u0000\r\n--\ufffd"]]);
  });
});

describe("a multipart form is 400 with", () => {
  test.each<[string, string]>([
    ["no end", field],
    ["a head that is cut", "--b0\r\nContent-Disp"],
    ["no boundary at all", "nothing of the kind"],
    ["a part without a name", part("form-data") + end],
    ["a part of another kind", part('attachment; name="a"') + end],
    ["a part without headers", `--b0\r\n\r\nv\r\n${end}`],
    ["a header without a colon", "--b0\r\nX\r\n\r\nv\r\n" + end],
    ["line feeds alone", (field + end).replaceAll("\r\n", "\n")],
    ["a head of 20 kB", part(`form-data; name="${"a".repeat(20_000)}"`) + end],
    ["a coding that is not read", part('form-data; name="a"', "Content-Transfer-Encoding: quoted-printable\r\n") + end],
  ])("%s", async (_title, body) => {
    expect(await send(body)).toBe(400);
  });

  test.each(["", '""', "a".repeat(71)])("the boundary %j", async (boundary) => {
    expect(await send(field + end, boundary)).toBe(400);
  });
});

test("a multipart form of too many parts is 413, and none of its files is made", async () => {
  const made: unknown[] = [];
  const { File: Real } = globalThis;
  globalThis.File = class extends Real {
    constructor(...given: ConstructorParameters<typeof Real>) {
      super(...given);
      made.push(this);
    }
  };
  try {
    const { client: limited } = makeApp(async () => json([...(await request.formData({ maxFields: 3 })).keys()]));
    const headers = { "content-type": "multipart/form-data; boundary=b0" };
    const { status } = await limited.post("/", { headers, body: part('form-data; name="f"; filename="x"').repeat(1000) + end });
    expect([status, made.length]).toEqual([413, 0]);
  } finally {
    globalThis.File = Real;
  }
});
