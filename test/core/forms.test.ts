import {
  App,
  field,
  Form,
  type FormOf,
  html,
  json,
  problem,
  request,
  RequestHandler,
  Rule,
  seeOther,
  type StandardSchema,
  text,
  urlFor,
} from "@mini/core";
import { TestClient } from "@mini/core/testing";
import { type } from "arktype";
import { describe, expect, test } from "vitest";
import * as v from "valibot";
import { z } from "zod";
import { makeApp } from "../support/one-handler.ts";

const none = () => undefined;
const silent = { error: none, warn: none, info: none, debug: none };

const SignUp = z
  .object({
    email: z.email("Write an address."),
    password: z.string().min(8, "Use 8 characters."),
    again: z.string(),
    news: z.literal("on").optional(),
  })
  .refine(({ password, again }) => password === again, "The passwords differ.");

class SignUpPage extends RequestHandler {
  get() {
    return page(Form.of(SignUp, { email: "@example.org" }));
  }
  async post() {
    const form = await request.form(SignUp, { secret: ["again"] });
    if (!form.ok) return page(form);
    return seeOther(`${urlFor("done")}?email=${form.data.email}`);
  }
}

class Done extends RequestHandler {
  get() {
    return text("done");
  }
}

function page(form: Form) {
  return form.response(
    html`<form method="post">${problem(form, "")}<input ${field(form, "email")}>${problem(form, "email")}<input type="password" ${field(form, "password")}>${problem(form, "password")}<input type="checkbox" ${field(form, "news", "on")}></form>`,
  );
}

const signUp = new TestClient(
  new App({ rules: [new Rule("/", { handler: SignUpPage }), new Rule("/done", { endpoint: "done", handler: Done })], logger: silent }),
);

describe("the page of a form", () => {
  test("is 200 before the form is sent, filled in as the application says", async () => {
    const response = await signUp.get("/");
    expect([response.status, response.headers.get("content-type"), await response.text()]).toEqual([
      200,
      "text/html; charset=utf-8",
      '<form method="post"><input name="email" id="email" value="@example.org"><input type="password" name="password" id="password"><input type="checkbox" name="news" id="news-on" value="on"></form>',
    ]);
  });

  test("is 422 when the form was refused, filled in with what was sent, with the problems beside the fields", async () => {
    const response = await signUp.post("/", { form: { email: '"><b>', password: "hunter2", again: "hunter2", news: "on" } });
    expect([response.status, await response.text()]).toEqual([
      422,
      '<form method="post"><input name="email" id="email" value="&quot;&gt;&lt;b&gt;" aria-invalid="true" aria-describedby="email-problem"><p class="problem" id="email-problem">Write an address.</p>' +
        '<input type="password" name="password" id="password" aria-invalid="true" aria-describedby="password-problem"><p class="problem" id="password-problem">Use 8 characters.</p>' +
        '<input type="checkbox" name="news" id="news-on" value="on" checked></form>',
    ]);
  });

  test("shows problems that are not about a single field, and never shows secrets", async () => {
    const response = await signUp.post("/", { form: { email: "a@example.org", password: "correct horse", again: "battery staple" } });
    const shown = await response.text();
    expect(shown).toContain('<form method="post"><p class="problem" id="form-problem">The passwords differ.</p>');
    expect(shown).not.toMatch(/correct horse|battery staple/);
  });

  test("is left with 303 when the form was accepted", async () => {
    const sent = { email: "a@example.org", password: "correct horse", again: "correct horse" };
    const response = await signUp.post("/", { form: sent });
    expect([response.status, response.headers.get("location")]).toEqual([303, "/done?email=a@example.org"]);
  });
});

/** Sends fields, and answers what the handler makes of the form. */
async function send(
  fields: readonly (readonly [string, string])[],
  schema: StandardSchema,
  show: (form: Form) => unknown,
): Promise<unknown> {
  const { client } = makeApp(async () => json(show(await request.form(schema)) ?? null), { logger: silent });
  const response = await client.post("/", { body: new URLSearchParams(fields.map(([name, value]) => [name, value])) });
  return response.status === 200 ? response.json() : response.status;
}

