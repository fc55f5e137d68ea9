// One contestant as a process of its own: node contestant.mjs <URL of a module> [arguments of its start() ...]
//
// start() gives or resolves to the port it listens on, on 127.0.0.1. The process says that port; then, when it is asked for
// "cpu", the CPU time it has used, and for "heap", with --expose-gc, the bytes on its heap.
const [module, ...args] = process.argv.slice(2);

const answers = {
  cpu: () => ({ cpu: process.cpuUsage() }),
  heap() {
    for (let i = 0; i < 4; i++) globalThis.gc();
    return { bytes: process.memoryUsage().heapUsed };
  },
};

/** Ends where nobody listens any more. */
const say = (message) => process.send(message, (error) => error !== null && process.exit(1));

process.on("disconnect", () => process.exit());
process.on("message", (message) => say(answers[message]()));
try {
  const { start } = await import(module);
  say({ port: await start(...args) });
} catch (error) {
  say({ error: error.stack });
}
