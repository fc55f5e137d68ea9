import { sessionStoreOf } from "@mini/session/node";
import { expect, test } from "vitest";
import { listen } from "../../support/node-frameworks.ts";
import { restify } from "../../support/restify.ts";
import { need } from "../../support/skip.ts";
import { cookieOf, dataOf, FailingBackend, makeSessions, type Data } from "../../support/visits.ts";

const [framework] = restify();

need("a Node on which Restify 11 runs, such as 22", framework)("a response of Restify", () => {
  test.each([
    ["end()", (response: Sending) => response.end("hello"), "hello"],
    ["send() of an object", (response: Sending) => response.send({ a: 1 }), '{"a":1}'],
    ["json()", (response: Sending) => response.json({ a: 1 }), '{"a":1}'],
    ["write()", (response: Sending) => response.write("hello") === undefined || response.end(), "hello"],
  ])("by %s leaves after the commit, and is replaced when that fails", async (_title, answer, body) => {
    const backend = new FailingBackend();
    const sessions = makeSessions({ backend });
    const errors: unknown[] = [];
    const program = framework!.make(
      sessions,
      async (request, response) => {
        (await sessionStoreOf(request).getSession<Data>()).set("a", 1);
        answer(response as unknown as Sending);
      },
      (error) => void errors.push(error),
    );
    const url = `http://127.0.0.1:${await listen(program)}/`;
    const good = await fetch(url);
    expect([good.status, await good.text()]).toEqual([200, body]);
    expect(await dataOf(sessions, cookieOf(good.headers.getSetCookie()))).toEqual({ a: 1 });
    backend.isDown = true;
    const bad = await fetch(url);
    expect([bad.status, await bad.text(), bad.headers.getSetCookie()]).toEqual([503, "handled: 503", []]);
    expect(errors).toEqual([expect.objectContaining({ name: "SessionUnavailableError" })]);
  });
});

interface Sending {
  end(body?: string): unknown;
  write(body: string): unknown;
  send(body: unknown): unknown;
  json(body: unknown): unknown;
}
