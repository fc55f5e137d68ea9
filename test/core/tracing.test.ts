import { tracingChannel, type TracingChannelSubscribers } from "node:diagnostics_channel";
import { abort, App, type HandlerMessage, local, RequestHandler, type RequestMessage, Rule, text } from "@mini/core";
import { TestClient } from "@mini/core/testing";
import { context, trace, type Span } from "@opentelemetry/api";
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-node";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

class User extends RequestHandler {
  async get({ id }: { id: string }) {
    await Promise.resolve();
    if (id === "7") abort(404);
    if (id === "8") throw new Error("the disk is full");
    return text(id);
  }
  post(): Response {
    throw undefined;
  }
}

const app = new App({
  rules: [new Rule("/users/:id", { endpoint: "user", handler: User }), new Rule("/old", { redirectTo: "/users/1" })],
  logger: { error() {}, warn() {}, info() {}, debug() {} },
});
const client = new TestClient(app);

const nothing = () => undefined;
const ends: (() => void)[] = [];
afterEach(() => ends.splice(0).forEach((end) => end()));

/** Subscribes to a channel until the test has ended. */
function subscribe<Message extends object>(name: string, subscribers: Partial<TracingChannelSubscribers<Message>>): void {
  const channel = tracingChannel<Message, Message>(name);
  const all = { start: nothing, end: nothing, asyncStart: nothing, asyncEnd: nothing, error: nothing, ...subscribers };
  channel.subscribe(all);
  ends.push(() => channel.unsubscribe(all));
}

describe("mini:request", () => {
  test.each([
    ["GET", "/users/5", { rule: "/users/:id", endpoint: "user", status: 200 }],
    ["GET", "/users/7", { rule: "/users/:id", endpoint: "user", status: 404 }],
    ["GET", "/nowhere", { rule: undefined, endpoint: undefined, status: 404 }],
    ["GET", "/old", { rule: undefined, endpoint: undefined, status: 308 }],
    ["PUT", "/users/5", { rule: undefined, endpoint: undefined, status: 405 }],
  ])("tells what answers %s %s", async (method, path, told) => {
    const messages: RequestMessage[] = [];
    subscribe<RequestMessage>("mini:request", { asyncEnd: (message) => void messages.push(message) });
    await client.request(path, { method });
    expect(messages).toHaveLength(1);
    const { request, rule, endpoint, status } = messages[0]!;
    expect({ rule, endpoint, status }).toEqual(told);
    expect(request.path).toBe(path);
    expect("error" in messages[0]!).toBe(false);
  });

  test.each([
    ["GET", new Error("the disk is full")],
    ["POST", undefined],
  ])("tells the error that ended a %s", async (method, error) => {
    const messages: RequestMessage[] = [];
    subscribe<RequestMessage>("mini:request", { asyncEnd: (message) => void messages.push(message) });
    await client.request("/users/8", { method });
    expect(messages).toMatchObject([{ status: 500 }]);
    expect("error" in messages[0]!).toBe(true);
    expect(messages[0]!.error).toEqual(error);
  });

  test("runs its subscribers in the request", async () => {
    const seen: string[] = [];
    subscribe<RequestMessage>("mini:request", {
      start: () => void seen.push(local.request.path),
      asyncEnd: () => void seen.push(local.request.path),
    });
    await client.get("/users/5");
    expect(seen).toEqual(["/users/5", "/users/5"]);
  });
});

describe("mini:handler", () => {
  test("tells the class and the method, and how it failed", async () => {
    const messages: object[] = [];
    const errors: unknown[] = [];
    subscribe<HandlerMessage>("mini:handler", {
      start: ({ request, ...rest }) => void messages.push({ path: request.path, ...rest }),
      error: ({ error }) => void errors.push(error),
    });
    await client.get("/users/8");
    expect(messages).toEqual([{ path: "/users/8", rule: "/users/:id", endpoint: "user", handler: "User", method: "get" }]);
    expect(errors).toEqual([new Error("the disk is full")]);
  });
});

describe("OpenTelemetry", () => {
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const tracer = provider.getTracer("test");
  beforeEach(() => {
    exporter.reset();
    const requests = new WeakMap<object, Span>();
    const handlers = new WeakMap<object, Span>();
    subscribe<RequestMessage>("mini:request", {
      start: ({ request }) => void requests.set(request, tracer.startSpan(request.method)),
      asyncEnd({ request, rule, status, error }) {
        const span = requests.get(request)!;
        if (rule !== undefined) span.setAttribute("http.route", rule);
        if (status !== undefined) span.setAttribute("http.response.status_code", status);
        if (error instanceof Error) span.recordException(error);
        span.end();
      },
    });
    subscribe<HandlerMessage>("mini:handler", {
      start(message) {
        const parent = trace.setSpan(context.active(), requests.get(message.request)!);
        handlers.set(message, tracer.startSpan(`${message.handler}.${message.method}`, {}, parent));
      },
      asyncEnd: (message) => handlers.get(message)!.end(),
    });
  });

  test("has a span for each request with its rule and status, and one inside it for the handler", async () => {
    await client.get("/users/5");
    const [handler, request] = exporter.getFinishedSpans();
    expect(request!.name).toBe("GET");
    expect(request!.attributes).toEqual({ "http.route": "/users/:id", "http.response.status_code": 200 });
    expect(handler!.name).toBe("User.get");
    expect(handler!.parentSpanContext!.spanId).toBe(request!.spanContext().spanId);
  });

  test("has the error of a request that failed", async () => {
    await client.get("/users/8");
    const request = exporter.getFinishedSpans().at(-1)!;
    expect(request.events).toMatchObject([{ name: "exception", attributes: { "exception.message": "the disk is full" } }]);
  });
});
