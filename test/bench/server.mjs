// One contestant as a process of its own: node server.mjs <module> [variant]. Says its port, and its CPU time when asked.
const [module, variant] = process.argv.slice(2);
const { start } = await import(`./servers/${module}.mjs`);
process.send({ port: await start(variant) });
process.on("message", () => process.send({ cpu: process.cpuUsage() }));
process.on("disconnect", () => process.exit());
