import { Readable } from "node:stream";
import { request, text } from "@mini/core";
import { describe, expect, test } from "vitest";
import { postConnections } from "../support/post-app.ts";
import { protocols } from "../support/protocols.ts";

const open = postConnections();

const body = () => request.web.body as ReadableStream<Uint8Array>;
const ignore = () => undefined;

/** What a handler may do with a body of 300 kB, and the status of its answer. */
const treatments: Readonly<Record<string, readonly [status: number, work: () => unknown]>> = {
  "does not look at it": [200, () => text("done")],
  "asks whether there is one": [200, () => text(String(request.web.body !== null))],
  "reads one chunk": [
    200,
    async () => {
      const { value } = await body().getReader().read();
      return text(String(value!.length > 0));
    },
  ],
  "reads one chunk and lets go": [
    200,
    async () => {
      const reader = body().getReader();
      await reader.read();
      reader.releaseLock();
      return text("done");
    },
  ],
  "answers while a read is pending": [
    200,
    () => {
      void body().getReader().closed.catch(ignore);
      return text("done");
    },
  ],
  "reads on after its answer": [
    200,
    () => {
      const reader = body().getReader();
      const readOn = (): Promise<unknown> => reader.read().then(({ done }) => (done ? undefined : readOn()));
      readOn().catch(ignore);
      return text("done");
    },
  ],
  "cancels it": [200, async () => text(String(await body().cancel("enough")))],
  "cancels it after a chunk": [
    200,
    async () => {
      const reader = body().getReader();
      await reader.read();
      await reader.cancel();
      return text("done");
    },
  ],
  "breaks out of a loop over it": [
    200,
    async () => {
      for await (const chunk of body()) return text(String(chunk.length > 0));
      return text("empty");
    },
  ],
  "tees it and reads one branch": [
    200,
    async () => {
      const [first] = body().tee();
      return text(String((await new globalThis.Response(first).text()).length));
    },
  ],
  "clones the request and reads the clone": [200, async () => text(String((await request.web.clone().text()).length))],
  "gives it to a fetch that fails": [
    502,
    async () =>
      fetch("http://127.0.0.1:9/", { method: "POST", body: body(), duplex: "half" } as RequestInit).catch(() =>
        text("bad gateway", { status: 502 }),
      ),
  ],
  "pipes it into what fails": [
    200,
    async () => {
      const failing = new WritableStream({
        write() {
          throw new Error("full");
        },
      });
      return text(
        await body()
          .pipeTo(failing)
          .then(
            () => "written",
            (error: Error) => error.message,
          ),
      );
    },
  ],
  "makes a stream of Node of it and destroys that": [
    200,
    () => {
      const readable = Readable.fromWeb(body() as never).on("error", ignore);
      readable.once("data", () => readable.destroy());
      return new Promise((resolve) => readable.once("close", () => resolve(text("done"))));
    },
  ],
  "throws after one chunk": [
    500,
    async () => {
      await body().getReader().read();
      throw new Error("full");
    },
  ],
  "asks for its text and does not wait": [
    200,
    () => {
      void request.text();
      return text("done");
    },
  ],
  "asks for a form that it is not, and does not wait": [
    200,
    () => {
      void request.formData();
      void request.json();
      return text("done");
    },
  ],
};

describe.each(protocols)("over %s, a connection answers the next request when a handler", (protocol) => {
  test.each(Object.entries(treatments))("%s", async (_title, [status, work]) => {
    const connection = await open(protocol, work);
    const answer = await connection.post("/post", "x".repeat(300_000));
    expect(answer.status).toBe(status);
    expect(await connection.get("/")).toEqual({ status: 200, body: "home", isWhole: true });
  });
});
