// A folder for the files of one server, for as long as its process runs.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export function ownFolder() {
  const folder = mkdtempSync(join(tmpdir(), "mini-bench-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
