import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { abort, App, beforeHead, html, HTTPError, RequestHandler, Rule, SecurityHeaders, setHeader, text } from "@mini/core";
import type { Middleware, Response } from "@mini/core";
import { serve } from "@mini/core/serve";
import { describe, expect, test } from "vitest";
import { certificate } from "../support/certificate.ts";
import { readRaw, sendRaw } from "../support/raw-http.ts";
import { closeSockets, connectSecurely, write } from "../support/slow-clients.ts";

/** Every way in which a response leaves: a title, the request, and the status. */
type Way = readonly [title: string, method: string, path: string, status: number, headers?: Readonly<Record<string, string>>];

class Lists implements Middleware {
  beforeDispatch(handler: RequestHandler): Response | undefined {
    switch (handler.request.path) {
      case "/before":
        return text("before");
      case "/before-throws":
        throw new Error("before");
      default:
        return undefined;
    }
  }
  afterDispatch(handler: RequestHandler, response: Response) {
    if (handler.request.path === "/after-throws") throw new Error("after");
    return handler.request.path === "/after" ? new globalThis.Response("another") : response;
  }
  handleException(handler: RequestHandler) {
    return handler.request.path === "/answered" ? text("answered", { status: 409 }) : undefined;
  }
}

const pages: Readonly<Record<string, () => unknown>> = {
  "/text": () => text("fine"),
  "/html": () => html`<p>fine</p>`,
  "/native": () => new globalThis.Response("fine"),
  "/stream": () => new globalThis.Response(new Blob(["fine"]).stream()),
  "/nothing": () => new globalThis.Response(null, { status: 204 }),
  "/not-modified": () => new globalThis.Response(null, { status: 304 }),
  "/throws": () => {
    throw new Error("method");
  },
  "/aborts": () => abort(403),
  "/answered": () => {
    throw new Error("method");
  },
  "/own-page": () => abort(410),
  "/page-throws": () => abort(418),
  "/no-response": () => 5,
  "/commit-fails": () => {
    beforeHead(() => {
      throw new Error("commit");
    });
    return text("fine");
  },
  "/commit-refused": () => {
    beforeHead(() => {
      throw new HTTPError(503);
    });
    return text("fine");
  },
  "/header-fails": () => {
    setHeader("x-added", "kept");
    return text("fine");
  },
};

class Handler extends RequestHandler {
  get() {
    return (pages[this.request.path] ?? (() => text("fine")))() as Response;
  }
  async post() {
    await this.request.text();
    return text("written");
  }
}
class Made extends RequestHandler {
  constructor(...args: ConstructorParameters<typeof RequestHandler>) {
    super(...args);
    throw new Error("made");
  }
  get() {
    return text("never");
  }
}

/** Ways that pass a handler with middleware. */
const handled: readonly Way[] = [
  ...["/text", "/html", "/native", "/stream", "/before", "/after", "/header-fails"].map((path): Way => [path, "GET", path, 200]),
  ["HEAD", "HEAD", "/text", 200],
  ["HEAD of a stream", "HEAD", "/stream", 200],
  ["a response without a body", "GET", "/nothing", 204],
  ["304", "GET", "/not-modified", 304],
  ["an error", "GET", "/throws", 500],
  ["an HTTPError", "GET", "/aborts", 403],
  ["an error as JSON", "GET", "/throws", 500, { accept: "application/json" }],
  ["an error that middleware answers", "GET", "/answered", 409],
  ["an own error page", "GET", "/own-page", 410],
  ["an own error page that fails", "GET", "/page-throws", 500],
  ["a method that returns no response", "GET", "/no-response", 500],
  ["an error of a before-hook", "GET", "/before-throws", 500],
  ["an error of an after-hook", "GET", "/after-throws", 500],
  ["a failed commit", "GET", "/commit-fails", 500],
  ["a refused commit", "GET", "/commit-refused", 503],
  ["a handler that cannot be made", "GET", "/made", 500],
];

