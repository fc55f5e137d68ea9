import { abort, html, redirect, request, Response, Rule, setCookie, setHeader, text } from "@mini/core";
import { serve, type Server } from "@mini/core/serve";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { controls, hostileNames, hostileValues, injected } from "../support/control-characters.ts";
import { FormHook, nameForms, valueForms, type Form } from "../support/header-forms.ts";
import { makeApp } from "../support/one-handler.ts";
import { getAllRaw, type RawAnswer } from "../support/raw-http.ts";

let works: readonly (() => unknown)[] = [];

const { app, logged } = makeApp(
  () => {
    setCookie("committed", "1");
    setHeader("x-committed", "1");
    return works[Number(request.args.get("work"))]!();
  },
  {
    list: [FormHook],
    rules: [new Rule("/sent/:work", { redirectTo: ({ work }) => String(works[Number(work)]!()) })],
    errorHandlers: { 418: () => html`<p>a page</p>` },
  },
);

let server: Server;
beforeAll(async () => {
  server = await serve(app, { port: 0, silent: true, gracefulShutdown: false });
});
afterAll(() => server.close());

interface Asked {
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
}

/** What the server says to requests whose handlers do a work each, one after the other over one connection. */
async function askAll(asked: readonly (() => unknown)[], { headers = {}, path = "/?work=" }: Asked = {}): Promise<RawAnswer[]> {
  logged.length = 0;
  works = asked;
  const targets = asked.map((_work, i) => path + i);
  const answers = await getAllRaw(server.port, targets, headers);
  expect(answers).toHaveLength(asked.length);
  return answers;
}

const ask = async (asked: () => unknown, options: Asked = {}) => (await askAll([asked], options))[0]!;

/** The head has these headers and no others, whichever character one takes for the end of a line. */
function expectHead({ lines, names }: RawAnswer, expected: readonly string[], title: string): void {
  expect(names.filter((name) => name !== "date" && name !== "connection" && name !== "keep-alive").sort(), title).toEqual(
    [...expected].sort(),
  );
  for (const line of lines) expect(line, title).toMatch(/^[\x20-\x7e]+$/);
}

/** What an error's answer has: a page of ours says what it needs. */
const errorHead = ({ body }: RawAnswer): readonly string[] =>
  body.startsWith("{")
    ? ["content-length", "content-type", "vary", "x-content-type-options"]
    : ["content-length", "content-security-policy", "content-type", "vary", "x-content-type-options"];

/** The page of an unexpected error, logged once, with nothing of what the handler had added. */
function expectRefused(answer: RawAnswer, title: string): void {
  expect(answer.status, title).toBe(500);
  expectHead(answer, errorHead(answer), title);
  expect(answer.body, title).toContain("Something went wrong on the server.");
  expect(answer.body, title).not.toContain(injected);
}

/** How many answers were such pages, and logged: all of them, or a test has failed. */
async function refused(form: Form, payloads: readonly string[], headers: Readonly<Record<string, string>> = {}): Promise<number> {
  const answers = await askAll(
    payloads.map((payload) => () => form(payload)),
    { headers },
  );
  payloads.forEach((payload, i) => expectRefused(answers[i]!, JSON.stringify(payload)));
  return logged.length;
}

describe(`on the wire, none of ${hostileValues.length} hostile values is in`, () => {
  test.each(Object.entries(valueForms))("%s gives a logged 500, and nothing else is sent", async (_title, form) => {
    expect(await refused(form, hostileValues)).toBe(hostileValues.length);
  });

  test("the headers of an error that is answered in JSON", async () => {
    expect(await refused(valueForms["an HTTPError's headers"]!, hostileValues, { accept: "application/json" })).toBe(hostileValues.length);
  });
});

describe(`on the wire, none of ${hostileNames.length} hostile names is`, () => {
  test.each(Object.entries(nameForms))("the name in %s gives a logged 500, and nothing else is sent", async (_title, form) => {
    expect(await refused(form, hostileNames)).toBe(hostileNames.length);
  });
});

