import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { root } from "../support/folder.ts";

interface Listeners {
  readonly events: number;
  readonly until: (events: number) => Promise<void>;
  readonly close: () => void;
}
interface Note {
  readonly id: number;
}

/** The benchmarks are JavaScript and have no types. */
const load = (name: string): Promise<unknown> => import(pathToFileURL(join(root, `test/bench/events/${name}.mjs`)).href);
const { Listeners: Clients } = (await load("listeners")) as {
  readonly Listeners: { readonly open: (server: { name: string; url: string }, count: number) => Promise<Listeners> };
};
const { noteOf } = (await load("notes")) as { readonly noteOf: (number: number) => Note };

const eventOf = (number: number, data: object = noteOf(number)) =>
  `id: ${noteOf(number).id}\nevent: note\ndata: ${JSON.stringify(data)}\n\n`;

/** Two clients of a server, and the responses that it gives them. */
async function listen({ type = "text/event-stream" } = {}) {
  const responses: ServerResponse[] = [];
  const server = createServer((_request, response) => {
    responses.push(response.writeHead(200, { "content-type": type }));
    response.flushHeaders();
  });
  onTestFinished(() => void server.close().closeAllConnections());
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clients = await Clients.open({ name: "a server", url }, 2);
  onTestFinished(() => clients.close());
  return { clients, responses };
}

test("the data of every event has 100 bytes, and a number of its own", () => {
  const texts = [0, 1, 9, 12_345].map((number) => JSON.stringify(noteOf(number)));
  expect(texts.map((text) => Buffer.byteLength(text))).toEqual([100, 100, 100, 100]);
  expect(new Set(texts).size).toBe(4);
});

test("clients have got an event when each of them has, in any pieces and between comments, and no more than was asked", async () => {
  const { clients, responses } = await listen();
  const text = `:\n\nretry: 2000\n\n${eventOf(0)}: a comment\n\n${eventOf(1)}`;
  responses[0]!.write(text);
  const both = clients.until(2);
  for (let i = 0; i < text.length; i += 20) responses[1]!.write(text.slice(i, i + 20));
  await both;
  expect(clients.events).toBe(2);
  responses[0]!.write(eventOf(2) + eventOf(3));
  responses[1]!.write(eventOf(2));
  await expect(clients.until(3)).rejects.toThrow("a server sends more than 3 events");
  expect(clients.events).toBe(3);
});

test.each([
  ["leaves an event out", eventOf(0) + eventOf(2)],
  ["sends one twice", eventOf(0) + eventOf(0)],
  ["sends other data", eventOf(0) + eventOf(1, { ...noteOf(1), text: "other" })],
  ["sends another name", eventOf(0) + eventOf(1).replace("note", "other")],
  ["sends another id", eventOf(0) + eventOf(1).replace("id: 1", "id: 2")],
])("a server that %s to one client is found out", async (_title, wrong) => {
  const { clients, responses } = await listen();
  responses[0]!.write(eventOf(0) + eventOf(1));
  responses[1]!.write(wrong);
  await expect(clients.until(2)).rejects.toThrow(/^a server sends the event ".*", and not note 1000001$/);
});

test("a server that ends a stream or answers with something else is found out", async () => {
  const { clients, responses } = await listen();
  responses[0]!.write(eventOf(0));
  responses[1]!.end();
  await expect(clients.until(1)).rejects.toThrow("a server ends an event stream");

  await expect(listen({ type: "text/plain" })).rejects.toThrow("a server answers 200 text/plain, and not 200 text/event-stream");
});
