// What a contestant's process does: it prepares when it is asked to, and then measures a batch at each message.
/** Inputs of a batch. */
const least = 50;
const most = 10_000;

/** Where results go, so that no compiler leaves out the work. */
const kept = { result: undefined };

function run(call, inputs) {
  for (const input of inputs) kept.result = call(input);
}

/** Nanoseconds for each of the inputs. */
function time(call, inputs) {
  // Twice, so that the inputs are old and nothing is moved for them while the clock runs.
  globalThis.gc({ type: "minor" });
  globalThis.gc({ type: "minor" });
  const start = process.hrtime.bigint();
  run(call, inputs);
  return Number(process.hrtime.bigint() - start) / inputs.length;
}

/** Bytes on the heap, without garbage; some of it, such as the compiler's caches, only goes after a few collections. */
export function heapUsed() {
  let used = Infinity;
  for (let i = 0; i < 8; i++) {
    globalThis.gc();
    const { heapUsed: now } = process.memoryUsage();
    if (now > used * 0.999) return Math.min(now, used);
    used = now;
  }
  return used;
}

/** What a contestant could not do; the reason is printed below the table. */
export class Unable extends Error {}

/**
 * Answers the benchmark's messages until it disconnects.
 *
 * @param prepare - Given the first message, `{ call(kind), inputs(kind, count, seed), report }`.
 */
export function answer(prepare) {
  let prepared;
  let counts;
  process.on("disconnect", () => process.exit());
  process.on("message", (message) => {
    reply(message).then(
      (value) => process.send(value),
      (error) => process.send(error instanceof Unable ? { unable: error.message } : { error: error.stack }),
    );
  });

  async function reply(message) {
    if (message.round !== undefined) {
      const { kind, seed } = message.round;
      return { ns: time(prepared.call(kind), prepared.inputs(kind, counts.get(kind), seed)) };
    }
    prepared = await prepare(message);
    // What all kinds have in common is compiled with the first, so it takes longest.
    warmUp(prepared, message.kinds[0], { ...message, milliseconds: message.milliseconds * 10 });
    counts = new Map(message.kinds.map((kind) => [kind, warmUp(prepared, kind, message)]));
    return { report: prepared.report };
  }
}

/** Runs until the compiler has nothing left to do, and gives how many inputs a batch has. */
function warmUp({ call, inputs }, kind, { milliseconds, seconds, kinds, rounds }) {
  const few = time(call(kind), inputs(kind, 10, 1));
  const whole = (few * least * kinds.length * rounds) / 1e9;
  if (few > 50_000 && whole > seconds)
    throw new Unable(`its rounds would take about ${Math.round(whole)} s, at ${Math.round(few / 1000)} us each`);
  const started = performance.now();
  let ns = few;
  for (let count = least, seed = 2; performance.now() - started < milliseconds * 8; seed++) {
    ns = time(call(kind), inputs(kind, count, seed));
    count = Math.min(most, count * 2);
  }
  return Math.round(Math.max(least, Math.min(most, (milliseconds * 1e6) / ns)));
}
