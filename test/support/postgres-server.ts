import { execFile, execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { pause } from "./pause.ts";

const run = promisify(execFile);

/** A Postgres with its own folder, which exists while the tests run. */
export interface PostgresServer {
  /** Its URL, with a socket in its folder: a port could be in use. */
  readonly url: string;
  /** Starts it; resolves when it accepts connections. */
  readonly start: () => Promise<void>;
  /** Ends it. `"SIGINT"` cancels queries under way, `"SIGQUIT"` is like a power failure. */
  readonly stop: (signal?: "SIGINT" | "SIGQUIT") => Promise<void>;
  /** Pauses it. Returns what lets it continue. */
  readonly pause: () => Promise<() => void>;
  /** Makes it read-only from its next start, like a standby that has lost its primary. */
  readonly standBy: () => void;
  /** Ends it if it is running, and removes its folder. */
  readonly remove: () => Promise<void>;
}

/**
 * Makes a Postgres that does not run yet.
 *
 * @param programs - The result of `findPostgres`.
 * @param settings - More settings of its configuration. By default, a confirmed change is on the disk.
 */
export async function makePostgres(programs: string, settings: Readonly<Record<string, string>> = {}): Promise<PostgresServer> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "mini-pg-")));
  const user = unprivilegedUser();
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const data = join(folder, "data");
  const env = { ...process.env, LC_ALL: "C", TZ: "UTC" };
  const options = { cwd: folder, env, ...user };
  await run(join(programs, "initdb"), ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"], options);

  const all = { listen_addresses: "", unix_socket_directories: folder, ...settings };
  const args = ["-D", data, ...Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`])];
  let child: ChildProcess | undefined;
  let goOn = () => {};

  async function start(): Promise<void> {
    if (child !== undefined) throw new Error("This Postgres runs already.");
    const started = spawn(join(programs, "postgres"), args, { ...options, stdio: ["ignore", "ignore", "pipe"] });
    const said: string[] = [];
    child = started;
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: started.stderr! }).on("line", (line) => {
        said.push(line);
        if (/ready to accept (?:read-only )?connections/.test(line)) resolve();
      });
      started.once("error", reject);
      started.once("exit", () => reject(new Error(`Postgres did not start:\n${said.join("\n")}`)));
    });
  }

  async function stop(signal: "SIGINT" | "SIGQUIT" = "SIGINT"): Promise<void> {
    const running = child;
    child = undefined;
    goOn();
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const ended = once(running, "exit");
    running.kill(signal);
    await ended;
  }

  async function pauseAll(): Promise<() => void> {
    const parent = child!.pid!;
    // It stops first and continues last: in between no process is started, and one that ends keeps its pid.
    const continueParent = (goOn = await pause([parent]));
    const { stdout } = await run("ps", ["-o", "pid=", "--ppid", String(parent)]);
    const continueChildren = await pause((stdout.match(/\d+/g) ?? []).map(Number));
    goOn = () => {
      continueChildren();
      continueParent();
    };
    return goOn;
  }

  return {
    url: `postgresql://postgres@localhost/postgres?host=${encodeURIComponent(folder)}`,
    start,
    stop,
    pause: pauseAll,
    standBy: () => writeFileSync(join(data, "standby.signal"), ""),
    async remove() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The user that it runs as, because it refuses to run as root. */
function unprivilegedUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (...args: readonly string[]) => Number(execFileSync("id", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  for (const name of ["postgres", "nobody"]) {
    try {
      return { uid: id("-u", name), gid: id("-g", name) };
    } catch (error) {
      if (!(error instanceof Error && "status" in error)) throw error;
    }
  }
  throw new Error("Postgres does not run as root, and this machine has no user to run it as: neither postgres nor nobody.");
}
