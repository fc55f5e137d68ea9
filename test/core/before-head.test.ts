import { beforeHead, HTTPError, Response, setCookie, setHeader, text } from "@mini/core";
import { describe, expect, test } from "vitest";
import { makeApp } from "../support/one-handler.ts";

describe("beforeHead", () => {
  test("runs functions once, in reverse order, after hooks, and they may add headers", async () => {
    const order: string[] = [];
    const { get } = makeApp(() => {
      beforeHead(async () => {
        await Promise.resolve();
        order.push("first registered");
        setHeader("x-late", "1");
      });
      beforeHead((response) => void order.push(`second registered ${response.status}`));
      return text("a", { status: 201 });
    });
    expect((await get()).headers.get("x-late")).toBe("1");
    expect(order).toEqual(["second registered 201", "first registered"]);
  });

  test("replaces the response and drops cookies if a function throws, and runs the remaining functions", async () => {
    let later: number | undefined;
    const { get } = makeApp(() => {
      setCookie("a", "1");
      beforeHead((response) => void (later = response.status));
      beforeHead(() => {
        throw new HTTPError(503);
      });
      return text("a");
    });
    const response = await get();
    expect([response.status, later, response.headers.getSetCookie()]).toEqual([503, 503, []]);
  });

  test("cannot be called once the head is being sent", async () => {
    let thrown: unknown;
    const { get } = makeApp(() => {
      const source: UnderlyingDefaultSource<Uint8Array> = {
        pull(controller) {
          try {
            beforeHead(() => undefined);
          } catch (error) {
            thrown = error;
          }
          controller.close();
        },
      };
      return new Response(new ReadableStream(source, { highWaterMark: 0 }));
    });
    await (await get()).text();
    expect(thrown).toBeInstanceOf(Error);
  });
});

describe("a bad header", () => {
  const bad = ["a\r\nb", "a\nb", "a\0b", "a\rb", "\u0100"];
  test.each(bad)("value %j made by a handler is a logged 500, and nothing of it is sent", async (value) => {
    for (const work of [
      () => new Response("", { headers: { "x-a": value } }),
      () => (setHeader("x-a", value), text("")),
      () => (setCookie("a", "b", { path: value }), text("")),
    ]) {
      const { get, logged } = makeApp(work);
      const response = await get();
      expect([response.status, logged.length]).toEqual([500, 1]);
      expect(response.headers.has("x-a") || response.headers.has("set-cookie")).toBe(false);
    }
  });
});