describe.each<[string, StandardSchema]>([
  ["zod", z.object({ items: z.array(z.object({ name: z.string().min(1) })), tags: z.array(z.enum(["a", "b"])) })],
  ["valibot", v.object({ items: v.array(v.object({ name: v.pipe(v.string(), v.minLength(1)) })), tags: v.array(v.picklist(["a", "b"])) })],
  ["arktype", type({ items: type({ name: "string >= 1" }).array(), tags: type("'a' | 'b'").array() })],
])("problems of a form with a schema of %s", (_name, schema) => {
  const fields = [
    ["items[0].name", "x"],
    ["items[1].name", ""],
    ["tags[]", "a"],
    ["tags[]", "c"],
  ] as const;

  test("are at the fields, and those of items at the field of the array", async () => {
    const names = ["", "items", "items[0].name", "items[1].name", "tags", "tags[]"];
    const counts = await send(fields, schema, (form) => names.map((name) => form.problems(name).length));
    expect(counts).toEqual([0, 0, 0, 1, 1, 1]);
    expect(await send(fields, schema, (form) => form.problems().length)).toBe(2);
  });

  test("leave what was sent", async () => {
    const sent = await send(fields, schema, (form) => [
      form.value("items[0].name"),
      form.values("tags"),
      form.checked("tags[]", "c"),
      form.value("x"),
    ]);
    expect(sent).toEqual(["x", ["a", "c"], true, ""]);
  });
});

describe("what is secret", () => {
  const Login = type({ Password: "string >= 20", "account.pin?": "string", account: { pin: "string >= 20" }, name: "string >= 20" });
  const fields = [
    ["Password", "hunter2 hunter2"],
    ["account.pin", "12345"],
    ["name", "visible"],
  ] as const;

  test("is not kept", async () => {
    const { client } = makeApp(
      async () => {
        const form = await request.form(Login, { secret: ["account.pin"] });
        return json([form.value("Password"), form.value("account.pin"), form.value("name"), form.checked("account.pin", "12345")]);
      },
      { logger: silent },
    );
    const response = await client.post("/", { body: new URLSearchParams(fields.map(([name, value]) => [name, value])) });
    expect(await response.json()).toEqual(["", "", "visible", false]);
  });

  test("is cut out of the sentences of a schema that quotes it", async () => {
    const schema = z.object({
      password: z.string().refine(() => false, { error: ({ input }) => `"${String(input)}" and ${String(input)} are weak.` }),
    });
    expect(await send([["password", "hunter2"]], schema, (form) => form.problems())).toEqual(['"…" and … are weak.']);
  });
});

test("a form of another content type is 415", async () => {
  const { client } = makeApp(async () => json((await request.form(z.any())).ok), { logger: silent });
  const response = await client.post("/", { body: "a=1", headers: { "content-type": "text/plain" } });
  expect([response.status, await response.text()]).toEqual([
    415,
    expect.stringContaining("The body must be a form: application/x-www-form-urlencoded or multipart/form-data."),
  ]);
});

test("a form over its limit is read no further, and its stream is cancelled", async () => {
  let isCancelled = false;
  const part = new TextEncoder().encode('--b\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n');
  const body = new ReadableStream({ pull: (controller) => controller.enqueue(part), cancel: () => void (isCancelled = true) });
  const { app } = makeApp(async () => json((await request.form(z.any(), { maxParts: 2 })).ok), { logger: silent });
  const headers = { "content-type": "multipart/form-data; boundary=b" };
  const sent = new Request("http://localhost/", { method: "POST", headers, body, duplex: "half" } as RequestInit);
  expect([(await app.fetch(sent)).status, isCancelled]).toEqual([413, true]);
});

