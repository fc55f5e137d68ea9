// Contestants, each in a process of its own so that no compiler learns from another's work, measure in turns.
import { endChild, startChild } from "../measure/children.mjs";

/** A contestant's process. */
class Contestant {
  #child;

  constructor(module, name, node) {
    this.name = name;
    this.#child = startChild(module, [name], { node, execArgv: ["--expose-gc"] });
  }

  /** Its answer to a message; `{ unable }` where it ends or takes too long, and then it is ended. */
  async ask(message, seconds) {
    const child = this.#child;
    const answer = await new Promise((resolve) => {
      const timer = setTimeout(() => settle({ unable: `it takes more than ${seconds} s` }), seconds * 1000);
      const settle = (value) => {
        clearTimeout(timer);
        child.off("message", settle).off("exit", ended).off("error", failed);
        resolve(value);
      };
      const ended = (code, signal) => settle({ unable: `its process ended with ${signal ?? code}` });
      const failed = (error) => settle({ error: error.stack });
      child.once("message", settle).once("exit", ended).once("error", failed);
      child.send(message);
    });
    if (answer.error !== undefined) throw new Error(`${this.name}: ${answer.error}`);
    if (answer.unable !== undefined) await this.end();
    return answer;
  }

  /** It may be in the midst of something. */
  end() {
    this.#child.kill("SIGKILL");
    return endChild(this.#child);
  }
}

/**
 * Lets contestants prepare one after the other, then measure: at each round and for each kind all of them, in rotated
 * order, with the same inputs.
 *
 * @param module - URL of what their processes run.
 * @param plan - `kinds`, `rounds`, `milliseconds` for a batch, `seconds` after which one is left out, and what else the
 *   processes need.
 * @param progress - What is told of each step.
 * @returns For each name `{ unable }`, or `{ report, ns }` with a list for each kind, a figure a round.
 */
export async function compete(module, names, plan, { title, progress, node }) {
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
      progress.say(`${title}: preparing ${name}`);
      const contestant = new Contestant(module, name, node?.path);
      all.push(contestant);
      const { unable, report } = await contestant.ask(plan, seconds);
      results[name] = unable === undefined ? { report, ns: Object.fromEntries(kinds.map((kind) => [kind, []])) } : { unable };
    }
    const able = all.filter(({ name }) => results[name].unable === undefined);
    for (let round = 0; round < rounds; round++) {
      for (const kind of kinds) {
        for (const i of able.keys()) {
          const contestant = able[(i + round) % able.length];
          progress.say(`${title}: round ${round + 1} of ${rounds}, ${kind}, ${contestant.name}`);
          const { ns, unable } = await contestant.ask({ round: { kind, seed: 1000 + round } }, seconds);
          if (unable !== undefined) throw new Error(`${contestant.name}: ${unable}`);
          results[contestant.name].ns[kind].push(ns);
        }
      }
    }
  } finally {
    await Promise.all(all.map((contestant) => contestant.end()));
  }
  return results;
}
