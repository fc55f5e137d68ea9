// Rounds in which all take a turn, each time in another order.

/** A list for each name, a figure a round. */
export async function takeTurns(title, names, rounds, measure) {
  const figures = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const i of names.keys()) {
      const name = names[(i + round) % names.length];
      progress(`${title}: round ${round + 1} of ${rounds}, ${name}`);
      figures[name].push(await measure(name));
    }
  }
  progress("");
  return figures;
}

/** Launches, warms up, takes turns, and ends all of them whatever happens. */
export async function takeTurnsWith({ title, names, rounds, launch, warmUp, measure }) {
  const all = new Map();
  try {
    for (const name of names) {
      progress(`${title}: launching ${name}`);
      all.set(name, await launch(name));
    }
    for (const [name, each] of all) {
      progress(`${title}: warming up ${name}`);
      await warmUp(each);
    }
    return await takeTurns(title, names, rounds, (name) => measure(all.get(name)));
  } finally {
    progress("");
    for (const each of all.values()) each.end();
  }
}

/** Writes over the line before it. */
function progress(text) {
  process.stderr.write(`\r${text.padEnd(78)}${text === "" ? "\r" : ""}`);
}