/** Ways that pass no handler of a rule. */
const builtIn: readonly Way[] = [
  ["an unknown path", "GET", "/unknown", 404],
  ["a malformed path", "GET", "/%ZZ", 400],
  ["a method that the rule does not have", "PUT", "/text", 405],
  ["automatic OPTIONS", "OPTIONS", "/text", 204],
  ["a method of another protocol", "PROPFIND", "/text", 405],
  ["a handler that cannot be loaded", "GET", "/lazy", 500],
  ["a redirect to the path with a slash", "GET", "/slash", 308],
  ["a redirect to the path without doubled slashes", "GET", "//text", 308],
  ["a redirect to the canonical URL", "GET", "/canonical/1", 308],
  ["a redirect of a rule", "GET", "/moved", 308],
  ["a redirect whose function throws", "GET", "/moved-throws", 500],
  ["a write from another origin", "POST", "/text", 403, { origin: "https://evil.example" }],
  ["a host that is not served", "GET", "/text", 400, { host: "evil.example" }],
];

const logger = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };

function siteOf(list: "application" | "handler" | "no list") {
  const own = list === "handler" ? [Lists, SecurityHeaders] : [];
  Handler.middleware = Made.middleware = own;
  return new App({
    rules: [
      ...Object.keys(pages).map((path) => new Rule(path, { handler: Handler })),
      ...["/before", "/before-throws", "/after", "/after-throws"].map((path) => new Rule(path, { handler: Handler })),
      new Rule("/made", { handler: Made }),
      new Rule("/slash/", { handler: Handler }),
      new Rule("/canonical", { endpoint: "canonical", handler: Handler, defaults: { page: "1" } }),
      new Rule("/canonical/:page", { endpoint: "canonical", handler: Handler }),
      new Rule("/lazy", { handler: () => Promise.reject(new Error("lazy")) }),
      new Rule("/moved", { redirectTo: "/text" }),
      new Rule("/moved-throws", {
        redirectTo: () => {
          throw new Error("moved");
        },
      }),
    ] as readonly Rule[],
    middleware: list === "application" ? [Lists, SecurityHeaders] : list === "no list" ? [Lists] : [],
    errorHandlers: {
      410: () => html`<p>Gone</p>`,
      418: () => {
        throw new Error("page");
      },
    },
    trustedHosts: ["site.example"],
    trustProxy: true,
    logger,
  });
}

const guarded = {
  "content-security-policy": expect.stringContaining("frame-ancestors 'none'"),
  "referrer-policy": "strict-origin-when-cross-origin",
  "strict-transport-security": "max-age=31536000; includeSubDomains",
  "x-content-type-options": "nosniff",
};

async function ask(app: App, [, method, path, , { host = "site.example", ...headers } = {}]: Way) {
  const url = `https://${host}`;
  // The URL parser would repair the path, so it is only joined.
  const response = await app.fetch(new Request(`${url}${path}`, { method, headers }));
  const sent = Object.fromEntries(Object.keys(guarded).map((name) => [name, response.headers.get(name)]));
  return { status: response.status, sent };
}

describe("SecurityHeaders in the list of the application are on every response:", () => {
  const app = siteOf("application");
  test.each([...handled, ...builtIn].map((way) => [way[0], way] as const))("%s", async (_title, way) => {
    expect(await ask(app as App, way)).toEqual({ status: way[3], sent: guarded });
  });
});

describe("SecurityHeaders in the list of a handler are on every response of that handler:", () => {
  const app = siteOf("handler");
  test.each(handled.map((way) => [way[0], way] as const))("%s", async (_title, way) => {
    expect(await ask(app as App, way)).toEqual({ status: way[3], sent: guarded });
  });

  test("and not on responses of other handlers", async () => {
    expect((await ask(app as App, builtIn[0]!)).sent["strict-transport-security"]).toBeNull();
  });
});

test("without SecurityHeaders, no response has HSTS", async () => {
  const app = siteOf("no list");
  for (const way of [...handled, ...builtIn]) expect((await ask(app as App, way)).sent["strict-transport-security"]).toBeNull();
});

describe("SecurityHeaders are on the refusal of a raw request:", () => {
  test.each([
    ["a second host", "GET / HTTP/1.1\r\nHost: site.example\r\nHost: b\r\n", 400],
    ["no host", "GET / HTTP/1.1\r\n", 400],
    ["a host that is not one", "GET / HTTP/1.1\r\nHost: a b\r\n", 400],
    ["a target that is not a path", "GET * HTTP/1.1\r\nHost: site.example\r\n", 400],
    ["an unknown coding", "POST / HTTP/1.1\r\nHost: site.example\r\nTransfer-Encoding: gzip, chunked\r\n", 501],
    ["a host that is not served", "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n", 400],
    ["an expectation that is unknown", "GET / HTTP/1.1\r\nHost: site.example\r\nExpect: banana\r\nConnection: close\r\n", 417],
    ["a tunnel", "CONNECT site.example:80 HTTP/1.1\r\nHost: site.example:80\r\n", 501],
  ])("%s", async (_title, head, status) => {
    const app = siteOf("application");
    const server = await serve(app, { port: 0, silent: true, gracefulShutdown: false });
    try {
      const [answer] = readRaw(await sendRaw(server.port, `${head}X-Forwarded-Proto: https\r\n\r\n`));
      const sent = Object.fromEntries(Object.keys(guarded).map((name) => [name, answer!.values(name)[0]]));
      expect({ status: answer!.status, sent }).toEqual({ status, sent: guarded });
    } finally {
      await server.close();
    }
  });
});

