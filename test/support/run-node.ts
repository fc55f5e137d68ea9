import { execFile } from "node:child_process";

/** How a program ended. */
export interface Outcome {
  /** Exit code; -1 when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunNodeOptions {
  /** Folder to run in. */
  readonly cwd: string;
  /** Set over this process's environment; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Another program that is run instead of this Node. */
  readonly program?: string | undefined;
}

/** Runs this Node with the arguments given, and without the options that the test runner was started with. */
export function runNode(args: readonly string[], { cwd, env = {}, program = process.execPath }: RunNodeOptions): Promise<Outcome> {
  const environment = { ...process.env, NODE_OPTIONS: undefined, NODE_ENV: undefined, ...env };
  return new Promise((resolve) => {
    execFile(program, [...args], { cwd, env: environment, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });
}
