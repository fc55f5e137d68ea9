import { createReadStream } from "node:fs";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { request, type RequestHandler, Response, text } from "@mini/core";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { Connection, protocols } from "../support/protocols.ts";
import { appOf, closeConnections, closeLater, get, kinds, streamFrom } from "../support/stream-app.ts";
import { within } from "../support/within.ts";

afterEach(closeConnections);

const bytes = new TextEncoder().encode("part");

/** A stream that gives one chunk, and then fails with a reason. */
const sources: Readonly<Record<string, (reason: unknown) => ReadableStream>> = {
  "controller.error()": (reason) => {
    let isFirst = true;
    return new ReadableStream({
      pull(controller) {
        if (isFirst) controller.enqueue(bytes);
        else controller.error(reason);
        isFirst = false;
      },
    });
  },
  "writer.abort()": (reason) => {
    const { readable, writable } = new TransformStream();
    const writer = writable.getWriter();
    void writer.write(bytes).then(() => writer.abort(reason));
    return readable;
  },
  "a throw in a generator": (reason) =>
    streamFrom(
      (async function* () {
        yield bytes;
        throw reason;
      })(),
    ),
  "a pull that throws": (reason) => {
    let isFirst = true;
    return new ReadableStream({
      pull(controller) {
        if (!isFirst) throw reason;
        isFirst = false;
        controller.enqueue(bytes);
      },
    });
  },
};
const reasons: readonly unknown[] = [undefined, null, 0, false, "", "text", new Error("broken"), { a: 1 }, Symbol("s")];

describe.each(kinds)("a stream that fails, %s,", (kind) => {
  describe.each(Object.entries(sources))("by %s", (_title, source) => {
    test.each(reasons)("with the reason %s ends the response in the middle, and is logged once", async (reason) => {
      const logged: string[] = [];
      const { isWhole, status } = await get(kind, () => new Response(source(reason)), logged);
      expect({ isWhole, status, lines: logged.length }).toEqual({ isWhole: false, status: 200, lines: 1 });
    });
  });

  test.each([1, true, null, undefined, {}, [1], Symbol("s")])("with the chunk %s, which is not bytes, is logged once", async (chunk) => {
    const logged: string[] = [];
    let cancelled = 0;
    const stream = () =>
      new ReadableStream({
        pull: (controller) => controller.enqueue(chunk),
        cancel: () => void cancelled++,
      });
    const { isWhole } = await get(kind, () => new Response(stream()), logged);
    expect([isWhole, logged.length, cancelled]).toEqual([false, 1, 1]);
    expect(logged[0]).toMatch(/Cannot send a chunk of a stream that is \w+: the chunks of a response must be strings or bytes\./);
  });

  test.each([
    ["3", "more than 3 bytes"],
    ["5", "4 bytes"],
  ])("with the Content-Length %s for four bytes is logged once", async (length, said) => {
    const logged: string[] = [];
    const { isWhole } = await get(kind, () => new Response(new Blob(["part"]).stream(), { headers: { "content-length": length } }), logged);
    expect([isWhole, logged.length]).toEqual([false, 1]);
    expect(logged[0]).toContain(`Cannot send a stream of ${said} in a response with the Content-Length ${length}.`);
  });

  test("with a Content-Length and no body is a 500, and is logged once", async () => {
    const logged: string[] = [];
    const { status } = await get(kind, () => new Response(null, { headers: { "content-length": "4" } }), logged);
    expect([status, logged.length]).toEqual([500, 1]);
  });
});

describe.each(kinds)("a stream, %s,", (kind) => {
  test("may have chunks of text and of every kind of bytes", async () => {
    const chunks = [
      "a",
      new Uint8Array([98]),
      Buffer.from("c"),
      new Uint8Array([100]).buffer,
      new DataView(new Uint8Array([101]).buffer),
      "",
    ];
    const { body, isWhole } = await get(kind, () => new Response(streamFrom(chunks)));
    expect([body, isWhole]).toEqual(["abcde", true]);
  });

  test("has the Content-Length that fits it", async () => {
    const { body, isWhole } = await get(kind, () => new Response(new Blob(["part"]).stream(), { headers: { "content-length": "4" } }));
    expect([body, isWhole]).toEqual(["part", true]);
  });

  const folder = mkdtempSync(join(tmpdir(), "mini-streams-"));
  const path = join(folder, "file.txt");
  writeFileSync(path, "x".repeat(300_000));
  afterAll(() => rmSync(folder, { recursive: true }));

  test("may be a stream of Node", async () => {
    const { body, isWhole } = await get(kind, () => new Response(createReadStream(path)));
    expect([body.length, isWhole]).toEqual([300_000, true]);
    expect((await get(kind, () => new Response(Readable.from(["a", "b"])))).body).toBe("ab");
  });

  test("of a file that is not there is logged once, and does not end the process", async () => {
    const logged: string[] = [];
    const { isWhole } = await get(kind, () => new Response(createReadStream(join(folder, "none"))), logged);
    expect([isWhole, logged.length]).toEqual([false, 1]);
    expect(logged[0]).toContain("ENOENT");
  });
});

