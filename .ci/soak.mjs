// Sends every kind of request to one server for ten minutes. Sessions are also in Postgres and Redis, if the machine has them. Prints a line from time to time, and a verdict at the end. Ends with
// code 1 if a request failed or memory grew.
//
//   npm run soak -- [--seconds 600] [--plot memory.svg]
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { seconds: { type: "string", default: "600" }, plot: { type: "string" } } });
if (!/^[1-9]\d{0,5}$/.test(values.seconds)) {
  console.error("--seconds takes a whole number from 1 on.");
  process.exit(2);
}
const root = fileURLToPath(new URL("..", import.meta.url));
const plot = values.plot === undefined ? [] : [resolve(process.env.INIT_CWD ?? process.cwd(), values.plot)];
const args = ["--import", "tsx", "test/soak/main.ts", values.seconds, ...plot];
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
process.exitCode = status ?? 1;
