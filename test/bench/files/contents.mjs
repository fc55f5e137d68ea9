// The files that every server sends, in a folder of the machine's temporary ones.
import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const folder = join(tmpdir(), "mini-bench-files");

const rule = ".card { display: grid; gap: 1rem; padding: 0.5rem 1rem; border-radius: 4px; }\n";

/** CSS by the name of its file. */
export const contents = {
  "small.css": rule.repeat(20).slice(0, 1024),
  "large.css": rule.repeat(2000).slice(0, 100 * 1024),
};

export function writeContents() {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(contents)) writeFileSync(join(folder, name), text);
}
