import { expectStatus, type TestClient } from "@mini/core/testing";
import { flashesOf } from "@mini/session/testing";
import { describe, expect, test } from "vitest";
import { add, logged, notesSite, textOf, titlesOn } from "./notes-site.ts";

const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

describe("a note", () => {
  test("is on the board, as text", async () => {
    const { newMember } = notesSite();
    const ada = await newMember("ada");
    await add(ada, "<b>Milk</b>", "<script>alert(1)</script>");
    const page = await textOf(ada.get("/"));
    expect(page).toContain('<h2>&lt;b&gt;Milk&lt;/b&gt;</h2> <p class="text">&lt;script&gt;alert(1)&lt;/script&gt;</p>');
  });

  test("with a picture is shown to members, and its file is deleted with it", async () => {
    const { newMember, newBrowser, pictures } = notesSite();
    const ada = await newMember("ada");
    const picture = new File([png], "../../me.html", { type: "text/html" });
    await expectStatus(ada.post("/notes/new", { form: { title: "Me", text: "" }, files: { picture } }), 303);
    const [url = ""] = /\/pictures\/[\w.-]+/.exec(await textOf((await newBrowser(1)).get("/"))) ?? [];
    const sent = await expectStatus(ada.get(url), 200);
    expect([sent.headers.get("content-type"), Buffer.from(await sent.arrayBuffer()).equals(png)]).toEqual(["image/png", true]);
    expect(pictures()).toEqual([url.slice("/pictures/".length)]);
    await expectStatus(ada.post("/notes/1/delete"), 303);
    expect(pictures()).toEqual([]);
    await expectStatus(ada.get(url), 404);
  });

  test("without a title and with a file that is not a picture is refused beside the fields, and no file is left", async () => {
    const { newMember, pictures } = notesSite();
    const ada = await newMember("ada");
    const picture = new File(["<script>"], "me.png", { type: "image/png" });
    const answer = await expectStatus(ada.post("/notes/new", { form: { title: " ", text: "Milk" }, files: { picture } }), 422);
    const page = await answer.text();
    expect(page).toContain('<p class="problem" id="title-problem">Write a title.</p>');
    expect(page).toContain('<p class="problem" id="picture-problem">Choose a PNG, JPEG, GIF or WebP picture.</p>');
    expect(page).toContain('<textarea name="text" id="text" rows="8" maxlength="5000">Milk</textarea>');
    expect(pictures()).toEqual([]);
  });

  test("with a picture that is too large is refused, and no file is left", async () => {
    const { newMember, pictures } = notesSite();
    const ada = await newMember("ada");
    const send = (size: number) =>
      ada.post("/notes/new", { form: { title: "Big", text: "" }, files: { picture: new File([png, Buffer.alloc(size)], "big.png") } });
    expect(await (await expectStatus(send(5_000_001), 422)).text()).toContain("Choose a picture of 5 MB or less.");
    await expectStatus(send(7_000_000), 413);
    expect(pictures()).toEqual([]);
  });

  test("is deleted only by its author", async () => {
    const { app, newMember } = notesSite();
    const [ada, grace] = [await newMember("ada"), await newMember("grace")];
    await add(ada, "Mine");
    expect(await textOf(grace.get("/"))).not.toContain("Delete");
    expect(await (await expectStatus(grace.post("/notes/1/delete"), 403)).text()).toContain("Only its author may delete a note.");
    await expectStatus(ada.post("/notes/1/delete"), 303);
    expect(await flashesOf(ada, app)).toContainEqual({ message: "The note is deleted.", level: "success" });
    await expectStatus(ada.post("/notes/1/delete"), 404);
  });

  test("that comes from another site is refused", async () => {
    const { newMember } = notesSite();
    const ada = await newMember("ada");
    const headers = { "sec-fetch-site": "cross-site" };
    await expectStatus(ada.post("/notes/new", { form: { title: "Spam", text: "" }, headers }), 403);
    expect(await textOf(ada.get("/"))).toContain("There are no notes yet.");
  });
});

describe("the search", () => {
  test("finds titles and texts, takes no character as a wildcard, and shows what was searched for", async () => {
    const { newMember } = notesSite();
    const ada = await newMember("ada");
    await add(ada, "Milk");
    await add(ada, "Shopping", "Bread, MILK");
    await add(ada, "100%");
    const search = async (q: string) => titlesOn(await textOf(ada.get(`/?${new URLSearchParams({ q })}`)));
    expect(await search("milk")).toEqual(["Shopping", "Milk"]);
    expect(await search("%")).toEqual(["100%"]);
    expect(await search("_")).toEqual([]);
    expect(await textOf(ada.get("/?q=%22%3E"))).toContain('name="q" value="&quot;&gt;"');
  });

  test("goes on with older notes", async () => {
    const { newMember } = notesSite();
    const ada = await newMember("ada");
    for (let i = 1; i <= 14; i++) await add(ada, `Note ${i}`);
    const first = await textOf(ada.get("/?q=note"));
    expect(titlesOn(first)).toHaveLength(12);
    const [, next = ""] = /href="([^"]+)">Older notes/.exec(first) ?? [];
    expect(next).toBe("/?q=note&amp;before=3");
    expect(titlesOn(await textOf(ada.get(next.replaceAll("&amp;", "&"))))).toEqual(["Note 2", "Note 1"]);
  });

  test("that does not come from a page is refused", async () => {
    const { newMember } = notesSite();
    const ada = await newMember("ada");
    expect(await (await expectStatus(ada.get("/?before=x"), 422)).text()).toContain("before: ");
  });
});

