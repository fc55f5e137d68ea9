import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { SessionBackend } from "@mini/session";
import { testSessionBackend } from "@mini/session/testing";
import { readExamples } from "../support/examples.ts";
import { root, temporaryFolder } from "../support/folder.ts";

// The backend that "Writing a backend" shows, as it stands there.
const example = readExamples(join(root, "packages/session/docs/writing-a-backend.md")).find(({ file }) => file === "map-backend.ts");
const folder = temporaryFolder({ "map-backend.ts": example?.code ?? "" });

async function open() {
  const { MapBackend } = (await import(join(folder, "map-backend.ts"))) as {
    MapBackend: new (options: { readonly now: () => number }) => SessionBackend;
  };
  let time = Date.now();
  const now = () => time;
  return { backend: new MapBackend({ now }), now, advance: (seconds: number) => void (time += seconds * 1000) };
}

test("the page about backends shows one", () => {
  expect(example?.code).toContain("export class MapBackend implements SessionBackend");
});

testSessionBackend("the backend of the documentation", open, { describe, test });