describe.each(protocols)("over %s,", (protocol) => {
  test("a file is closed, and its stream cancelled in the request, when the client leaves", async () => {
    let closed: (path: string) => void = () => undefined;
    const isClosed = new Promise<string>((resolve) => (closed = resolve));
    let sent: () => void = () => undefined;
    const isSent = new Promise<void>((resolve) => (sent = resolve));
    const logged: string[] = [];
    const app = appOf(() => {
      const { path } = request;
      const endless = new Readable({
        read() {
          this.push("x".repeat(1000));
          sent();
        },
      });
      endless.once("close", () => closed(path));
      return new Response(endless);
    }, logged);
    const connection = await Connection.open(app, protocol);
    closeLater(connection);
    const leave = connection.begin("/stream");
    await within("the first chunk", isSent);
    leave();
    expect(await within("the end of the file", isClosed)).toBe("/stream");
    expect(logged).toEqual([]);
  });
});

/** What an after-hook may do with a response and still return it. */
const treatments: Readonly<Record<string, (response: globalThis.Response) => unknown>> = {
  "reads it": (response) => response.text(),
  "reads its bytes": (response) => response.arrayBuffer(),
  "reads a clone": (response) => response.clone().text(),
  "clones it and reads nothing": (response) => response.clone(),
  "clones it, and reads it and the clone": async (response) => {
    const clone = response.clone();
    await response.text();
    await clone.text();
  },
  "reads the clone of a clone": (response) => response.clone().clone().text(),
  "looks whether it has a body": (response) => response.body !== null,
  "changes a header of it after it was cloned": (response) => {
    response.clone();
    response.headers.set("x-changed", "1");
  },
};
const makers: Readonly<Record<string, () => globalThis.Response>> = {
  "text of ours": () => text("fine"),
  "a stream of ours": () => new Response(new Blob(["fine"]).stream()),
  "a stream of Node": () => new Response(Readable.from(["fi", "ne"])),
  "a native response": () => new globalThis.Response("fine"),
  "a clone of a native response": () => new globalThis.Response("fine").clone(),
  "a clone of ours": () => new Response(new Blob(["fine"]).stream()).clone(),
};

describe.each(Object.entries(makers))("%s is sent whole when an after-hook", (_title, make) => {
  test.each(Object.entries(treatments))("%s", async (_name, treat) => {
    class Hook {
      async afterDispatch(_handler: RequestHandler, response: globalThis.Response) {
        await treat(response);
        return response as Response;
      }
    }
    const logged: string[] = [];
    const { status, body, isWhole } = await get("HTTP/1", make, logged, [Hook]);
    expect([status, body, isWhole, logged]).toEqual([200, "fine", true, []]);
  });

  test("returns a clone, with the headers that were set before", async () => {
    class Hook {
      afterDispatch(_handler: RequestHandler, response: globalThis.Response) {
        void response.body;
        response.headers.set("x-changed", "1");
        const clone = response.clone();
        expect(clone.headers.get("x-changed")).toBe("1");
        return clone as Response;
      }
    }
    expect((await get("HTTP/1", make, [], [Hook])).body).toBe("fine");
  });
});

test("a response whose stream a hook reads by itself is an error of the application", async () => {
  class Hook {
    async afterDispatch(_handler: RequestHandler, response: Response) {
      await response.body!.getReader().read();
      return response;
    }
  }
  const logged: string[] = [];
  expect((await get("HTTP/1", () => new Response(new Blob(["fine"]).stream()), logged, [Hook])).status).toBe(500);
  expect(logged.join("")).toContain("Cannot send a response whose stream was read before");
});

test.each(["text", "json", "arrayBuffer", "blob", "formData"] as const)(
  "a response whose stream fails does not end the process when its %s() is not awaited yet",
  async (read) => {
    const failing = new ReadableStream({ pull: (controller) => controller.error(new Error("It fails.")) }, { highWaterMark: 0 });
    const reading = new Response(failing)[read]();
    await new Promise((resolve) => void setImmediate(resolve));
    await expect(reading).rejects.toThrow();
  },
);
