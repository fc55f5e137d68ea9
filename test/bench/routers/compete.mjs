// Contestants, each in a process of its own so that no compiler learns from another's work, measure in turns.
import { fork } from "node:child_process";

/** A contestant's process. */
class Contestant {
  #child;

  constructor(module, name) {
    this.name = name;
    this.#child = fork(module, [name], { execArgv: ["--expose-gc"], env: { ...process.env, NODE_ENV: "production" } });
  }

  /** Its answer to a message; `{ unable }` where it ends or takes too long, and then it is ended. */
  async ask(message, seconds) {
    const child = this.#child;
    const answer = await new Promise((resolve) => {
      const timer = setTimeout(() => settle({ unable: `it takes more than ${seconds} s` }), seconds * 1000);
      const settle = (value) => {
        clearTimeout(timer);
        child.removeAllListeners();
        resolve(value);
      };
      child.once("message", settle);
      child.once("exit", (code, signal) => settle({ unable: `its process ended with ${signal ?? code}` }));
      child.once("error", (error) => settle({ error: error.stack }));
      child.send(message);
    });
    if (answer.error !== undefined) throw new Error(`${this.name}: ${answer.error}`);
    if (answer.unable !== undefined) this.end();
    return answer;
  }

  end() {
    this.#child.kill("SIGKILL");
  }
}

/**
 * Lets contestants prepare one after the other, then measure: at each round and for each kind all of them, in rotated
 * order, with the same inputs.
 *
 * @param module - URL of what their processes run.
 * @param plan - `kinds`, `rounds`, `milliseconds` for a batch, `seconds` after which one is left out, and what else the
 *   processes need.
 * @returns For each name `{ unable }`, or `{ report, ns }` with a list for each kind, a figure a round.
 */
export async function compete(module, names, plan, title) {
  const { kinds, rounds, seconds } = plan;
  const all = [];
  const results = {};
  try {
    for (const name of names) {
      const first = results[name.replace(/ again$/, "")];
      if (first?.unable !== undefined) {
        results[name] = first;
        continue;
      }
      progress(`${title}: preparing ${name}`);
      const contestant = new Contestant(module, name);
      all.push(contestant);
      const { unable, report } = await contestant.ask(plan, seconds);
      results[name] = unable === undefined ? { report, ns: Object.fromEntries(kinds.map((kind) => [kind, []])) } : { unable };
    }
    const able = all.filter(({ name }) => results[name].unable === undefined);
    for (let round = 0; round < rounds; round++) {
      for (const kind of kinds) {
        for (const i of able.keys()) {
          const contestant = able[(i + round) % able.length];
          progress(`${title}: round ${round + 1} of ${rounds}, ${kind}, ${contestant.name}`);
          const { ns, unable } = await contestant.ask({ round: { kind, seed: 1000 + round } }, seconds);
          if (unable !== undefined) throw new Error(`${contestant.name}: ${unable}`);
          results[contestant.name].ns[kind].push(ns);
        }
      }
    }
  } finally {
    for (const contestant of all) contestant.end();
    progress("");
  }
  return results;
}

/** Writes over the line before it. */
function progress(text) {
  process.stderr.write(`\r${text.padEnd(78)}${text === "" ? "\r" : ""}`);
}
