import { Sessions } from "@mini/session";
import type { SessionBackend } from "@mini/session";
import { expect, test } from "vitest";
import { owned } from "../support/long-run.ts";
import { serverSideMedia } from "../support/media.ts";

/** Log-ins that are made at once. */
const together = 50;

test.each(await serverSideMedia())(
  `${owned} sessions of one owner in $name are listed and revoked, and other owners keep theirs`,
  async (medium) => {
    const sessions = new Sessions({ secretKey: "k".repeat(32), backend: medium.open(Date.now) as SessionBackend, deadline: 60_000 });
    const logIn = async (owner: string, device: number) => {
      const visit = sessions.begin(owner);
      (await visit.getSession<{ device: number }>()).set("device", device);
      await visit.commit();
    };
    for (let device = 0; device < owned; device += together) {
      await Promise.all(Array.from({ length: Math.min(together, owned - device) }, (_, at) => logIn("user:many", device + at)));
    }
    await logIn("user:other", 1);
    const listed = await sessions.list<{ device: number }>("user:many");
    expect(new Set(listed.map(({ data }) => data.device)).size).toBe(owned);
    await sessions.revoke("user:many", listed[500]!.handle);
    expect(await sessions.list("user:many")).toHaveLength(owned - 1);
    expect(await sessions.revokeAll("user:many")).toBe(owned - 1);
    expect(await sessions.list("user:many")).toEqual([]);
    expect(await sessions.list("user:other")).toHaveLength(1);
  },
  120_000,
);
