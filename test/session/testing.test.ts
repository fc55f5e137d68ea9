import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { testSessionBackend } from "@mini/session/testing";
import type { SessionBackend } from "@mini/session";
import { beforeAll, describe, expect, test } from "vitest";
import { root, temporaryFolder } from "../support/folder.ts";
import { runNode } from "../support/run-node.ts";
import * as wrong from "../support/wrong-backends.ts";
import * as wrongLists from "../support/wrong-lists.ts";

const backends = { ...wrong, ...wrongLists };

interface Result {
  readonly title: string;
  readonly error: unknown;
}

/** Runs the contract's tests as a runner would, one after the other, and gives what came of each. */
async function run(make: (now: () => number) => SessionBackend): Promise<readonly Result[]> {
  const tests: (readonly [title: string, body: () => Promise<void>])[] = [];
  testSessionBackend("It", open, {
    describe: (_title, body) => body(),
    test: (title, body) => tests.push([title, body]),
  });
  const results: Result[] = [];
  for (const [title, body] of tests) {
    const error: unknown = await body().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    results.push({ title, error });
  }
  return results;

  function open() {
    let time = 1_000_000_000_000;
    const now = () => time;
    return { backend: make(now), now, advance: (seconds: number) => void (time += seconds * 1000) };
  }
}

const failures = (results: readonly Result[]) => results.filter(({ error }) => error !== undefined);

/** What is wrong, and the tests that have to find it; others may as well. */
const faults: readonly (readonly [backend: keyof typeof backends, titles: readonly string[]])[] = [
  ["SwapUpserts", ["neither swap nor touch brings back a record that take removed", "swap and take at once: the record stays gone"]],
  ["SwapIsBlind", ["swap with an older version changes nothing", "of 20 swaps with one version exactly one succeeds", "50 increments"]],
  ["SwapIsNotAtomic", ["of 20 swaps with one version exactly one succeeds", "50 increments", "swap and take at once"]],
  ["SwapGivesStaleCurrent", ["swap with an older version changes nothing and returns the newest record"]],
  ["CreateIsNotAtomic", ["of 20 creates under one key exactly one succeeds"]],
  ["CreateReplaces", ["create under a key that exists returns undefined", "of 20 creates under one key"]],
  ["VersionsRepeat", ["every swap returns a version that no write has had before"]],
  ["IdleIsForgotten", ["a record ends at its idleAt, not earlier", "after its idleAt a record cannot be taken"]],
  ["LifeIsForgotten", ["a record ends at its expiresAt, not earlier", "after a touch a record still ends at its expiresAt"]],
  ["EndIsASecondLate", ["ends at its idleAt", "ends at its expiresAt", "after a touch a record lives until its new idleAt"]],
  ["OnlyReadKnowsTheEnd", ["after its idleAt a record is gone for swap, touch and take", "after its expiresAt a record cannot be taken"]],
  ["ExpiredKeepsItsKey", ["after its idleAt its key can be used by create", "after its expiresAt its key can be used by create"]],
  ["BytesAreShared", ["changing an array that was passed in", "changing an array that was read"]],
  ["BytesAreText", ["by create and by swap: all 256 bytes", "by create and by swap: bytes that are not text"]],
  ["ViewsAreNotSeen", ["only the bytes of a view into a larger array are kept"]],
  ["TakeLeavesTheRecord", ["take returns the record and removes it", "neither swap nor touch brings back", "of several takes at once"]],
  ["TakeIsNotAtomic", ["of several takes at once exactly one gets the record", "swap and take at once"]],
  ["TouchGoesBack", ["touch never moves idleAt back", "of 20 touches at once the latest idleAt is kept"]],
  ["TouchIsReadAndSet", ["touch and take at once: the record stays gone", "touch and swap at once: the record of swap stays"]],
  ["TouchCreates", ["an unknown key has no record", "neither swap nor touch brings back a record that take removed"]],
  ["TouchGivesAVersion", ["touch only moves idleAt forward", "a swap succeeds after a touch, which does not change the version"]],
  ["TouchMovesTheEnd", ["after a touch a record still ends at its expiresAt"]],
  ["PruneTakesAll", ["prune, if it exists, removes only expired records"]],
  ["PruneKnowsNoLimit", ["prune, if it exists, removes only expired records"]],
  ["PruneGoesByTheFirstTimes", ["prune, if it exists, uses the newest times"]],
  ["AllGivesTheExpired", ["all, if it exists, yields every live record"]],
  ["AllGivesOnePage", ["all, if it exists, yields every live record"]],
  ["AllGivesNamesOfTheStorage", ["all, if it exists, yields every live record"]],
  ["AllGivesTheFirstData", ["all, if it exists, yields every live record"]],
  ["AllGivesOtherVersions", ["all, if it exists, yields every live record"]],
  ["AllForgetsTouches", ["all, if it exists, yields every live record"]],
  ["AllKeepsItsLock", ["the iteration of all can be stopped early"]],
  ["CountCountsTheExpired", ["and count, if it exists, their number"]],
  ["CountForgetsTakes", ["and count, if it exists, their number"]],
  ["CountCountsOnePage", ["and count, if it exists, their number"]],
  ["OwnersArePrefixes", ["20 bumps at once add 20", "any text can be an owner, and no two texts are the same owner"]],
];

