import { json, type Part, request, text } from "@mini/core";
import { TestClient } from "@mini/core/testing";
import { describe, expect, test } from "vitest";
import { appOf, postConnections } from "../support/post-app.ts";
import { protocols, type Protocol } from "../support/protocols.ts";
import { within } from "../support/within.ts";

const open = postConnections();

function promise<T = void>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  return { promise: new Promise<T>((call) => (resolve = call)), resolve };
}

const body = () => request.web.body as ReadableStream<Uint8Array>;

/** Ways to read a whole body. */
const reads: Readonly<Record<string, () => Promise<unknown>>> = {
  "request.text()": () => request.text(),
  "request.web.text()": () => request.web.text(),
  "request.web.blob()": () => request.web.blob(),
  "request.web.arrayBuffer()": () => request.web.arrayBuffer(),
  "a loop over the body": async () => {
    for await (const _chunk of body());
  },
  "a clone": () => request.web.clone().text(),
  "a new Request": () => new Request(request.web).text(),
  "a pipe": () => body().pipeTo(new WritableStream()),
  "fetch, which wraps the error": async () => {
    throw new TypeError("fetch failed", {
      cause: await request.web.text().then(
        () => undefined,
        (error: unknown) => error,
      ),
    });
  },
  "a wait for the signal": () =>
    new Promise((_resolve, reject) => request.signal.addEventListener("abort", () => reject(request.signal.reason as Error))),
};

describe.each(protocols)("over %s, a client that ends its body early", (protocol) => {
  test.each(Object.entries(reads))("is not an error in the log when the handler reads by %s", async (_title, read) => {
    const logged: string[] = [];
    const [begun, ended] = [promise(), promise<unknown>()];
    const connection = await open(
      protocol,
      async () => {
        const reading = read();
        begun.resolve();
        const end = (isRejected: boolean) => setImmediate(() => ended.resolve(isRejected));
        void reading.then(
          () => end(false),
          () => end(true),
        );
        await reading;
        return text("done");
      },
      logged,
    );
    const leave = connection.beginPost("/post", "part");
    await within("the beginning of the request", begun.promise);
    leave();
    expect(await within("the end of the read", ended.promise)).toBe(true);
    expect(logged).toEqual([]);
  });
});

describe.each(["in process", ...protocols])("a body that is read twice, %s,", (kind) => {
  const post = async (work: () => unknown, logged: string[]) => {
    if (kind !== "in process") return (await open(kind as Protocol, work, logged)).post("/post", '{"a":1}', "application/json");
    const sent = await new TestClient(appOf(work, logged)).post("/post", { json: { a: 1 } });
    return { status: sent.status, body: await sent.text() };
  };

  test.each<[string, () => Promise<unknown>, () => Promise<unknown>]>([
    ["request.web.text(), then request.json()", () => request.web.text(), () => request.json()],
    ["request.web.text(), then request.text()", () => request.web.text(), () => request.text()],
    ["a reader, then request.text()", async () => body().getReader(), () => request.text()],
    ["request.text(), then request.web.text()", () => request.text(), () => request.web.text()],
    ["request.text(), then new Request(request.web)", () => request.text(), async () => new Request(request.web)],
  ])("is an error of the application, 500 and in the log: %s", async (_title, first, second) => {
    const logged: string[] = [];
    const { status } = await post(async () => {
      await first();
      return json(await second());
    }, logged);
    expect([status, logged.length]).toEqual([500, 1]);
    expect(logged[0]).toMatch(/TypeError/);
  });

  test("is read once and returned twice by the methods of the request", async () => {
    const { body: said } = await post(async () => json([await request.text(), await request.json(), await request.text()]), []);
    expect(JSON.parse(said)).toEqual(['{"a":1}', { a: 1 }, '{"a":1}']);
  });
});

describe.each(["in process", ...protocols])("request.web, %s, is accepted wherever a standard Request is:", (kind) => {
  const post = async (work: () => unknown) => {
    if (kind !== "in process") return (await (await open(kind as Protocol, work)).post("/post", "sent")).body;
    return (await new TestClient(appOf(work)).post("/post", { body: "sent" })).text();
  };

  test.each<[string, () => unknown, string]>([
    ["new Request(), with other headers", async () => text(await new Request(request.web, { headers: { a: "1" } }).text()), "sent"],
    ["new Request(), for another address", async () => text(await new Request("http://other.example/", request.web).text()), "sent"],
    ["clone(), both read", async () => text((await request.web.clone().text()) + (await request.web.text())), "sentsent"],
    ["instanceof", () => text(String(request.web instanceof Request)), "true"],
    [
      "bytes into a buffer of the reader's",
      async () => {
        const reader = body().getReader({ mode: "byob" });
        const { value } = await reader.read(new Uint8Array(10));
        return text(new TextDecoder().decode(value));
      },
      "sent",
    ],
    [
      "its method, body and whether it was read",
      async () => {
        const before = request.web.bodyUsed;
        await request.web.text();
        return text([request.web.method, before, request.web.bodyUsed].join(" "));
      },
      "POST false true",
    ],
  ])("%s", async (_title, work, expected) => {
    expect(await post(work)).toBe(expected);
  });
});

