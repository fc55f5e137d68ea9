import { readdirSync } from "node:fs";
import type { Response } from "@mini/core";
import { expectStatus, TestClient } from "@mini/core/testing";
import { MemoryBackend } from "@mini/session";
import { actingAs } from "@mini/session/testing";
import { makeApp } from "../../examples/notes/app.ts";
import { openData } from "../../examples/notes/database.ts";
import { temporaryFolder } from "../support/folder.ts";
import { endedAfterFile } from "../support/per-file.ts";

export const password = "correct horse battery";
export const firefox = "Mozilla/5.0 (Android 16; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0";
/** What the sites of the file have logged. */
export const logged = endedAfterFile<string>(() => undefined);
const note = (line: string) => void logged.add(line);
const logger = { error: note, warn: note, info: note, debug: note };
const opened = endedAfterFile<ReturnType<typeof openData>>(({ database, sessions }) => {
  for (const each of [database, sessions]) each.close();
});

/** A site of its own, with nothing on its board. */
export function notesSite() {
  const data = openData(temporaryFolder());
  opened.add(data);
  const app = makeApp({ secretKey: "a key for tests, long enough to sign", data, backend: new MemoryBackend(), logger });
  const newVisitor = () => new TestClient(app);
  const signUp = async (name: string) => {
    const client = newVisitor();
    await expectStatus(client.post("/sign-up", { form: { name, password } }), 303);
    return client;
  };
  /** Another browser of a member. */
  const newBrowser = async (id: number, browser = "Chrome on Linux") => {
    const client = newVisitor();
    await actingAs(client, app, `user:${id}`, (session) => session.assign({ userId: id, browser }));
    return client;
  };
  /** A member who is logged in. They have no password, because checking one takes time. */
  const newMember = (name: string) => {
    const { lastInsertRowid } = data.database.prepare("INSERT INTO users (name, password) VALUES (?, '')").run(name);
    return newBrowser(Number(lastInsertRowid));
  };
  return { app, data, newVisitor, signUp, newMember, newBrowser, pictures: () => readdirSync(data.pictures) };
}

/** The body of a page, with single spaces. */
export const textOf = async (response: Promise<Response>) => (await (await expectStatus(response, 200)).text()).replaceAll(/\s+/g, " ");
export const add = (client: TestClient, title: string, text = "") =>
  expectStatus(client.post("/notes/new", { form: { title, text }, files: {} }), 303);
export const titlesOn = (page: string) => Array.from(page.matchAll(/<h2>(.*?)<\/h2>/g), ([, title]) => title);