describe("files of a form", () => {
  const Upload = z.object({ picture: z.file().optional(), title: z.string() });
  async function upload(...files: readonly File[]): Promise<unknown> {
    const { client } = makeApp(
      async () => {
        const form = await request.form(Upload);
        return json(form.ok ? [form.data.picture?.name, await form.data.picture?.text(), form.value("picture")] : form.problems());
      },
      { logger: silent },
    );
    const body = new FormData();
    body.set("title", "t");
    for (const file of files) body.append("picture", file);
    return (await client.post("/", { body })).json();
  }

  test("are values of the schema, and are not kept", async () => {
    expect(await upload(new File(["bytes"], "a.txt"))).toEqual(["a.txt", "bytes", ""]);
  });

  test("are absent where the input was left empty, as browsers send it", async () => {
    const { client } = makeApp(
      async () => {
        const form = await request.form(Upload);
        return json(form.ok && form.data.picture === undefined);
      },
      { logger: silent },
    );
    const part = (head: string, content: string) => `--b\r\ncontent-disposition: form-data; ${head}\r\n\r\n${content}\r\n`;
    const file = part('name="picture"; filename=""\r\ncontent-type: application/octet-stream', "");
    const headers = { "content-type": "multipart/form-data; boundary=b" };
    expect(await (await client.post("/", { body: `${file}${part('name="title"', "t")}--b--\r\n`, headers })).json()).toBe(true);
  });

  test("are present if they are empty and have a name", async () => {
    expect(await upload(new File([], "empty.txt"))).toEqual(["empty.txt", "", ""]);
  });
});

describe("Form.of()", () => {
  test("without a schema has nothing in it", () => {
    const form = Form.of();
    expect([form.ok, form.value("a"), form.values("a"), form.problems(), form.checked("a")]).toEqual([false, "", [], [], false]);
    expect(form.response(html`x`).status).toBe(200);
  });

  test("is filled in with the object that the schema takes", () => {
    const form = Form.of(undefined, {
      a: { b: 1 },
      items: [{ name: "x" }, { name: "y" }],
      tags: ["p", "q"],
      yes: true,
      no: false,
      none: null,
    });
    expect(["a.b", "items[1].name", "tags[]", "yes", "no", "none"].map((name) => form.values(name))).toEqual([
      ["1"],
      ["y"],
      ["p", "q"],
      ["on"],
      [],
      [],
    ]);
    expect([form.checked("yes"), form.checked("tags[]", "q"), form.checked("no")]).toEqual([true, true, false]);
  });

  test("refuses a value that is not text, a number or a boolean", () => {
    expect(() => Form.of(undefined, { at: new Date(0) })).toThrow('Cannot fill in the field "at": give text, a number or a boolean');
  });
});

test("field() and problem() escape what they write, and make ids without blanks", () => {
  const form = Form.of(undefined, { 'a "b': "<c>" });
  expect(String(field(form, 'a "b'))).toBe('name="a &quot;b" id="a_&quot;b" value="&lt;c&gt;"');
  expect(String(field(form, 'a "b', "d e"))).toBe('name="a &quot;b" id="a_&quot;b-d_e" value="d e"');
  expect(String(problem(form, "a"))).toBe("");
});

describe("a form that the application refuses itself", () => {
  const Login = z.object({ email: z.string(), password: z.string() });
  const sent = async () => {
    const { client } = makeApp(async () => json(await refusals(await request.form(Login))));
    return (await client.post("/", { form: { email: "ada", password: "hunter2" } })).json();
  };
  let refusals: (form: FormOf<typeof Login>) => unknown = none;

  test("is not ok, has the texts that were sent and the problem, and its page is 422", async () => {
    refusals = (form) => {
      const refused = form.refuse("email", "Unknown.").refuse("", "Try again.");
      const { status } = refused.response(html``);
      return [form.ok, refused.ok, "data" in refused, refused.value("email"), refused.problems("email"), refused.problems(""), status];
    };
    expect(await sent()).toEqual([true, false, false, "ada", ["Unknown."], ["Try again."], 422]);
  });

  test("has no secrets, as JSON and read from JSON", async () => {
    refusals = (form) => [form, Form.from(form.refuse("email", "Unknown.").toJSON())];
    expect(await sent()).toEqual([
      { fields: [["email", "ada"]], problems: [] },
      { fields: [["email", "ada"]], problems: [["email", "Unknown."]] },
    ]);
  });
});

test("the attributes for a text area have no value, and say what is wrong", () => {
  const form = Form.from({ fields: [["note", "Milk"]], problems: [["note", "Too short."]] });
  expect(String(field(form, "note", false))).toBe('name="note" id="note" aria-invalid="true" aria-describedby="note-problem"');
});
