import { describe, expect, test } from "vitest";
import { fewer } from "../support/long-run.ts";
import { fuzzCookies } from "./cookies.ts";
import { fuzzFrames } from "./frames.ts";
import { fuzzPaths } from "./paths.ts";
import { FindingError } from "./random.ts";
import { fuzzRequests } from "./requests.ts";

// What these look for, they throw. What they must have met, for they would find nothing else, stands here.
describe("generated inputs", () => {
  test("cookies give no session, or the session that they were made for", async () => {
    const tally = await fuzzCookies({ count: 6000 / fewer, seed: 5 });
    const expected = ["signed", "encrypted"].flatMap((kind) =>
      ["session", "campaign"].flatMap((name) => ["nobody", "genuine"].map((who) => `${kind} ${name}: ${who}`)),
    );
    expect([...tally.keys()].toSorted()).toEqual([...expected, "header: cookies", "header: no cookie"].toSorted());
  });

  test("paths give no 5xx and no redirect to another site", async () => {
    const tally = await fuzzPaths({ count: 6000 / fewer, seed: 5 });
    expect([...tally.keys()].toSorted()).toEqual(["200", "204", "308", "400", "404", "405", "501"]);
  });

  test("requests on a socket are answered or closed, and the next one is answered", async () => {
    const tally = await fuzzRequests({ count: 2000 / fewer, seed: 5 });
    expect([...tally.keys()]).toEqual(expect.arrayContaining(["100", "200", "400", "404", "501", "505", "given up"]));
  });

  test("frames over HTTP/2 are answered or end the connection, and the server goes on", async () => {
    const tally = await fuzzFrames({ count: 256 / fewer, seed: 5 });
    expect([...tally.keys()]).toEqual(expect.arrayContaining(["data", "headers", "reset", "goAway", "settings"]));
  });
});

test("a finding contains its input", () => {
  expect(new FindingError("The answer is 500", "GET /\0").message).toBe('The answer is 500, for the input "GET /\\u0000"');
});
