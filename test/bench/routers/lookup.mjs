// One router in a process of its own; its name is the argument.
import { isDeepStrictEqual } from "node:util";
import { contestants } from "./contestants.mjs";
import { answer, heapUsed, Unable } from "./measure.mjs";
import { makeRules, Paths } from "./rules.mjs";

const name = process.argv[2];

answer(async ({ size, overlaps }) => {
  const { build, read } = await contestants[name]();
  const rules = makeRules(size, { overlaps });
  const paths = new Paths(rules);
  const [first] = paths.batch("hit", 1, 0);
  const make = (from) => {
    try {
      const find = build(from);
      // Some only build at the first lookup.
      find(first);
      return find;
    } catch (error) {
      throw new Unable(`it cannot take the rules: ${shortened(error.message)}`);
    }
  };
  const before = heapUsed();
  const start = performance.now();
  const find = make(rules);
  const milliseconds = performance.now() - start;
  const added = heapUsed() - before;
  // The first build also leaves compiled code, which counts for more than a few rules do.
  const bytes = size > 1000 ? added : heapOf(make, makeRules(size, { overlaps, seed: 1 }));
  check(find, read, paths);
  return {
    call: () => find,
    inputs: (kind, count, seed) => paths.batch(kind, count, seed),
    report: { milliseconds, bytes: bytes / size },
  };
});

function heapOf(make, rules) {
  const before = heapUsed();
  const made = [make(rules)];
  const after = heapUsed();
  // Still there, and so not collected while it was weighed.
  made.pop();
  return after - before;
}

/** A message that has the rules in it, without them. */
const shortened = (message) => (message.length < 120 ? message : `${message.slice(0, 60)} ... ${message.slice(-50)}`);

/** @throws Error for a path for which it does not find the right rule with the right parameters. */
function check(find, read, paths) {
  const started = performance.now();
  for (const [i, { path, rule, params }] of paths.sample(200, 1).entries()) {
    // A slow one is left out later; until then a few will do.
    if (i >= 20 && performance.now() - started > 1000) return;
    const found = read(find(path));
    if (found?.rule !== rule || (rule !== undefined && !isDeepStrictEqual(found.params, params))) {
      const wanted = rule === undefined ? "nothing" : `${rule.path} ${JSON.stringify(params)}`;
      throw new Error(`For ${path} it finds ${found?.rule.path} ${JSON.stringify(found?.params)}, and not ${wanted}`);
    }
  }
}
