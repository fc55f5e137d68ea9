import { Readable } from "node:stream";
import { beforeHead, Response, text, type MiddlewareList, type RequestHandler } from "@mini/core";
import { afterEach, describe, expect, test } from "vitest";
import { closeConnections, get, kinds, streamFrom } from "../support/stream-app.ts";
import { within } from "../support/within.ts";

afterEach(closeConnections);

describe("the stream of a response that is not sent is cancelled, so that what it reads from is closed:", () => {
  const fail = (): never => {
    throw new Error("of a hook");
  };
  const ways: Readonly<
    Record<string, { readonly middleware?: MiddlewareList; readonly headers?: Record<string, string>; readonly before?: true }>
  > = {
    "a hook returns another": { middleware: [{ afterDispatch: () => text("another") }] },
    "a hook returns another, later": { middleware: [{ afterDispatch: () => Promise.resolve(text("another")) }] },
    "a hook returns another stream": { middleware: [{ afterDispatch: () => new Response(streamFrom([Buffer.from("another")])) }] },
    "a hook throws": { middleware: [{ afterDispatch: fail }] },
    "a hook returns nothing": { middleware: [{ afterDispatch: () => undefined as never }] },
    "a function before the head throws": { before: true },
    "its Content-Length is none": { headers: { "content-length": "many" } },
  };
  test.each(kinds.flatMap((kind) => Object.keys(ways).map((way) => [kind, way] as const)))("%s, %s", async (kind, way) => {
    const { middleware = [], headers = {}, before } = ways[way]!;
    const source = new Readable({ read: () => undefined });
    const closed = new Promise((resolve) => source.once("close", resolve));
    const work = () => {
      if (before) beforeHead(fail);
      return new Response(source, { headers });
    };
    const { isWhole } = await get(kind, work, [], middleware);
    expect(isWhole).toBe(true);
    await within("the end of the source", closed);
  });

  test.each(kinds)("%s, but not that of a response that a hook has made another of, even one that is read later", async (kind) => {
    async function* loud(body: ReadableStream<Uint8Array>) {
      for await (const chunk of body) yield Buffer.from(chunk).toString().toUpperCase();
    }
    const afterDispatch = (_handler: RequestHandler, response: Response) => new Response(streamFrom(loud(response.body!)));
    const { body } = await get(kind, () => new Response(Readable.from(["quiet ", "words"])), [], [{ afterDispatch }]);
    expect(body).toBe("QUIET WORDS");
    const same = (_handler: RequestHandler, response: Response) => new Response(response.body, { status: 201 });
    const again = await get(kind, () => new Response(Readable.from(["quiet ", "words"])), [], [{ afterDispatch: same }]);
    expect([again.status, again.body]).toEqual([201, "quiet words"]);
  });
});

describe.each(["many", "-1", "3.0", "0x3", "3, 3", ""])("a Content-Length of %j", (length) => {
  test.each(kinds)("is a logged 500 before anything is sent: %s", async (kind) => {
    for (const body of [() => streamFrom([Buffer.from("abc")]), () => null]) {
      const logged: string[] = [];
      const { status, isWhole } = await get(kind, () => new Response(body(), { headers: { "content-length": length } }), logged);
      expect([status, isWhole]).toEqual([500, true]);
      expect(logged).toEqual([expect.stringContaining(`Cannot send a response with the Content-Length ${JSON.stringify(length)}.`)]);
    }
  });
});
