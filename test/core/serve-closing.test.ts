import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { local, request, Response, text } from "@mini/core";
import { serve, type ServeOptions } from "@mini/core/serve";
import { afterEach, describe, expect, test } from "vitest";
import { servedOf } from "../../packages/core/src/context/request.ts";
import { closing } from "../../packages/core/src/http/served-request.ts";
import { certificate } from "../support/certificate.ts";
import { root, temporaryFolder } from "../support/folder.ts";
import { gate } from "../support/gate.ts";
import { makeApp } from "../support/one-handler.ts";
import { get } from "../support/raw-app.ts";
import { runNode } from "../support/run-node.ts";
import { askHttp2, closeSockets, connectSecurely, write } from "../support/slow-clients.ts";
import { within } from "../support/within.ts";

afterEach(closeSockets);

const secure = { tls: certificate };
const protocols: readonly (readonly [name: string, options: ServeOptions])[] = [
  ["HTTP/1", {}],
  ["HTTP/1 over TLS", secure],
  ["HTTP/2", secure],
];

/** A server whose handler has been asked, by a client of the protocol, and what the client got by the end. */
async function asked(protocol: string, options: ServeOptions, work: () => unknown) {
  const begun = gate();
  const { app } = makeApp(() => {
    begun.open();
    return work();
  });
  const server = await serve(app, { port: 0, silent: true, gracefulShutdown: false, ...options });
  const got =
    protocol === "HTTP/2"
      ? askHttp2(server).all.then(({ body }) => body)
      : write(server.port, get("/"), options.tls === undefined ? connect(server.port, "127.0.0.1") : connectSecurely(server.port)).all;
  await within("the request", begun.opened);
  return { server, got };
}

describe.each(protocols)("a server that closes, over %s", (protocol, options) => {
  test("aborts requests in flight after the grace, says why, and still sends their responses", async () => {
    const { server, got } = await asked(protocol, { ...options, grace: 100 }, async () => {
      await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
      return text(`ended: ${String(request.signal.reason)}`);
    });
    await within("the server's end", server.close());
    expect(await got).toContain("ended: AbortError: The server is closing.");
  });

  test("resolves although a handler never answers", async () => {
    const { server, got } = await asked(protocol, { ...options, grace: 100 }, () => new Promise(() => undefined));
    await within("the server's end", server.close());
    expect(await got).toBe("");
  });

  test("tells responses that do not end by themselves at once", async () => {
    const { server, got } = await asked(protocol, options, () => {
      const encode = (line: string) => new TextEncoder().encode(line);
      const start = (controller: ReadableStreamDefaultController) => {
        controller.enqueue(encode("begun "));
        servedOf(local.request)[closing]!.addEventListener("abort", () => {
          controller.enqueue(encode("ended"));
          controller.close();
        });
      };
      return new Response(new ReadableStream({ start }));
    });
    await within("the server's end", server.close());
    expect(await got).toContain("ended");
  });
});

test("a server that closes does not wait for a client over HTTP/2 that never reads", async () => {
  const { app } = makeApp(() => text("x".repeat(30_000_000)));
  const server = await serve(app, { port: 0, silent: true, gracefulShutdown: false, grace: 100, ...secure });
  const client = connectHttp2(server.url, { ca: certificate.cert });
  const stream = client.request({ ":path": "/" });
  stream.on("error", () => undefined);
  await new Promise((resolve) => stream.once("response", resolve));
  await expect(within("the server's end", server.close())).resolves.toBeUndefined();
  client.destroy();
});

/** Runs a program with a server on which one request hangs; `then` runs once it does. */
function runServer(options: string, then: string) {
  const from = (path: string) => JSON.stringify(pathToFileURL(join(root, "packages/core/src", path)).href);
  const program = `
    import { get } from "node:http";
    import { App, RequestHandler, Rule } from ${from("index.ts")};
    import { serve } from ${from("serve.ts")};
    class Hangs extends RequestHandler {
      get() {
        setImmediate(() => { ${then} });
        return new Promise(() => undefined);
      }
    }
    const server = await serve(new App({ rules: [new Rule("/", { handler: Hangs })] }), { port: 0, silent: true, ${options} });
    get(server.url).on("error", () => undefined);
  `;
  const file = join(temporaryFolder({ "program.mjs": program }), "program.mjs");
  return runNode(["--import", "tsx", file], { cwd: root });
}

describe("a process whose server has a request that hangs", () => {
  test("ends after SIGTERM and the grace", async () => {
    const { code, stderr } = await runServer("grace: 50", 'process.kill(process.pid, "SIGTERM");');
    expect([code, stderr]).toEqual([0, ""]);
  });

  test("ends at once after a second signal, like a process without a listener", async () => {
    const twice =
      'process.kill(process.pid, "SIGTERM"); process.once("SIGTERM", () => undefined); setTimeout(() => process.kill(process.pid, "SIGINT"), 1);';
    const { code } = await runServer("grace: 600_000", twice);
    expect(code).toBe(-1);
  });

  test("ends its connections at once after a second signal, if the application listens for signals too", async () => {
    const own =
      'process.on("SIGTERM", () => undefined); process.kill(process.pid, "SIGTERM"); setTimeout(() => process.kill(process.pid, "SIGTERM"), 1);';
    const { code, stderr } = await runServer("grace: 600_000", own);
    expect([code, stderr]).toEqual([0, ""]);
  });
});

test("a signal while the application closes the server itself does not end the requests in flight", async () => {
  const { code, stdout } = await runServer(
    "grace: 50",
    'server.close().then(() => console.log("closed in order")); process.kill(process.pid, "SIGTERM");',
  );
  expect([code, stdout]).toEqual([0, "closed in order\n"]);
});
