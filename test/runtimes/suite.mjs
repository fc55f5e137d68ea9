// The checks of every runtime. Each sends requests over a real connection, and throws if a response is wrong.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";

/** The cookies of a response as a request sends them. */
const cookiesOf = (response) =>
  response.headers
    .getSetCookie()
    .map((line) => line.split(";", 1)[0])
    .join("; ");

const poll = async (read, isRight) => {
  let last;
  for (let i = 0; i < 200; i++) {
    last = await read();
    if (isRight(last)) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  assert.fail(`Still ${JSON.stringify(last)} after 5 seconds.`);
};

/** Sends bytes over a connection of its own, and gives what comes back until it ends. */
function sendRaw(url, bytes) {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let answer = "";
    const late = setTimeout(
      () => socket.destroy(new Error(`The connection has not ended after 20 seconds: ${JSON.stringify(answer)}`)),
      20_000,
    );
    socket.on("data", (chunk) => (answer += chunk.toString("latin1")));
    socket.on("error", (error) => (error.code === "ECONNRESET" ? undefined : reject(error)));
    socket.on("close", () => {
      clearTimeout(late);
      resolve(answer);
    });
    socket.write(bytes, "latin1");
  });
}

const statusOf = (answer) => Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1] ?? 0);

async function visit(url) {
  const first = await fetch(`${url}visits`);
  assert.equal(await first.text(), "1");
  assert.match(first.headers.get("vary") ?? "", /cookie/i);
  const cookie = cookiesOf(first);
  const second = await fetch(`${url}visits`, { headers: { cookie } });
  assert.equal(await second.text(), "2");
  const latest = cookiesOf(second) || cookie;
  const posted = await fetch(`${url}visits`, { method: "POST", headers: { cookie: latest }, redirect: "manual" });
  assert.deepEqual([posted.status, posted.headers.get("location")], [303, "/visits/messages"]);
  const shown = await fetch(`${url}visits/messages`, { headers: { cookie: cookiesOf(posted) || latest } });
  assert.deepEqual(await shown.json(), ["saved"]);
  const ended = await fetch(`${url}visits`, { method: "DELETE", headers: { cookie: cookiesOf(shown) || latest } });
  assert.match(ended.headers.getSetCookie().join("\n"), /^session=;.*Max-Age=0/m);
  return { cookie };
}

/** A server-side session that was ended stays ended, whoever still has its cookie. */
async function visitKept(url) {
  const { cookie } = await visit(url);
  const late = await fetch(`${url}visits`, { headers: { cookie } });
  assert.equal(await late.text(), "1");
  const parallel = cookiesOf(late);
  await Promise.all(Array.from({ length: 10 }, () => fetch(`${url}visits`, { headers: { cookie: parallel } }).then((each) => each.text())));
  const after = await fetch(`${url}visits`, { headers: { cookie: parallel } });
  assert.ok(Number(await after.text()) >= 2);
}

/** The same, and the texts have the type that browsers show. */
async function visitText(url) {
  await visit(url);
  const { headers } = await fetch(`${url}visits`);
  assert.match(headers.get("content-type") ?? "", /^text\/plain/);
}

/** Requests that two readers could read in two ways, or that say nothing. None may reach a handler as a second request. */
const hostile = {
  "a length and chunks": "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "two lengths": "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
  "a length with a sign": "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc",
  "a length in hex": "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\nabc",
  "a gap before the colon of a length": "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 3\r\n\r\nabc",
  "chunks that are not the last coding": "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
  "two hosts": "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
  "no host": "GET / HTTP/1.1\r\n\r\n",
  "a host that is not one": "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
  "a folded line": "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
  "a CR inside a value": "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
  "NUL in a value": "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
  "a backslash in the target": "GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n",
  "a fragment in the target": "GET /#a HTTP/1.1\r\nHost: a\r\n\r\n",
  "a target that is not a path": "GET home HTTP/1.1\r\nHost: a\r\n\r\n",
  "a chunk with a wrong size": "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
  "a version there is not": "GET / HTTP/3.7\r\nHost: a\r\n\r\n",
};

/** @param only - Leaves out a check where what it needs is missing: `disk`, `serve` or a backend. */
const check = (title, run, { only, kind = "cookie" } = {}) => ({ title, run, only, kind });

