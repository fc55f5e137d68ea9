import { spawn } from "node:child_process";
import { join, relative } from "node:path";
import { compile } from "./compiled.ts";
import { root } from "./folder.ts";
import { afterEachTest, endedAfterFile } from "./per-file.ts";
import { readManifest } from "./sources.ts";
import { within } from "./within.ts";

/** How a program ended. */
export interface Ending {
  /** Exit code; `null` when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program that was started as a user starts it, and its output so far. */
export interface AppProcess {
  readonly output: { readonly stdout: string; readonly stderr: string };
  /** Resolves when it has ended and all its output has arrived. */
  readonly ended: Promise<Ending>;
  /**
   * Waits for the URL that it prints when it listens.
   *
   * @throws Error with all its output, when it ends without printing one.
   */
  url(): Promise<string>;
  /** Asks it to end, and waits until it has ended. Does nothing if it has ended already. */
  stop(signal?: NodeJS.Signals): Promise<Ending>;
}

/** Environment variables in addition to those of this process; `undefined` removes one. */
export type Environment = Readonly<Record<string, string | undefined>>;

const printedUrl = /\bhttps?:\/\/\S+/;

const running = endedAfterFile<AppProcess>((app) => app.stop("SIGKILL"));
/** All programs that a file has started, so that a test that fails can report their state. */
const started = endedAfterFile<{ readonly app: AppProcess; readonly state: () => string }>(() => undefined);

afterEachTest((failed) => {
  if (!failed) return;
  for (const { app, state } of started) console.error(`${state()} It said:\n${app.output.stdout}${app.output.stderr}`);
});

/** Ends what was started and still runs; for `afterAll` of the file. */
export async function stopApps(): Promise<void> {
  await Promise.all(Array.from(running, (app) => app.stop("SIGKILL")));
}

/**
 * Runs what `npm start` runs, but without npm, so that signals and exit codes are the program's own.
 *
 * @param folder - Where the package.json is; left out, the repository's own.
 */
export function startApp(environment: Environment = {}, folder = root): AppProcess {
  return start(startArguments(folder), environment, folder);
}

/**
 * Runs the same program, compiled once for many starts, which takes a fifth of the time. For tests that start a program again and
 * again: a test beside them starts it as a user does.
 */
export function startCompiled(environment: Environment = {}, folder = root): AppProcess {
  const main = startArguments(folder).at(-1)!;
  return start([compile(relative(root, join(folder, main)))], environment, folder);
}

function startArguments(folder: string): readonly string[] {
  const [node, ...args] = readManifest(folder).scripts?.["start"]?.split(" ") ?? [];
  if (node !== "node") throw new Error('The script "start" of package.json must be one call of node.');
  return args;
}

function start(args: readonly string[], environment: Environment, folder: string): AppProcess {
  const env = {
    ...process.env,
    NODE_OPTIONS: undefined,
    NODE_ENV: undefined,
    SECRET_KEY: undefined,
    DATA_PATH: undefined,
    HOST: undefined,
    PORT: "0",
    ...environment,
  };
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });

  const output = { stdout: "", stderr: "" };
  const heard = new EventTarget();
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
      heard.dispatchEvent(new Event("said"));
    });
  }
  const ended = new Promise<Ending>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      running.delete(app);
      resolve({ code, signal });
    });
  });

  const url = () =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const line = output.stdout.slice(0, output.stdout.lastIndexOf("\n") + 1);
        const found = printedUrl.exec(line);
        if (found !== null) resolve(found[0]);
      };
      heard.addEventListener("said", look);
      look();
      ended.then(({ code }) => reject(new Error(`It ended with code ${code} and said:\n${output.stdout}${output.stderr}`)), reject);
    });

  const app: AppProcess = {
    output,
    ended,
    url: () => within("the URL of a program that starts", url()),
    stop(signal = "SIGTERM") {
      child.kill(signal);
      return within(`the end of a program that was sent ${signal}`, ended);
    },
  };
  running.add(app);
  started.add({
    app,
    state: () => `The program ${child.pid} ${running.has(app) ? "runs" : `ended with ${child.exitCode ?? child.signalCode}`}.`,
  });
  return app;
}
