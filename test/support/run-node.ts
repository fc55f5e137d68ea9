import { execFile } from "node:child_process";

/** The result of a program. */
export interface Outcome {
  /** Exit code; -1 when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunNodeOptions {
  /** The folder in which it runs. */
  readonly cwd: string;
  /** Variables to add to the environment of this process; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Another program to run, instead of this Node. */
  readonly program?: string | undefined;
}

/** Runs this Node with these arguments, and without the options of the test runner. */
export function runNode(args: readonly string[], { cwd, env = {}, program = process.execPath }: RunNodeOptions): Promise<Outcome> {
  const environment = { ...process.env, NODE_OPTIONS: undefined, NODE_ENV: undefined, ...env };
  return new Promise((resolve) => {
    execFile(program, [...args], { cwd, env: environment, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });
}
