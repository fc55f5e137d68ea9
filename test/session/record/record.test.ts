import { describe, expect, test } from "vitest";
import { begun, idIn, keyOf } from "../../support/server-session-app.ts";

describe("a record", () => {
  const bytes = (value: string) => new Uint8Array(Buffer.from(value));
  test.each([
    ["of something else", "PHP session data"],
    ["cut", '{"form":1,"createdAt":1,"handle":"h","da'],
    ["of another form", '{"form":2,"createdAt":1,"handle":"h","data":{}}'],
    ["with data that is a list", '{"form":1,"createdAt":1,"handle":"h","data":[]}'],
    ["without a handle", '{"form":1,"createdAt":1,"data":{}}'],
    ["with messages that are none", '{"form":1,"createdAt":1,"handle":"h","data":{},"flashes":{"id":1}}'],
    ["with an owner that is none", '{"form":1,"createdAt":1,"handle":"h","data":{},"owner":5}'],
    ["that is null", "null"],
    ["of no text", "\ufffd\0"],
  ])("%s is treated as gone, and the log says so without its content", async (_title, content) => {
    const app = await begun();
    const key = keyOf(idIn(app));
    const record = (await app.watched.read(key))!;
    const swapped = await app.watched.swap(key, record.version, { ...record, data: bytes(content) });
    expect(swapped.ok).toBe(true);
    expect(await app.data()).toEqual({});
    expect(app.logged).toEqual(["A session is treated as ended: this version of @mini/session cannot read its record."]);
    await app.run(async (_store, session) => (await session()).set("b", 1));
    expect(await app.data()).toEqual({ b: 1 });
  });

  test("over 64 KiB is refused before anything is saved, and the biggest keys are named", async () => {
    const app = await begun();
    const response = await app.run(async (_store, session) => (await session()).assign({ a: 2, text: "é".repeat(33_000) }));
    expect([response.status, app.watched.counted()]).toEqual([500, ["read"]]);
    expect(app.logged.join()).toContain(
      'SessionTooLargeError: Cannot save the session: its record has 66100 bytes, and may have 65536. Keep less in it; the biggest keys are "text" (66002 bytes), "list" (3 bytes), "a" (1 bytes).',
    );
    expect(await app.data()).toEqual({ a: 1, list: [1] });
  });

  test("that becomes too long by one of several changes: only that change is refused", async () => {
    const app = await begun();
    const change = (key: string, size: number) => app.begin(async (_store, session) => (await session()).set(key, "x".repeat(size)));
    const all = await Promise.all([change("b", 10), change("c", 10), change("big", 70_000), change("d", 10)]);
    const answers = await Promise.all(all.map((each) => each.finish()));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 500, 200]);
    expect(Object.keys(await app.data()).toSorted()).toEqual(["a", "b", "c", "d", "list"]);
  });

  test("a value that is changed to something that is not JSON is named, and nothing is saved", async () => {
    const app = await begun();
    const response = await app.run(async (_store, session) => {
      (await session()).set("a", 2);
      ((await session()).get("list") as unknown[]).push(Number.NaN);
    });
    expect([response.status, app.watched.counted()]).toEqual([500, ["read"]]);
    expect(app.logged.join()).toContain('Cannot keep "list" in the session: it is or contains NaN');
  });
});