test.each(protocols)("fetch takes request.web over %s", async (protocol) => {
  const upstream = await open("HTTP/1", async () => text(`upstream: ${await request.text()}`));
  const connection = await open(protocol, async () => {
    const { port } = upstream;
    const response = await fetch(new Request(`http://127.0.0.1:${port}/post`, request.web));
    return text(await response.text());
  });
  expect((await connection.post("/post", "sent")).body).toBe("upstream: sent");
});

test.each(protocols)("a request without a body has none over %s, as it has in process", async (protocol) => {
  const connection = await open(protocol, () => text(String(request.web.body)));
  expect((await connection.get("/post")).body).toBe("null");
});

describe.each(protocols)("when a client leaves, over %s,", (protocol) => {
  test("a listener of request.signal runs in the request", async () => {
    const [begun, left] = [promise(), promise<unknown>()];
    const connection = await open(protocol, async () => {
      const over = promise();
      request.signal.addEventListener("abort", () => {
        left.resolve([request.path, (request.signal.reason as Error).name]);
        over.resolve();
      });
      begun.resolve();
      await over.promise;
      return text("late");
    });
    const leave = connection.begin("/post");
    await within("the request", begun.promise);
    leave();
    expect(await within("the abort", left.promise)).toEqual(["/post", "AbortError"]);
  });

  test("what a body is piped through runs in the request", async () => {
    const seen: string[] = [];
    const connection = await open(protocol, async () => {
      const look = new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          seen.push(request.path);
          controller.enqueue(chunk);
        },
      });
      return text(String((await new globalThis.Response(body().pipeThrough(look)).text()).length));
    });
    expect((await connection.post("/post", "x".repeat(200_000))).body).toBe("200000");
    expect(new Set(seen)).toEqual(new Set(["/post"]));
  });
});

/** Ways to begin reading a body without waiting for it. */
const unawaited: Readonly<Record<string, () => unknown>> = {
  "a read": () => body().getReader().read(),
  "a read into a buffer": () => body().getReader({ mode: "byob" }).read(new Uint8Array(10)),
  "a reader that is cancelled after a read": () => {
    const reader = body().getReader();
    void reader.read();
    return reader.cancel();
  },
  "a pipe": () => body().pipeTo(new WritableStream()),
  "a pipe through": () => body().pipeThrough(new TransformStream()),
  "a step of a loop": () => body().values().next(),
  "another step of a loop": () => body()[Symbol.asyncIterator]().next(),
  "both branches of a tee": () =>
    body()
      .tee()
      .map((branch) => branch.getReader().read()),
  "a pipe of a branch": () => body().tee()[0].pipeTo(new WritableStream()),
  "a cancel of a stream that is being read": () => (body().getReader(), body().cancel()),
  "a read of a clone": () => request.web.clone().body!.getReader().read(),
  "a read of a clone's clone": () => request.web.clone().clone().body!.getReader().read(),
  "text of a clone": () => request.web.clone().text(),
  "blob, arrayBuffer, json and formData": () => {
    const copies = [1, 2, 3].map(() => request.web.clone());
    return [request.web.blob(), copies[0]!.arrayBuffer(), copies[1]!.json(), copies[2]!.formData()];
  },
  "request.text()": () => request.text(),
  "request.json()": () => request.json(),
  "a part": () => request.parts().next(),
  "parts that are left": () => request.parts().return(),
  "the stream of a part": () => {
    const read = ({ value }: IteratorResult<Part, void>) => {
      void value?.stream.getReader().read();
    };
    void request
      .parts()
      .next()
      .then(read, () => undefined);
  },
};

describe.each(protocols)(
  "over %s, when a client ends its body early, no work that a handler began and does not await ends the process:",
  (protocol) => {
    test.each(Object.entries(unawaited))("%s", async (_title, work) => {
      const unhandled: unknown[] = [];
      const note = (reason: unknown) => void unhandled.push(reason);
      process.on("unhandledRejection", note);
      try {
        const [begun, left] = [promise(), promise()];
        const connection = await open(protocol, async () => {
          request.signal.addEventListener("abort", () => left.resolve());
          work();
          begun.resolve();
          await left.promise;
          return text("late");
        });
        const head = '--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n';
        const leave = connection.beginPost("/post", head, "multipart/form-data; boundary=x");
        await within("the beginning of the request", begun.promise);
        leave();
        await within("the end of the request", left.promise);
        // Node tells of rejections after the microtasks of a turn.
        for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
        expect(unhandled).toEqual([]);
      } finally {
        process.off("unhandledRejection", note);
      }
    });
  },
);

test("a promise of a body that rejects before any code awaits it does not end the process", async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => void unhandled.push(reason);
  process.on("unhandledRejection", note);
  try {
    const work = async () => {
      const waiting = [request.formData(), request.json(), request.text()];
      await new Promise((resolve) => setImmediate(resolve));
      const settled = await Promise.allSettled(waiting);
      return text(settled.map(({ status }) => status).join(" "));
    };
    const connection = await open("HTTP/1", work);
    expect((await connection.post("/post", "x".repeat(2_000_000))).body).toBe("rejected rejected rejected");
    expect(unhandled).toEqual([]);
  } finally {
    process.off("unhandledRejection", note);
  }
});
