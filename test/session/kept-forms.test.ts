import { App, field, Form, html, problem, request, RequestHandler, Rule, seeOther, text, urlFor } from "@mini/core";
import { expectStatus, TestClient } from "@mini/core/testing";
import { MemoryBackend, SessionMiddleware, SessionMixin } from "@mini/session";
import { flashesOf, sessionOf } from "@mini/session/testing";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { everyMedium } from "../support/media.ts";
import { throughEachDoor } from "../support/doors.ts";
import { secretKey, sessionApp as makeApp } from "../support/session-app.ts";

const Note = z.object({ title: z.string().min(1, "Write a title."), text: z.string() });
const refused = (fields: Record<string, string>) =>
  Form.from({ fields: Object.entries(fields), problems: [] }).refuse("title", "Write a title.");

describe.each(throughEachDoor(await everyMedium()))("sessions in $name", (medium) => {
  const sessionApp = (options: Parameters<typeof makeApp>[0] = {}) => makeApp({ medium, ...options });
  type Harness = ReturnType<typeof makeApp>;
  const inProcess = medium.adapter === undefined ? test : undefined;

  const keep = (app: Harness, form = refused({ text: "Milk" }), name?: string) =>
    app.run(async (_store, session) => (await session()).keepForm(form, name));

  const shown = async (app: Harness, options: Parameters<Harness["run"]>[1] = {}, name?: string) => {
    const response = await app.run(async (_store, session) => {
      const form = await (await session()).keptForm(Note, { name, initial: { text: "new" } });
      return text(JSON.stringify([form.ok, form.value("text"), form.problems("title")]));
    }, options);
    return response.text();
  };
  const unsent = '[false,"new",[]]';
  const kept = '[false,"Milk",["Write a title."]]';

  describe("a form that was kept", () => {
    test("is shown once, with its texts and problems", async () => {
      const app = sessionApp();
      expect(await shown(app)).toBe(unsent);
      await keep(app);
      expect(await shown(app)).toBe(kept);
      expect(await shown(app)).toBe(unsent);
    });

    test("is not a flash message, and does not remove one", async () => {
      const app = sessionApp();
      await keep(app);
      await app.run(async (_store, session) => (await session()).flash("Saved.", ""));
      const messages = await app.run(async (_store, session) => {
        const all = await session();
        return text(JSON.stringify([all.peekFlashes(), await all.getFlashes([""]), await all.getFlashes()]));
      });
      expect(await messages.text()).toBe('[[{"message":"Saved.","level":""}],[{"message":"Saved.","level":""}],[]]');
      await app.run(async (_store, session) => (await session()).flash("Saved."));
      expect(await shown(app)).toBe(kept);
      const rest = await app.run(async (_store, session) => text(JSON.stringify(await (await session()).getFlashes())));
      expect(await rest.text()).toBe('[{"message":"Saved.","level":"info"}]');
    });

    test("replaces an earlier form with its name, and not with another name", async () => {
      const app = sessionApp();
      await keep(app, refused({ text: "Bread" }), "other");
      await keep(app, refused({ text: "Water" }));
      await keep(app);
      expect([await shown(app), await shown(app)]).toEqual([kept, unsent]);
      expect(await shown(app, {}, "other")).toBe('[false,"Bread",["Write a title."]]');
    });

    test("that is kept twice in one request is the last one", async () => {
      const app = sessionApp();
      await app.run(async (_store, session) => {
        (await session()).keepForm(refused({ text: "Water" }));
        (await session()).keepForm(refused({ text: "Milk" }));
      });
      expect([await shown(app), await shown(app)]).toEqual([kept, unsent]);
    });

    test.each<[string, unknown, unknown?]>([
      ["has no lists", {}],
      ["is nothing", null],
      ["has a field that is not text", { fields: [["title", 5]], problems: [] }],
      ["has problems that are not pairs", { fields: [], problems: ["title"] }],
      ["has a name that is not text", { fields: [], problems: [] }, 5],
    ])("stays when the next one is refused, because it %s", async (_title, given, name) => {
      const app = sessionApp();
      await keep(app);
      const next = { toJSON: () => given } as never;
      const errors: string[] = [];
      await app.run(async (_store, session) => {
        const own = await session();
        try {
          own.keepForm(next, name as string);
        } catch (error) {
          errors.push(String(error));
        }
      });
      expect(errors).toEqual([expect.stringMatching(/^TypeError: Cannot keep a form/)]);
      expect(await shown(app)).toBe(kept);
    });

    test.each([
      ["a prefetch", { headers: { "sec-purpose": "prefetch" } }],
      ["HEAD", { method: "HEAD" }],
    ])("is neither shown nor taken by %s", async (_title, options) => {
      const app = sessionApp();
      await keep(app);
      await shown(app, options);
      expect(await shown(app)).toBe(kept);
    });

    test("makes its page no-store", async () => {
      const app = sessionApp();
      await keep(app);
      const response = await app.run(async (_store, session) => text((await (await session()).keptForm(Note)).value("text")));
      expect([await response.text(), response.headers.get("cache-control")]).toEqual(["Milk", "no-store"]);
    });

    inProcess?.("is put back when its client has disconnected", async () => {
      const app = sessionApp();
      await keep(app);
      const leaving = new AbortController();
      const work = app.number(async (_store, session) => {
        expect((await (await session()).keptForm(Note)).value("text")).toBe("Milk");
        leaving.abort();
      });
      const headers = { "x-work": work, cookie: `session=${app.client.cookies.get("session")}` };
      await app.app.fetch(new Request("http://localhost/", { headers, signal: leaving.signal }));
      expect(await shown(app)).toBe(kept);
    });

    test("is put back by an unexpected error, and not kept by a request that fails", async () => {
      const app = sessionApp();
      await keep(app);
      await app.run(async (_store, session) => {
        await (await session()).keptForm(Note);
        throw new Error("no");
      });
      await app.run(async (_store, session) => {
        (await session()).keepForm(refused({ text: "Water" }));
        throw new Error("no");
      });
      expect(await shown(app)).toBe(kept);
    });

    test("is forgotten after flashMaxAge", async () => {
      const app = sessionApp({ flashMaxAge: 10 });
      await keep(app);
      app.pass(11);
      expect(await shown(app)).toBe(unsent);
    });

    test("is dropped when the session is given to an owner without its earlier contents", async () => {
      const app = sessionApp();
      await keep(app);
      await app.run(async (_store, session) => (await session()).regenerate({ keep: [] }));
      expect(await shown(app)).toBe(unsent);
    });

    test("whose texts are too long leaves out the longest, and says so at their fields", async () => {
      const app = sessionApp();
      const long = "ä".repeat(100_000);
      await keep(
        app,
        Form.from({
          fields: [
            ["text", long],
            ["title", "x"],
            ["tags", "a"],
          ],
          problems: [["title", "Too short."]],
        }),
      );
      const response = await app.run(async (_store, session) => {
        const form = await (await session()).keptForm();
        return text(JSON.stringify([form.value("title"), form.value("tags"), form.value("text"), form.problems()]));
      });
      expect(await response.text()).toBe('["x","a","",["Too short.","This text was too long to be kept. Enter it again."]]');
    });

    test.each([
      ["a thousand fields", Form.from({ fields: Array.from({ length: 1000 }, (_, i) => [`field${i}`, "x".repeat(900)]), problems: [] })],
      ["long names", Form.from({ fields: Array.from({ length: 100 }, (_, i) => [`${i}${"x".repeat(990)}`, "x"]), problems: [] })],
      ["many problems", Form.from({ fields: [], problems: Array.from({ length: 9999 }, (_, i) => [`items[${i}]`, "Write a number."]) })],
      ["control characters", Form.from({ fields: [["text", "\0".repeat(2000)]], problems: [] })],
    ])("never makes the session too large: %s", async (_title, form) => {
      const app = sessionApp();
      await app.run(async (_store, session) => (await session()).set("cart", "x".repeat(1500)));
      expect((await keep(app, form as never)).status).toBe(200);
      expect(app.logged).toEqual([]);
    });
  });
});