export const checks = [
  check("requests, HEAD and several cookies", async ({ url }) => {
    const response = await fetch(url);
    assert.deepEqual([response.status, await response.text()], [200, "häh"]);
    assert.deepEqual(response.headers.getSetCookie(), ["a=1; Path=/; HttpOnly; SameSite=Lax", "b=2; Path=/; HttpOnly; SameSite=Lax"]);
    const head = await fetch(url, { method: "HEAD" });
    assert.deepEqual([head.status, head.headers.get("content-length"), await head.text()], [200, "4", ""]);
    assert.equal(await (await fetch(`${url}pages/%C3%A4?q=a%20b`)).text(), "<p>ä a b true");
    for (const status of [204, 304]) {
      const empty = await fetch(`${url}empty?status=${status}`);
      assert.deepEqual([empty.status, await empty.text()], [status, ""]);
    }
  }),
  check("responses that are read and copied", async ({ url }) => {
    const response = await fetch(`${url}copied`, { headers: { "x-asked": "c" } });
    assert.deepEqual([response.status, await response.text()], [200, "a,b,stream,c"]);
  }),
  check("targets and hosts that are not plain", async ({ url }) => {
    const ask = async (target, host) => {
      const answer = await sendRaw(url, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      return statusOf(answer) === 200 ? /\[.*\]/.exec(answer)?.[0] : statusOf(answer);
    };
    assert.equal(await ask("/targets/b", "a.example:8080"), '["a.example:8080","/targets/b"]');
    for (const target of ["/x/../targets/b", "/x/%2e%2e/targets/b", "/./targets/b"])
      assert.equal(await ask(target, "A.example:80"), '["a.example","/targets/b"]');
    // Each could be read as another host, or as another path.
    for (const host of ["a.example/targets/b?", "a.example/targets/b#", "u@a.example", "a\\b", "a b", "a#b", "a:99999"])
      assert.deepEqual([host, await ask("/x/targets/b", host)], [host, 400]);
  }),
  check("redirects and refused methods", async ({ url }) => {
    const found = async (path, init) => {
      const { status, headers } = await fetch(url + path, { redirect: "manual", ...init });
      return [status, headers.get("location") ?? headers.get("allow")];
    };
    assert.deepEqual(await found("leave"), [302, "/pages/b?q=1"]);
    assert.deepEqual(await found("branch?q=1"), [308, "/branch/?q=1"]);
    assert.deepEqual(await found("nowhere"), [404, null]);
    assert.deepEqual(await found("leave", { method: "POST" }), [405, "GET, HEAD, OPTIONS"]);
    assert.deepEqual(await found("leave", { method: "OPTIONS" }), [204, "GET, HEAD, OPTIONS"]);
    assert.equal((await fetch(url, { method: "POST", body: "a", headers: { origin: "https://evil.example" } })).status, 403);
  }),
  check("bodies and forms", async ({ url }) => {
    const post = async (path, body, headers = {}) => {
      const response = await fetch(url + path, { method: "POST", body, headers, duplex: "half" });
      return [response.status, await response.text()];
    };
    assert.deepEqual(await post("", "häh"), [200, "häh"]);
    assert.deepEqual(await post("form", new URLSearchParams({ a: "ä b" })), [200, '[["a","ä b"]]']);
    const form = new FormData();
    form.append("a", "1");
    form.append("file", new File(["content"], "ä.txt", { type: "text/plain" }));
    assert.deepEqual(await post("form", form), [200, '[["a","1"],["file","content"]]']);
    assert.equal((await post("", "a".repeat(100_001)))[0], 413);
    const chunks = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 20; i++) controller.enqueue(new Uint8Array(10_000).fill(97));
        controller.close();
      },
    });
    assert.equal((await post("", chunks).catch(() => [413]))[0], 413);
    assert.equal((await post("form", "{}", { "content-type": "application/json" }))[0], 415);
  }),
  check("sessions in a signed cookie", ({ url }) => visit(url)),
  check("sessions in an encrypted cookie", ({ url }) => visit(url), { kind: "encrypted" }),
  check("sessions in memory", ({ url }) => visitKept(url), { kind: "memory" }),
  check("sessions in Redis", ({ url }) => visitKept(url), { kind: "redis" }),
  check("sessions in Postgres", ({ url }) => visitKept(url), { kind: "postgres" }),
  check("sessions without an App", ({ url }) => visitText(url), { kind: "visits" }),
  check("sessions in Elysia", ({ url }) => visitText(url), { kind: "elysia" }),
  check("events", async ({ url }) => {
    const response = await fetch(`${url}events`);
    assert.match(response.headers.get("content-type"), /^text\/event-stream/);
    assert.equal(await response.text(), ':\n\ndata: 1\n\nid: 2\ndata: {"two":2}\n\n');
    // The bytes of UTF-8, as browsers send them.
    const again = await fetch(`${url}events`, { headers: { "last-event-id": "\u00c3\u00a9-1" } });
    assert.match(await again.text(), /^data: é-1$/m);
  }),
  check("streams", async ({ url }) => {
    assert.equal(await (await fetch(`${url}streamed`)).text(), "/streamed 1\n/streamed 2\n");
  }),
  check("streams that break", async ({ url }) => {
    await assert.rejects(fetch(`${url}streamed?breaks`).then((response) => response.text()));
  }),
  check("clients that leave a stream", async ({ url }) => {
    const state = async () => (await (await fetch(`${url}state`)).json()).aborted;
    const before = await state();
    const gone = new AbortController();
    const response = await fetch(`${url}held`, { signal: gone.signal });
    await response.body.getReader().read();
    gone.abort();
    await poll(state, (aborted) => aborted > before);
  }),
  check("errors", async ({ url }) => {
    const failed = await fetch(`${url}fail/now`);
    const page = await failed.text();
    assert.equal(failed.status, 500);
    assert.match(page, /Something went wrong/);
    assert.doesNotMatch(page, /secret/);
    const teapot = await fetch(`${url}fail/teapot`, { headers: { accept: "application/json" } });
    assert.deepEqual([teapot.status, (await teapot.json()).detail], [418, "No coffee here."]);
  }),
  check("the client's address, and work after the response", async ({ url }) => {
    assert.match((await (await fetch(`${url}platform`)).json()).ip, /^(?:::ffff:)?127\.0\.0\.1$|^::1$/);
    await poll(
      async () => (await (await fetch(`${url}state`)).json()).worked,
      (worked) => worked > 0,
    );
  }),
  check(
    "files",
    async ({ url }) => {
      const response = await fetch(`${url}files/site.css`);
      assert.deepEqual(
        [response.status, response.headers.get("content-type"), await response.text()],
        [200, "text/css; charset=utf-8", "body {\n  margin: 0;\n}\n"],
      );
      const etag = response.headers.get("etag");
      assert.equal((await fetch(`${url}files/site.css`, { headers: { "if-none-match": etag } })).status, 304);
      const part = await fetch(`${url}files/site.css`, { headers: { range: "bytes=0-3" } });
      assert.deepEqual([part.status, await part.text()], [206, "body"]);
      assert.equal(statusOf(await sendRaw(url, "GET /files/..%2fapps.mjs HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")), 404);
    },
    { only: "disk" },
  ),
  check(
    "serve(): hostile requests",
    async ({ url }) => {
      const wrong = [];
      for (const [title, bytes] of Object.entries(hostile)) {
        const answer = await sendRaw(url, bytes).catch((error) => String(error));
        const status = statusOf(answer);
        if (answer !== "" && (status < 400 || answer.split("HTTP/1.1 ").length > 2)) wrong.push(`${title}: ${answer.slice(0, 80)}`);
      }
      assert.deepEqual(wrong, []);
      assert.equal((await fetch(url)).status, 200);
    },
    { only: "serve" },
  ),
  check(
    "serve(): a connection that is used stays",
    async ({ url }) => {
      const { hostname, port } = new URL(url);
      const socket = connect(Number(port), hostname);
      const gone = once(socket, "close").then(() => assert.fail("The connection was closed."));
      gone.catch(() => undefined);
      // Three times as long as a connection may be idle.
      for (const end = performance.now() + 1500; performance.now() < end;) {
        socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        const [answer] = await Promise.race([once(socket, "data"), gone]);
        assert.equal(statusOf(String(answer)), 200);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      socket.destroy();
    },
    { only: "serve" },
  ),
  check(
    "serve(): close() answers what is in flight",
    async ({ url, close }) => {
      const pending = fetch(`${url}slow`).then((response) => response.text());
      await poll(
        async () => (await (await fetch(`${url}state`)).json()).slow,
        (slow) => slow > 0,
      );
      const closed = close();
      assert.equal(await pending, "slow");
      await closed;
      await assert.rejects(fetch(url));
    },
    { only: "serve" },
  ),
];