describe("encoded values cannot start a new line", () => {
  /** Answers with a status, these headers and no others, and nothing logged. */
  async function expectAll(
    payloads: readonly string[],
    form: Form,
    status: number,
    head: readonly string[],
    options: Asked = {},
  ): Promise<RawAnswer[]> {
    const answers = await askAll(
      payloads.map((payload) => () => form(payload)),
      options,
    );
    payloads.forEach((payload, i) => {
      expect(answers[i]!.status, JSON.stringify(payload)).toBe(status);
      expectHead(answers[i]!, head, JSON.stringify(payload));
    });
    expect(logged).toEqual([]);
    return answers;
  }

  test("a cookie's value", async () => {
    const payloads = [...hostileValues, ...controls, ...'; ,"\\'].filter((value) => value.isWellFormed());
    const head = ["content-length", "content-type", "set-cookie", "set-cookie", "x-committed"];
    for (const answer of await expectAll(payloads, (value) => (setCookie("a", value), text("")), 200, head)) {
      expect(answer.values("set-cookie")[1]).toMatch(/^a=[\w.~!*'()%-]*; Path=\/; HttpOnly; SameSite=Lax$/);
    }
  });

  test("a redirect's target, on this site and elsewhere", async () => {
    const head = ["content-length", "location", "set-cookie", "x-committed"];
    for (const start of ["/", "?", "#"]) {
      const starting = hostileValues.map((value) => start + value);
      for (const { values: of } of await expectAll(starting, (to) => redirect(to), 302, head))
        expect(of("location")[0]).toMatch(/^\/(?!\/)/);
    }
    const away = hostileValues.map((value) => `https://other.example/${value}`);
    for (const { values: of } of await expectAll(away, (to) => redirect(to, { external: true }), 302, head)) {
      expect(of("location")[0]).toMatch(/^https:\/\/other\.example\/a/);
    }
  });

  test("the URL that redirectTo returns: a path, or a logged 500 if its host is invalid", async () => {
    const sent = { path: "/sent/" };
    for (const start of ["", "/", "https://other.example/", "https://other.example?"]) {
      const starting = hostileValues.map((value) => start + value);
      await expectAll(starting, (to) => to, 308, ["content-length", "location"], sent);
    }
    const hosts = [...controls, " ", "\t", "<", "\u2028", "%0d%0a", "\ud800"].map((char) => `https://other${char}.example/`);
    const answers = await askAll(
      hosts.map((host) => () => host),
      sent,
    );
    answers.forEach((answer, i) => expectRefused(answer, JSON.stringify(hosts[i])));
    expect(logged).toHaveLength(hosts.length);
    expect((await ask(() => "https://b\u00fccher.example:443/", sent)).values("location")).toEqual(["https://xn--bcher-kva.example/"]);
  });

  test("the message of an error, in a page and in JSON", async () => {
    const both = ["content-length", "content-type", "set-cookie", "vary", "x-committed", "x-content-type-options"];
    for (const accept of ["text/html", "application/json"]) {
      const head = accept === "text/html" ? [...both, "content-security-policy"] : both;
      const answers = await expectAll(hostileValues, (message) => abort(403, message), 403, head, { headers: { accept } });
      for (const { lines } of answers) expect(lines[0]).toBe("HTTP/1.1 403 Forbidden");
      if (accept === "text/html") continue;
      answers.forEach(({ body }, i) => {
        expect(JSON.parse(body)).toMatchObject({ title: "Forbidden", status: 403 });
        if (hostileValues[i]!.isWellFormed() && /^[\0-\x7f]*$/.test(hostileValues[i]!))
          expect(JSON.parse(body)).toMatchObject({ detail: hostileValues[i] });
      });
    }
  });
});

describe("whitespace around a value", () => {
  test("is removed as in Fetch, and nothing else is removed", async () => {
    for (const blank of ["\t", "\n", "\r", " ", "\r\n", "\n \t"]) {
      for (const headers of [{ "x-a": `${blank}b${blank}` }, [["x-a", `${blank}b${blank}`]] as [string, string][]]) {
        const answer = await ask(() => new Response("", { headers }));
        expect([answer.status, answer.values("x-a")]).toEqual([200, ["b"]]);
      }
    }
    const kept = await ask(() => new Response("", { headers: { "x-a": "\xa0b\xa0" } }));
    expect(kept.values("x-a")).toEqual(["\xa0b\xa0"]);
    const around = [...controls.filter((char) => char !== "\r" && char !== "\n"), "\ufeff", "\u2028"];
    const others = around.flatMap((char) => [`b${char}`, `${char}b`]);
    for (const form of [valueForms["a Response's headers, as an object"]!, valueForms["headers.set of a Response"]!]) {
      expect(await refused(form, others)).toBe(others.length);
    }
  });

  test("is allowed inside a value where headers allow it", async () => {
    const value = "a\tb \x80\x85\xff c";
    const answers = await askAll([
      () => new Response("", { headers: { "x-a": value } }),
      () => (setHeader("x-a", value), text("")),
      () => valueForms["headers.set of a Response"]!(value),
    ]);
    for (const answer of answers) expect([answer.status, answer.values("x-a")]).toEqual([200, [value]]);
  });
});

test("headers may have any form that Fetch accepts, and an incomplete pair is refused", async () => {
  const headers = new Map([["x-a", "b"]]) as unknown as HeadersInit;
  expect((await ask(() => new Response("", { headers }))).values("x-a")).toEqual(["b"]);
  for (const pair of [["x-a"], ["x-a", "b", "c"]])
    expect(await refused(() => new Response("", { headers: [pair] as never }), [""])).toBe(1);
});

test("a Transfer-Encoding that the application sets is not sent with the Content-Length of the body", async () => {
  const headers = { "Transfer-Encoding": "chunked", "Content-Length": "1000" };
  const answers = await askAll([
    () => text("abc", { headers }),
    () => (setHeader("transfer-encoding", "chunked"), text("abc")),
    () => (setHeader("content-length", "1"), text("abc")),
  ]);
  for (const { names, values, body } of answers) {
    expect([names.includes("transfer-encoding"), values("content-length"), body]).toEqual([false, ["3"], "abc"]);
  }
});