const SignUp = z.object({
  email: z.email("Write an address."),
  password: z.string().min(12, "Use 12 characters."),
  picture: z.file().optional(),
});

class SignUpPage extends SessionMixin(RequestHandler) {
  async get() {
    const form = await (await this.session).keptForm(SignUp);
    return form.response(
      html`<input ${field(form, "email")}>${problem(form, "email")}<input ${field(form, "password")}>${problem(form, "password")}`,
    );
  }
  async post() {
    const form = await request.form(SignUp);
    if (!form.ok) (await this.session).keepForm(form);
    return seeOther(urlFor("sign-up"));
  }
}

test.each([
  ["its cookie", {}],
  ["a backend", { backend: new MemoryBackend() }],
])("a form with a password and a file is shown after the redirect without them, from a session in %s", async (_title, options) => {
  const app = new App({
    rules: [new Rule("/", { endpoint: "sign-up", handler: SignUpPage })],
    middleware: [SessionMiddleware],
    config: { session: { secretKey, ...options } },
  });
  const client = new TestClient(app);
  const picture = new File(["secret bytes"], "me.png", { type: "image/png" });
  const sent = client.post("/", { form: { email: "nobody", password: "hunter2" }, files: { picture } });
  expect((await expectStatus(sent, 303)).headers.get("location")).toBe("/");
  expect(JSON.stringify([await flashesOf(client, app), await sessionOf(client, app)])).toBe("[[],{}]");
  const cookie = client.cookies.get("session")!;
  expect(Buffer.from(cookie.split(".")[1]!, "base64url").toString()).not.toMatch(/hunter2|secret bytes|me\.png/);
  expect(await (await expectStatus(client.get("/"), 200)).text()).toBe(
    '<input name="email" id="email" value="nobody" aria-invalid="true" aria-describedby="email-problem">' +
      '<p class="problem" id="email-problem">Write an address.</p>' +
      '<input name="password" id="password" aria-invalid="true" aria-describedby="password-problem">' +
      '<p class="problem" id="password-problem">Use 12 characters.</p>',
  );
  expect(await (await expectStatus(client.get("/"), 200)).text()).toBe(
    '<input name="email" id="email"><input name="password" id="password">',
  );
});
