import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

const imported = /^(?:import|export)\b(?! type\b)[^;]*?\bfrom "(\.[^"]+\.ts)";$/gm;
/** Code that calls a hook or starts something when its module is loaded. That belongs to the first test file that loads it. */
const startsAtOnce = /^(?:afterAll|afterEach|beforeAll|beforeEach)\(|^(?:export )?const \w+ = (?:[^=\n]*: )?(?:await |temporaryFolder\()/m;

/** What starts programs. Such tests take long: files that share a process wait for one another, and a long one would hold up the rest. */
const startsPrograms = join(root, "test/support/run-node.ts");

/**
 * Test files that need their own process, as paths from the root. They import something from test/support that is started when it
 * is loaded, and ended with the file's tests, or they start programs. All other files share processes, which saves loading
 * everything again.
 *
 * @param folders - Where to look: `"test/core"`.
 */
export function filesAlone(folders: readonly string[]): readonly string[] {
  const known = new Map<string, boolean>();
  const isAlone = (file: string): boolean => {
    const before = known.get(file);
    if (before !== undefined) return before;
    known.set(file, false);
    const text = readFileSync(file, "utf8");
    const isSupport = file.startsWith(join(root, "test/support"));
    const found =
      file === startsPrograms ||
      (isSupport && startsAtOnce.test(text)) ||
      Array.from(text.matchAll(imported), ([, path = ""]) => join(dirname(file), path)).some((path) => isAlone(path));
    known.set(file, found);
    return found;
  };
  return folders
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => `${folder}/${name}`))
    .filter((path) => path.endsWith(".test.ts") && isAlone(join(root, path)));
}
