import { html } from "@mini/core";
import { describe, expect, test } from "vitest";
import { sent } from "../support/event-stream.ts";

const circle: unknown[] = [];
circle.push(circle);

describe("an event", () => {
  test("has a name, an id and data, which is text as it is or JSON", async () => {
    const { text } = await sent(async function* () {
      yield { event: "note", id: "7", data: { title: "Tea", tags: ["a"] } };
      yield { data: "just text" };
      yield { data: html`<p>${"<"}</p>` };
      yield { data: 0 };
      yield { data: false };
      yield { data: null };
      yield { data: "" };
    });
    expect(text).toBe(
      ":\n\n" +
        'event: note\nid: 7\ndata: {"title":"Tea","tags":["a"]}\n\n' +
        "data: just text\n\n" +
        "data: <p>&lt;</p>\n\n" +
        "data: 0\n\n" +
        "data: false\n\n" +
        "data: null\n\n" +
        "data: \n\n",
    );
  });

  test.each([
    ["line feeds", "a\nb\n", "a\nb\n"],
    ["carriage returns", "a\rb\r", "a\nb\n"],
    ["both", "a\r\nb\r\n\r\nc\n\rd", "a\nb\n\nc\n\nd"],
    ["fields of its own", "a\nid: 9\n\nevent: stolen\ndata: b", "a\nid: 9\n\nevent: stolen\ndata: b"],
    ["spaces and colons at the front", "  a\n: b\n:", "  a\n: b\n:"],
    ["other characters that look like line breaks", "a\u2028b\u0085c\vd\fe", "a\u2028b\u0085c\vd\fe"],
    ["NUL and a byte order mark", "\uFEFFa\0b", "\uFEFFa\0b"],
    ["nothing but line breaks", "\n\n", "\n\n"],
    ["any script", "žluťoučký 𝒌ůň", "žluťoučký 𝒌ůň"],
  ])("is one event although its data has %s", async (_what, data, received) => {
    const { events: got } = await sent(async function* () {
      yield { data };
      yield { data: "next" };
    });
    expect(got).toEqual([
      { event: "message", id: "", data: received },
      { event: "message", id: "", data: "next" },
    ]);
  });

  test("is dispatched although it has no data, if it has a name", async () => {
    const { events: got } = await sent(async function* () {
      yield { event: "ping" };
    });
    expect(got).toEqual([{ event: "ping", id: "", data: "" }]);
  });

  test("with only an id moves the place in the stream, and is not dispatched", async () => {
    const { events: got, lastEventId } = await sent(async function* () {
      yield { id: "8" };
    });
    expect([got, lastEventId]).toEqual([[], "8"]);
  });

  test.each([
    ["an id with a line feed", { id: "7\ndata: x", data: 1 }, /id "7\\ndata: x": .* line breaks/],
    ["an id with a carriage return", { id: "7\r", data: 1 }, /line breaks/],
    ["an id with NUL", { id: "7\0", data: 1 }, /NUL/],
    ["an id that a header cannot bring back", { id: "7\u0001", data: 1 }, /control characters/],
    ["an id whose last character a header would lose", { id: "7 ", data: 1 }, /space at an end/],
    ["half of a character as an id", { id: "\uD800", data: 1 }, /id "\\ud800"/],
    ["an id that is too long for a header", { id: "7".repeat(1001), data: 1 }, /id of 1001 characters/],
    ["an id that is a number", { id: 7, data: 1 }, /id is of type number: it must be a string/],
    ["a name with a line feed", { event: "a\ndata: x", data: 1 }, /name "a\\ndata: x": .* line break/],
    ["a name with a carriage return", { event: "a\r", data: 1 }, /line break/],
    ["a name with NUL", { event: "a\0", data: 1 }, /NUL/],
    ["an empty name", { event: "", data: 1 }, /empty name/],
    ["a name that is a number", { event: 1, data: 1 }, /name is of type number/],
    ["nothing", {}, /empty/],
    ["an unknown field", { type: "note", data: 1 }, /field "type": it has event, id and data/],
    ["text", "note", /a value of type string as an event: yield an object/],
    ["null", null, /a value of type null as an event/],
    ["undefined as data", { event: "a", data: undefined }, /undefined \(leave the data out/],
    ["a promise as data", { data: Promise.resolve(1) }, /a promise \(await it\)/],
    ["a function as data", { data: () => 1 }, /a function \(call it\)/],
    ["a symbol as data", { data: Symbol("a") }, /a symbol/],
    ["a bigint as data", { data: 1n }, /a bigint/],
    ["a response as data", { data: new globalThis.Response("") }, /a response/],
    ["data without JSON", { data: { toJSON: () => undefined } }, /this data of an event: JSON\.stringify\(\) returns undefined/],
    ["data that has itself in it", { data: circle }, /circular structure/],
  ])("is refused, logged once, and ends the stream: %s", async (_what, event, message) => {
    const steps: string[] = [];
    const { events: got, logged } = await sent(async function* () {
      try {
        yield { data: "before" };
        yield event as never;
        steps.push("went on");
      } finally {
        steps.push("finally");
      }
    });
    expect(got.map(({ data }) => data)).toEqual(["before"]);
    expect(logged).toEqual([expect.stringMatching(message)]);
    expect(steps).toEqual(["finally"]);
  });
});