describe("programs", () => {
  test("read all notes page by page, and write", async () => {
    const { newMember } = notesSite();
    const ada = await newMember("ada");
    const sent = await expectStatus(ada.post("/api/notes", { json: { title: "One", text: "" } }), 201);
    expect(await sent.json()).toMatchObject({ id: 1, author: "ada", title: "One", picture: null });
    for (const title of ["Two", "Three", "Four", "Five"]) await add(ada, title);
    const titles: string[][] = [];
    for (let next: string | null = "/api/notes?limit=2"; next !== null;) {
      const page = (await (await expectStatus(ada.get(next), 200)).json()) as { notes: { title: string }[]; next: string | null };
      titles.push(page.notes.map(({ title }) => title));
      next = page.next;
    }
    expect(titles).toEqual([["Five", "Four"], ["Three", "Two"], ["One"]]);
  });

  test("get a description of what is wrong with their input", async () => {
    const { newMember } = notesSite();
    const ada = await newMember("ada");
    const headers = { accept: "application/json" };
    expect(await (await expectStatus(ada.post("/api/notes", { json: { title: "" }, headers }), 422)).json()).toMatchObject({
      status: 422,
      errors: [{ pointer: "#/title", detail: "Write a title." }, { pointer: "#/text" }],
    });
  });
});

describe("the events of the board", () => {
  const read = async (client: TestClient, headers = {}) => {
    const { body } = await expectStatus(client.get("/live?after=0", { headers }), 200);
    const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
    /** The next event; "" at the end of the stream. */
    const next = async (): Promise<string> => {
      const { done, value = "" } = await reader.read();
      return done || /^(?:event|id|data):/.test(value) ? value : next();
    };
    return { next, cancel: () => reader.cancel() };
  };

  test("are the notes that were missed, new ones, and those that are deleted", async () => {
    const { newMember } = notesSite();
    const [ada, grace] = [await newMember("ada"), await newMember("grace")];
    await add(ada, "Missed");
    const stream = await read(grace);
    expect(await stream.next()).toMatch(/^event: note\nid: 1\n[^]*Missed/);
    await add(ada, "New");
    const event = await stream.next();
    expect(event).toMatch(/^event: note\nid: 2\n[^]*New/);
    expect(event).not.toContain("Delete");
    await ada.post("/notes/1/delete");
    expect(await stream.next()).toBe("event: gone\ndata: 1\n\n");
    await stream.cancel();
  });

  test("go on where the browser lost them", async () => {
    const { newMember } = notesSite();
    const ada = await newMember("ada");
    await add(ada, "One");
    await add(ada, "Two");
    const stream = await read(ada, { "last-event-id": "1" });
    expect(await stream.next()).toMatch(/^event: note\nid: 2\n/);
    await stream.cancel();
  });

  test("end with the log-in", async () => {
    const { newMember, newBrowser } = notesSite();
    const ada = await newMember("ada");
    await add(ada, "Public");
    const stream = await read(ada);
    expect(await stream.next()).toContain("Public");
    await expectStatus((await newBrowser(1)).post("/devices", { form: {} }), 303);
    await add(await newMember("grace"), "Secret");
    expect(await stream.next()).toBe("");
  });
});

describe("every page", () => {
  test("runs only scripts that have the nonce of its policy", async () => {
    const { newMember } = notesSite();
    const ada = await newMember("ada");
    const nonces = new Set<string>();
    for (let i = 0; i < 2; i++) {
      const response = await expectStatus(ada.get("/"), 200);
      const [, nonce = "none"] = /script-src 'nonce-([^']+)';/.exec(response.headers.get("content-security-policy") ?? "") ?? [];
      expect(await response.text()).toContain(`<script nonce="${nonce}" type="module">`);
      nonces.add(nonce);
    }
    expect(nonces.size).toBe(2);
  });

  test("of an error looks like the others, and programs get a document", async () => {
    const { newVisitor } = notesSite();
    expect(await (await expectStatus(newVisitor().get("/nothing"), 404)).text()).toContain("<h1>Not Found</h1>");
    const answer = await expectStatus(newVisitor().get("/nothing", { headers: { accept: "application/json" } }), 404);
    expect(await answer.json()).toEqual({ title: "Not Found", status: 404 });
  });
});

test("the files of the site are kept by browsers, and nothing was logged", async () => {
  const { newVisitor } = notesSite();
  const [style = ""] = /\/static\/style\.css\?v=[\w-]+/.exec(await textOf(newVisitor().get("/log-in"))) ?? [];
  const { headers } = await expectStatus(newVisitor().get(style), 200);
  expect(headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
  expect([...logged]).toEqual([]);
});
