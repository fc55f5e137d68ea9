import { App, RequestHandler, Response, Rule, text } from "@mini/core";
import { serve, type Server } from "@mini/core/serve";
import { afterEach, describe, expect, test } from "vitest";
import { request } from "../support/ask.ts";

const open: Server[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

const logged: string[] = [];
const quiet = () => undefined;
const logger = { error: (message: string) => void logged.push(message), warn: quiet, info: quiet, debug: quiet };

async function listen(app: Parameters<typeof serve>[0]): Promise<string> {
  logged.length = 0;
  const server = await serve(app, { port: 0, silent: true });
  open.push(server);
  return server.url;
}

const stream = () =>
  new ReadableStream({ start: (controller) => (controller.enqueue(new TextEncoder().encode("streamed")), controller.close()) });

class Answers extends RequestHandler {
  get({ kind }: { kind: string }) {
    if (kind === "trailer") return new Response("hello", { headers: { trailer: "x" } });
    if (kind === "measured") return new Response(stream(), { headers: { trailer: "x", "content-length": "8" } });
    return kind === "stream" ? new Response(stream()) : text("fine");
  }
}

const answers = () => new App({ rules: [new Rule("/:kind", { handler: Answers })], logger });

test("a response that announces trailers is sent without the Trailer header, because no trailers follow", async () => {
  const url = await listen(answers());
  for (const [kind, body] of [
    ["trailer", "hello"],
    ["measured", "streamed"],
  ]) {
    const { statusCode, headers, body: sent } = await request(url + kind!);
    expect([statusCode, headers["trailer"], await sent.text()]).toEqual([200, undefined, body]);
  }
});

test("HEAD has the Content-Length of GET, and none where GET streams", async () => {
  const url = await listen(answers());
  const length = async (kind: string) => {
    const { headers, body } = await request(url + kind, { method: "HEAD" });
    await body.dump();
    return headers["content-length"];
  };
  expect([await length("stream"), await length("text")]).toEqual([undefined, "4"]);
});

test("a failure of an object that has only a fetch method is answered with 500 and logged, and the server continues", async () => {
  const fetch = (asked: Request): Response | Promise<Response> => {
    if (asked.url.endsWith("/throws")) throw new Error("no");
    if (asked.url.endsWith("/rejects")) return Promise.reject(new Error("no"));
    if (asked.url.endsWith("/nothing")) return undefined as unknown as Response;
    return new globalThis.Response("native") as Response;
  };
  const url = await listen({ fetch, maxBodySize: 0, logger });
  for (const kind of ["throws", "rejects", "nothing"]) {
    const { statusCode, body } = await request(url + kind);
    expect([kind, statusCode, await body.text()]).toEqual([kind, 500, ""]);
  }
  expect(logged).toHaveLength(3);
  expect(await (await request(`${url}native`)).body.text()).toBe("native");
});

describe.each<[title: string, make: (form: FormData) => globalThis.Response]>([
  ["of ours", (form) => new Response(form)],
  ["of the platform", (form) => new globalThis.Response(form)],
])("a form as a response %s", (_title, make) => {
  class Sender extends RequestHandler {
    get() {
      const form = new FormData();
      form.append("name", "Ann");
      form.append("file", new File(["text"], "a.txt"));
      return make(form);
    }
  }
  const app = new App({ rules: [new Rule("/", { handler: Sender })], logger });

  test("arrives whole", async () => {
    const received = await (await app.fetch(new Request("http://localhost/"))).formData();
    expect([received.get("name"), await (received.get("file") as File).text()]).toEqual(["Ann", "text"]);
  });

  test("does not end the process when it is not sent or not read to its end", async () => {
    const url = await listen(app);
    const { statusCode, body } = await request(url, { method: "HEAD" });
    await body.dump();
    expect(statusCode).toBe(200);
    await (await app.fetch(new Request("http://localhost/"))).body!.cancel();
    // Node rejects its promise later.
    await new Promise((resolve) => void setImmediate(() => setImmediate(resolve)));
  });
});