/** What Node itself refuses. Its own responses would not have the headers of the application. */
describe.each(["http", "https"] as const)("the application's headers are on what is refused by the parser of Node, over %s:", (scheme) => {
  test.each([
    ["no request line", "nonsense\r\n\r\n", 400],
    ["a bare line feed", "GET / HTTP/1.1\nHost: site.example\n\n", 400],
    ["a header over several lines", "GET / HTTP/1.1\r\nHost: site.example\r\nX: 1\r\n 2\r\n\r\n", 400],
    ["two framings", "POST / HTTP/1.1\r\nHost: site.example\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400],
    ["a chunk that is not one", "POST /text HTTP/1.1\r\nHost: site.example\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400],
    ["a head over the limit", `GET / HTTP/1.1\r\nHost: site.example\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, 431],
    [
      "a chunk extension over the limit",
      `POST /text HTTP/1.1\r\nHost: site.example\r\nTransfer-Encoding: chunked\r\n\r\n3;${"x".repeat(20_000)}`,
      413,
    ],
    ["a head that does not end", "GET / HTTP/1.1\r\nHo", 408],
  ])("%s", async (_title, bytes, status) => {
    const tls = scheme === "https" ? { tls: certificate } : {};
    // Not the limit for heads, which is also the one for the handshake of TLS.
    const timeouts = status === 408 ? { request: 500 } : {};
    const server = await serve(siteOf("application"), { port: 0, silent: true, gracefulShutdown: false, timeouts, ...tls });
    const socket = scheme === "https" ? connectSecurely(server.port) : connect(server.port, "127.0.0.1");
    try {
      const [answer] = readRaw(await write(server.port, bytes, socket).all);
      const { "strict-transport-security": hsts, ...others } = guarded;
      const sent = Object.fromEntries(Object.keys(guarded).map((name) => [name, answer!.values(name)[0]]));
      const expected = { ...others, "strict-transport-security": scheme === "https" ? hsts : undefined };
      expect({ status: answer!.status, body: answer!.body, sent }).toEqual({ status, body: "", sent: expected });
      expect([answer!.values("connection"), answer!.values("content-length")]).toEqual([["close"], ["0"]]);
    } finally {
      closeSockets();
      await server.close();
    }
  });
});

test.each([
  ["CONNECT", { ":method": "CONNECT", ":authority": "site.example:80" }, 501],
  ["an expectation that is unknown", { ":path": "/text", expect: "banana" }, 417],
  ["two hosts", { ":path": "/text", host: "other.example" }, 400],
])("over HTTP/2, SecurityHeaders are on the refusal of %s", async (_title, headers, status) => {
  const server = await serve(siteOf("application"), { port: 0, silent: true, gracefulShutdown: false, tls: certificate });
  const client = connectHttp2(server.url, { ca: certificate.cert });
  try {
    const [head] = (await once(client.request(headers).resume(), "response")) as [Record<string, unknown>];
    const sent = Object.fromEntries(Object.keys(guarded).map((name) => [name, head[name]]));
    expect({ status: head[":status"], sent }).toEqual({ status, sent: guarded });
  } finally {
    client.destroy();
    await server.close();
  }
});

test("a refusal of a raw request has no body, and ends the connection", async () => {
  const server = await serve(siteOf("application"), { port: 0, silent: true, gracefulShutdown: false });
  try {
    const bytes = await sendRaw(server.port, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\nGET / HTTP/1.1\r\nHost: site.example\r\n\r\n");
    expect(readRaw(bytes).map(({ status, body, values }) => [status, body, values("content-length"), values("connection")])).toEqual([
      [400, "", ["0"], ["close"]],
    ]);
  } finally {
    await server.close();
  }
});
