import { join } from "node:path";
import { expect, test } from "vitest";
import { Users } from "../../examples/express-shop/users.ts";
import { temporaryFolder } from "../support/folder.ts";

test("of the passwords that are hashed at once, two are under way, 20 wait, and others are refused with 503", async () => {
  const users = new Users(join(temporaryFolder(), "shop.db"));
  const checks = Array.from({ length: 22 }, (_, at) => users.check(`nobody${at}`, "a wrong password"));
  const busy = { status: 503, problem: "Too many people are logging in. Try again in a moment." };
  expect([await users.check("ada", "a wrong password"), await users.add("ada", "correct horse battery")]).toEqual([busy, busy]);
  expect((await Promise.all(checks)).map((refused) => "status" in refused && refused.status)).toEqual(checks.map(() => 403));
  users.close();
});