describe("the tests of the contract", () => {
  test("find nothing in a correct backend, with and without its optional parts", async () => {
    expect(failures(await run((now) => new backends.PlainBackend(now)))).toEqual([]);
    const least = (now: () => number) =>
      Object.assign(new backends.PlainBackend(now), { prune: undefined, all: undefined, count: undefined });
    expect(failures(await run(least as (now: () => number) => SessionBackend))).toEqual([]);
  });

  test("have different titles", async () => {
    const titles = (await run((now) => new backends.PlainBackend(now))).map(({ title }) => title);
    expect(titles.length).toBeGreaterThan(45);
    expect(new Set(titles).size).toBe(titles.length);
  });

  test.each(faults)("find %s", async (name, titles) => {
    const found = failures(await run((now) => new backends[name](now)));
    expect(found.filter(({ error }) => !(error instanceof Error && error.name === "AssertionError"))).toEqual([]);
    const foundTitles = found.map(({ title }) => title);
    expect(
      titles.filter((title) => !foundTitles.some((one) => one.includes(title))),
      foundTitles.join("\n"),
    ).toEqual([]);
  });

  test("are tried with every wrong backend", () => {
    expect(["PlainBackend", ...faults.map(([name]) => name)].toSorted()).toEqual(Object.keys(backends).toSorted());
  });

  test("close every backend that was opened, also after a test that fails", async () => {
    const open = { count: 0, closed: 0 };
    const bodies: (() => Promise<void>)[] = [];
    testSessionBackend(
      "It",
      () => {
        open.count++;
        return { backend: new backends.CreateReplaces(Date.now), now: Date.now, advance: () => {}, close: () => void open.closed++ };
      },
      { describe: (_title, body) => body(), test: (_title, body) => bodies.push(body) },
    );
    const results = await Promise.allSettled(bodies.map((body) => body()));
    expect(results.some(({ status }) => status === "rejected")).toBe(true);
    expect(open).toEqual({ count: bodies.length, closed: bodies.length });
  });
});

describe("under node:test", () => {
  const program = (backend: string) => `
    import { describe, test } from "node:test";
    import { testSessionBackend } from "@mini/session/testing";
    import * as backends from ${JSON.stringify(join(root, "test/support/wrong-backends.ts"))};
    let time = Date.now();
    const now = () => time;
    const advance = (seconds) => void (time += seconds * 1000);
    testSessionBackend("It", () => ({ backend: new backends.${backend}(now), now, advance }), { describe, test });
  `;
  const outputs = new Map<string, string>();
  beforeAll(async () => {
    for (const backend of ["PlainBackend", "TakeLeavesTheRecord"]) {
      const folder = temporaryFolder({ "backend.test.mjs": program(backend) });
      symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction");
      const options = ["--import", "tsx", "--test-reporter=tap", "--test"];
      const { code, stdout } = await runNode([...options, join(folder, "backend.test.mjs")], { cwd: root });
      outputs.set(backend, `code ${code}\n${stdout}`);
    }
  });

  test("a correct backend passes", () => {
    expect(outputs.get("PlainBackend")).toMatch(/^code 0\n/);
    expect(outputs.get("PlainBackend")).toMatch(/^# pass 5\d$/m);
    expect(outputs.get("PlainBackend")).toMatch(/^# fail 0$/m);
  });

  test("a wrong one fails, and the output names the broken promise", () => {
    expect(outputs.get("TakeLeavesTheRecord")).toMatch(/^code 1\n/);
    expect(outputs.get("TakeLeavesTheRecord")).toMatch(/^ *not ok \d+ - take returns the record and removes it$/m);
    expect(outputs.get("TakeLeavesTheRecord")).toMatch(/^ *ok \d+ - create stores the record and returns its version$/m);
  });
});
