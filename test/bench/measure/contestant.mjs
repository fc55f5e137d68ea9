// One contestant as a process of its own: node contestant.mjs <URL of a module> [arguments of its start() ...]
//
// start() gives or resolves to the port it listens on, on 127.0.0.1. The process says that port; then, when it is asked for
// "cpu", the CPU time it has used, and for "heap", with --expose-gc, the bytes on its heap. A module that starts processes
// exports `cpu` as well, which resolves to the time of all. A module that sends without being asked by a client exports `send`,
// which resolves when it has sent; it is called for a message with an object, and given that.
const [module, ...args] = process.argv.slice(2);

/** What the module exports. */
let contestant = {};

const answers = {
  async cpu() {
    const { cpu = () => process.cpuUsage() } = contestant;
    return { cpu: await cpu() };
  },
  heap() {
    for (let i = 0; i < 4; i++) globalThis.gc();
    return { bytes: process.memoryUsage().heapUsed };
  },
  async send(what) {
    await contestant.send(what);
    return {};
  },
};

/** Ends where nobody listens any more. */
const say = (message) => process.send(message, (error) => error !== null && process.exit(1));

async function sayWhat(answer) {
  try {
    say(await answer());
  } catch (error) {
    say({ error: error.stack });
  }
}

process.on("disconnect", () => process.exit());
process.on("message", (message) => void sayWhat(typeof message === "string" ? answers[message] : () => answers.send(message)));
await sayWhat(async () => {
  contestant = await import(module);
  return { port: await contestant.start(...args) };
});
