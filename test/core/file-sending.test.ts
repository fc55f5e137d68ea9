import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readlinkSync, renameSync, rmSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { connect as connectHttp2, constants } from "node:http2";
import { connect } from "node:net";
import { join } from "node:path";
import { App, RequestHandler, Rule, text } from "@mini/core";
import { serve, type Server } from "@mini/core/serve";
import { sendFile, StaticFiles } from "@mini/core/static";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { certificate } from "../support/certificate.ts";
import { temporaryFolder, writeFiles } from "../support/folder.ts";
import { within } from "../support/within.ts";

const folder = temporaryFolder();

/** Descriptors of this process on files of the folder. */
function openFiles(): readonly string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(folder) ? [path] : [];
    } catch {
      // The one that this list was read by.
      return [];
    }
  });
}

describe.runIf(process.platform === "linux")("a file that is sent over a socket", () => {
  /** Larger than the buffers of a connection, so that its sending waits for the client. */
  const size = 32 * 1024 * 1024;
  const large = join(folder, "large.bin");
  let server: Server;
  let secure: Server;
  let logged: string[] = [];
  const none = async () => {
    await expect.poll(openFiles, { timeout: 60_000, interval: 5 }).toEqual([]);
  };

  beforeAll(async () => {
    const note = (message: string) => void logged.push(message);
    class Dropped extends RequestHandler {
      async get() {
        await sendFile(large);
        return text("another response");
      }
    }
    const app = new App({
      rules: [
        new Rule("/dropped", { handler: Dropped }),
        new Rule("/files/*path", { handler: StaticFiles({ root: folder, fingerprint: true }) }),
      ],
      logger: { error: note, warn: note, info: note, debug: note },
    });
    server = await serve(app, { port: 0, silent: true, gracefulShutdown: false });
    secure = await serve(app, { port: 0, silent: true, gracefulShutdown: false, tls: certificate });
  });
  afterEach(() => {
    logged = [];
    rmSync(large, { force: true });
  });
  afterAll(async () => {
    await server.close();
    await secure.close();
  });

  const make = (bytes = size) => {
    writeFileSync(large, "");
    truncateSync(large, bytes);
  };

  /** Asks for the large file, and waits until its first bytes come. */
  async function begin() {
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write("GET /files/large.bin HTTP/1.1\r\nhost: a\r\n\r\n");
    await within("the first bytes", once(socket, "readable"));
    expect(openFiles()).toEqual([large]);
    return socket;
  }

  /** Reads until the connection ends; how many bytes came. */
  async function drain(socket: Awaited<ReturnType<typeof begin>>): Promise<number> {
    let length = 0;
    socket.on("data", (chunk: Buffer) => (length += chunk.length));
    await within("the end of the connection", once(socket, "close"));
    return length;
  }

  test("arrives whole, over HTTP/1 and HTTP/2, and is closed", async () => {
    make();
    expect((await (await fetch(`${server.url}/files/large.bin`)).arrayBuffer()).byteLength).toBe(size);
    const client = connectHttp2(secure.url, { ca: certificate.cert });
    const stream = client.request({ ":path": "/files/large.bin" });
    let length = 0;
    stream.on("data", (chunk: Buffer) => (length += chunk.length));
    await within("the end of the stream", once(stream, "close"));
    client.close();
    expect(length).toBe(size);
    await none();
    expect(logged).toEqual([]);
  });

  test("is closed when the client leaves, and nothing is logged", async () => {
    make();
    (await begin()).destroy();
    await none();
    expect(logged).toEqual([]);
  });

  test("is closed when the client resets its stream over HTTP/2", async () => {
    make();
    const client = connectHttp2(secure.url, { ca: certificate.cert });
    const stream = client.request({ ":path": "/files/large.bin" });
    await within("the first bytes", once(stream, "readable"));
    expect(openFiles()).toEqual([large]);
    stream.close(constants.NGHTTP2_CANCEL);
    await none();
    client.close();
    expect(logged).toEqual([]);
  });

  test("that becomes shorter resets the stream over HTTP/2, is logged and closed", async () => {
    make();
    const client = connectHttp2(secure.url, { ca: certificate.cert });
    const stream = client.request({ ":path": "/files/large.bin" });
    stream.on("error", () => undefined);
    const closed = new Promise((resolve) => stream.once("close", resolve));
    await within("the first bytes", once(stream, "readable"));
    truncateSync(large, 1000);
    stream.resume();
    await within("the end of the stream", closed);
    expect(stream.rstCode).toBe(constants.NGHTTP2_INTERNAL_ERROR);
    await none();
    client.close();
    expect(logged.join("\n")).toMatch(/large\.bin became shorter while it was sent/);
  });

  test("that becomes shorter ends the connection, is logged and closed", async () => {
    make();
    const socket = await begin();
    truncateSync(large, 1000);
    expect(await drain(socket)).toBeLessThan(size);
    await none();
    expect(logged.join("\n")).toMatch(/large\.bin became shorter while it was sent/);
  });

  test("that is removed or replaced while it is sent arrives as it was", async () => {
    make();
    const socket = await begin();
    unlinkSync(large);
    writeFiles(folder, { "large.bin": "another" });
    let length = 0;
    socket.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > size) socket.end();
    });
    await within("the end of the connection", once(socket, "close"));
    expect(length).toBeGreaterThan(size);
    expect(logged).toEqual([]);
    await expect.poll(() => openFiles().length, { timeout: 60_000, interval: 5 }).toBe(0);
  });

  test("that is removed or replaced before its first byte is read ends the connection, is logged and closed", async () => {
    for (const change of [
      () => unlinkSync(large),
      () => (writeFiles(folder, { "next.bin": "another" }), renameSync(join(folder, "next.bin"), large)),
    ]) {
      make();
      const response = await new App({
        rules: [new Rule("/files/*path", { handler: StaticFiles({ root: folder }) })],
        logger: { error: (message) => void logged.push(message), warn() {}, info() {}, debug() {} },
      }).fetch(new Request("http://localhost/files/large.bin"));
      change();
      await expect(response.arrayBuffer()).rejects.toThrow(/ENOENT|was replaced/);
      expect(logged.pop()).toMatch(/ENOENT|was replaced while it was about to be sent/);
      await none();
    }
  });

  test("is not opened for a response that is not sent, for HEAD, or for a copy that is still right", async () => {
    make();
    expect(await (await fetch(`${server.url}/dropped`)).text()).toBe("another response");
    const head = await fetch(`${server.url}/files/large.bin`, { method: "HEAD" });
    expect(head.headers.get("content-length")).toBe(String(size));
    const headers = { "if-none-match": head.headers.get("etag")! };
    expect((await fetch(`${server.url}/files/large.bin`, { headers })).status).toBe(304);
    expect(openFiles()).toEqual([]);
  });

  test("that is a pipe is 404, and nothing waits for its other end", async () => {
    mkdirSync(join(folder, "pipes"), { recursive: true });
    execFileSync("mkfifo", [join(folder, "pipes/pipe.txt")]);
    expect((await fetch(`${server.url}/files/pipes/pipe.txt`)).status).toBe(404);
  });

  test("is closed also when hundreds of clients ask at once and leave", async () => {
    make();
    const aborted = Array.from({ length: 200 }, async () => {
      const controller = new AbortController();
      const response = await fetch(`${server.url}/files/large.bin`, { signal: controller.signal });
      controller.abort();
      await response.arrayBuffer().catch(() => undefined);
    });
    await Promise.all(aborted);
    await none();
    expect(logged).toEqual([]);
  });
});
