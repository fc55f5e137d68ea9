/**
 * Writes a line to stdout. Resolves when the operating system has it, so that whoever reads it gets it even if this process is killed
 * next. While nobody reads, lines stay in the process as soon as the buffer of the operating system is full.
 */
export function say(line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(`${line}\n`, (error) => (error ? reject(error) : resolve()));
  });
}
